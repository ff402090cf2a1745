"""A closed period takes no more entries, however they arrive: its statements are issued."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from marketplace.models import Contributor, Customer, Download, User
from payouts.booking import book_downloads
from payouts.closing import approve_close
from payouts.core.ledger import Account, AccountKind, PostingLine, payout_reserved
from payouts.models import Entry, LedgerAccount, Period, Posting, Statement
from payouts.posting import open_period, period_of, post
from tests.builders import CLOSED_AT, OCTOBER, SOLD_AT, make_contributor, make_download
from tests.connections import in_another_connection, wait_until_one_is_blocked
from tests.payouts.paying import AT, NOVEMBER


def adjust(contributor: Contributor, period: Period, key: str) -> None:
    """An entry over accounts that a closing does not touch, unless the contributor earned something."""
    bad_debt, payable = Account(AccountKind.BAD_DEBT), Account(AccountKind.PAYABLE, contributor.pk)
    post("adjustment", period, key, [PostingLine(bad_debt, -500, "USD"), PostingLine(payable, 500, "USD")], AT)


def test_a_closed_period_takes_no_more_entries(closed_month: Period, ana: Contributor) -> None:
    """Its statements are issued, and would no longer tell what the payable balance is."""
    before = Entry.objects.count(), LedgerAccount.objects.aggregate(total=Sum("balance_micro"))
    lines = payout_reserved(ana.pk, 1, "USD")
    with pytest.raises(DatabaseError, match="period of entry late is closed"), transaction.atomic():
        post("payout_reserved", closed_month, "late", lines, AT)
    assert (Entry.objects.count(), LedgerAccount.objects.aggregate(total=Sum("balance_micro"))) == before
    post("payout_reserved", period_of(NOVEMBER), "late", lines, AT)


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_comes_while_its_period_is_being_closed_does_not_get_in(
    october: Period, ana: Contributor, finn: User
) -> None:
    failures: list[BaseException] = []
    lines = payout_reserved(ana.pk, 1, "USD")
    with transaction.atomic():
        approve_close(OCTOBER, finn, CLOSED_AT)
        late = in_another_connection(lambda: post("payout_reserved", october, "late", lines, AT), failures)
        wait_until_one_is_blocked()
    late.join()
    assert len(failures) == 1
    assert "period of entry late is closed" in str(failures[0])
    assert not Entry.objects.filter(idempotency_key="late").exists()


@pytest.mark.django_db(transaction=True)
def test_a_period_is_closed_with_every_entry_that_was_on_its_way(october: Period, finn: User) -> None:
    cleo = make_contributor("Cleo")
    failures: list[BaseException] = []
    with transaction.atomic():
        adjust(cleo, october, "in time")
        closing = in_another_connection(lambda: approve_close(OCTOBER, finn, CLOSED_AT), failures)
        wait_until_one_is_blocked()
    closing.join()
    assert failures == []
    assert Statement.objects.get(contributor=cleo, period=october).adjusted_micro == 500


@pytest.mark.django_db(transaction=True)
def test_closing_booking_and_posting_at_once_neither_deadlock_nor_write_into_a_closed_period(
    october: Period, ana: Contributor, carla: Customer, finn: User
) -> None:
    failures: list[BaseException] = []
    generation = Download.objects.get().generation
    make_download(carla, generation, at=CLOSED_AT)

    def adjust_often() -> None:
        for number in range(20):
            with transaction.atomic():
                adjust(ana, open_period(SOLD_AT), f"adjusted:{number}")

    def book() -> None:
        for _ in range(5):
            book_downloads(CLOSED_AT)

    acts: list[Callable[[], object]] = [adjust_often, book, book, lambda: approve_close(OCTOBER, finn, CLOSED_AT)]
    threads = [in_another_connection(act, failures) for act in acts]
    for thread in threads:
        thread.join()
    assert failures == []
    october.refresh_from_db()
    assert october.state == Period.CLOSED
    statement = Statement.objects.get(contributor=ana, period=october)
    in_october = Posting.objects.filter(account__contributor=ana, entry__period=october)
    assert statement.closing_micro == in_october.aggregate(total=Sum("amount_micro"))["total"]
