"""`check_ledger` names what a superuser did to the books past every trigger, and finds nothing otherwise."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from marketplace.core.canonical import canonical
from marketplace.core.money import minor_to_micro
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period, compute_split
from payouts.core.proofs import leaf_hash, root_of
from payouts.documents import document_of, documents
from payouts.gateway import StripeGateway
from payouts.integrity import findings
from payouts.integrity_queries import QUERIES
from payouts.models import Earning, Entry, Payout, Period, Posting, Statement
from payouts.revenue import revenue_of
from payouts.reversing import reverse_payout
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_next_payouts
from payouts.splitting import weights_sha256
from tests.builders import CLOSED_AT, OCTOBER, make_attributed_downloads, make_closed_month
from tests.payouts.paying import AT, NOVEMBER, make_available, onboard
from tests.payouts.tampering import TAMPERED, unexpected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, gateway: StripeGateway) -> None:
    """October closed and paid out to Ana and Ben."""
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)
    for contributor in (ana, ben):
        onboard(contributor, gateway)
    make_available(gateway, 2_000)
    run = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
    send_next_payouts(run.pk, gateway, AT)


def found() -> list[str]:
    return [f"{finding.check}: {finding.sentence}" for finding in findings()]


def test_books_that_nobody_tampered_with_are_right(books: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_ledger")
    assert capsys.readouterr().out == "The books are right: nothing was found.\n"


def test_the_next_month_is_right_too(books: None, ana: Contributor, fay: User, finn: User) -> None:
    book_downloads(NOVEMBER.end_at)
    close_period(NOVEMBER, fay, NOVEMBER.end_at)
    approve_close(NOVEMBER, finn, NOVEMBER.end_at)
    assert found() == []


def test_a_closed_month_replays_to_the_same_money_and_the_same_bytes(books: None) -> None:
    """Computed again from downloads and lists: every earning, the weights' hash, every statement and the root."""
    period = Period.objects.get(month_on=OCTOBER.start_at.date())
    with transaction.atomic(), connection.cursor() as cursor:
        done = compute_split(OCTOBER, period, revenue_of(period), CLOSED_AT)
        assert (done.total_micro, done.common_fund_micro) == (period.pool_micro, period.common_fund_micro)
        assert weights_sha256() == period.weights_sha256
        cursor.execute("SELECT contributor_id, kind, amount_micro FROM split_part ORDER BY 1, 2")
        replayed = cursor.fetchall()
        transaction.set_rollback(True)
    earned = Earning.objects.filter(period=period).order_by("contributor_id", "kind")
    assert replayed == list(earned.values_list("contributor_id", "kind", "amount_micro")) != []
    statements = list(period.statements.order_by("contributor_id"))
    told = documents(period, [(statement, len(statements)) for statement in statements])
    leaves = [leaf_hash(canonical(document)) for _, document in told]
    assert [leaf.hex() for leaf in leaves] == [statement.leaf_sha256 for statement in statements]
    assert root_of(leaves).hex() == period.statement_root.root_sha256


def test_they_are_right_after_a_transfer_came_back_which_the_next_statement_shows_as_paid_and_back(
    books: None, ana: Contributor, fay: User, finn: User, gateway: StripeGateway
) -> None:
    payout = Payout.objects.get(contributor=ana)
    reverse_payout(payout.pk, gateway, AT + timedelta(days=1))
    assert found() == []
    book_downloads(NOVEMBER.end_at)
    close_period(NOVEMBER, fay, NOVEMBER.end_at)
    approve_close(NOVEMBER, finn, NOVEMBER.end_at)
    assert found() == []
    document = document_of(Statement.objects.get(contributor=ana, period__month_on="2026-11-01"))
    moved_micro = minor_to_micro(payout.amount_minor, "USD")
    assert [(line["kind"], line["amount_micro"]) for line in document["payouts"]] == [
        ("payout_reserved", moved_micro),
        ("payout_reversed", -moved_micro),
    ]
    assert (document["paid_micro"], document["closing_micro"]) == (0, document["opening_micro"])


@pytest.mark.owner
def test_each_tampering_by_a_superuser_is_found_and_named(books: None) -> None:
    assert unexpected(TAMPERED, found) == {}


@pytest.mark.owner
def test_the_command_prints_a_line_for_each_finding_and_fails(books: None, capsys: pytest.CaptureFixture[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(TAMPERED["a balance is set"][0])
        cursor.execute("SET session_replication_role = DEFAULT")
    with pytest.raises(SystemExit, match="1"):
        call_command("check_ledger")
    written = capsys.readouterr()
    assert written.out.count("\n") == 1
    assert written.out.startswith("balances are their postings: Account")
    assert "1 findings. Stop paying" in written.err


@pytest.mark.owner
def test_an_entry_slipped_in_without_a_link_is_found(books: None) -> None:
    entry = Entry.objects.get(kind="sale")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        slipped = Entry.objects.create(kind="gift", period_id=entry.period_id, idempotency_key="gift", posted_at=AT)
        Posting.objects.bulk_create(
            Posting(entry=slipped, account_id=line.account_id, currency="USD", amount_micro=line.amount_micro)
            for line in entry.postings.all()
        )
        lines = found()
        transaction.set_rollback(True)
    assert f"audit chain: There is no link of entry {slipped.pk}." in lines


def test_every_check_has_a_tampering_that_it_finds() -> None:
    tried = {pattern.partition(":")[0] for _, expected in TAMPERED.values() for pattern in expected}
    assert tried == {query.check for query in QUERIES} | {"statements are posted", "statement roots", "daily shares"}
