"""What the database itself refuses, whoever asks: a ledger that is off, changed, spent twice or set by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.core.periods import Month
from marketplace.models import Contributor, Download
from payouts.core.ledger import Account, AccountKind, PostingLine, UnbalancedEntryError, payout_reserved, sale
from payouts.database_role import ROLE
from payouts.models import Entry, LedgerAccount, Period, Posting, Statement
from payouts.posting import period_of, post
from tests.builders import (
    CLOSED_AT,
    make_contributor,
)
from tests.connections import in_another_connection, wait_until_one_is_blocked

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
REVENUE = Account(AccountKind.PLATFORM_REVENUE)
UNFLOORED = [REVENUE, Account(AccountKind.FEES), Account(AccountKind.STRIPE_BALANCE), Account(AccountKind.BAD_DEBT)]


def november() -> Period:
    return period_of(Month(2026, 11))


def owe(contributor: Contributor, amount_micro: int, key: str = "owed") -> Entry:
    """Raise a contributor's payable balance out of the platform's revenue."""
    payable = Account(AccountKind.PAYABLE, contributor.pk)
    lines = [PostingLine(REVENUE, -amount_micro, "USD"), PostingLine(payable, amount_micro, "USD")]
    return post("earnings", november(), key, lines, AT)


def balance_micro(kind: AccountKind, contributor: Contributor | None = None) -> int:
    return LedgerAccount.objects.get(kind=kind, contributor=contributor, period=None).balance_micro


def open_account(kind: AccountKind, currency: str = "USD") -> LedgerAccount:
    return LedgerAccount.objects.create(kind=kind, currency=currency, is_floored=False)


def write(entry: Entry, *lines: tuple[LedgerAccount, int]) -> None:
    """Write postings in one statement, past our own code."""
    Posting.objects.bulk_create(
        Posting(entry=entry, account=account, currency=account.currency, amount_micro=micro) for account, micro in lines
    )


def bare_entry(key: str) -> Entry:
    return Entry.objects.create(kind="sale", period=november(), idempotency_key=key, posted_at=AT)


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_does_not_balance_cannot_be_committed() -> None:
    revenue, fees = open_account(AccountKind.PLATFORM_REVENUE), open_account(AccountKind.FEES)
    with (
        pytest.raises(DatabaseError, match=r"must balance; they are off: entry \d+ by USD 1 micro"),
        transaction.atomic(),
    ):
        write(bare_entry("off"), (revenue, 500), (fees, -499))
    assert not Entry.objects.exists()
    assert not Posting.objects.exists()
    assert set(LedgerAccount.objects.values_list("balance_micro", flat=True)) == {0}


@pytest.mark.django_db(transaction=True)
def test_an_entry_must_balance_in_each_of_its_currencies() -> None:
    dollars, yen = open_account(AccountKind.FX_CLEARING), open_account(AccountKind.FX_CLEARING, "JPY")
    with pytest.raises(DatabaseError, match="must balance"), transaction.atomic():
        write(bare_entry("exchanged"), (dollars, 500), (yen, -500))
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_cannot_balance_another_entry() -> None:
    revenue, fees = open_account(AccountKind.PLATFORM_REVENUE), open_account(AccountKind.FEES)
    with pytest.raises(DatabaseError, match="must balance"), transaction.atomic():
        Posting.objects.bulk_create(
            [
                Posting(entry=bare_entry("one"), account=revenue, currency="USD", amount_micro=500),
                Posting(entry=bare_entry("another"), account=fees, currency="USD", amount_micro=-500),
            ]
        )


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_was_checked_early_takes_no_more_postings(ana: Contributor) -> None:
    """Whoever has the database check and link an entry now cannot write unrecorded postings afterwards."""
    with transaction.atomic():
        entry = owe(ana, 500)
        revenue, payable = LedgerAccount.objects.get(contributor=None), LedgerAccount.objects.get(contributor=ana)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="sealed"), transaction.atomic():
            write(entry, (payable, 1), (revenue, -1))
    assert entry.postings.count() == 2
    assert balance_micro(AccountKind.PAYABLE, ana) == 500


@pytest.mark.django_db(transaction=True)
def test_an_entry_without_postings_cannot_be_committed() -> None:
    with pytest.raises(DatabaseError, match="has no postings"), transaction.atomic():
        bare_entry("empty")
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_committed_entry_takes_no_more_postings_even_balanced_ones(ana: Contributor) -> None:
    entry = owe(ana, 500)
    revenue, payable = LedgerAccount.objects.order_by("kind")[1], LedgerAccount.objects.get(contributor=ana)
    with pytest.raises(DatabaseError, match="sealed when its transaction commits"), transaction.atomic():
        Posting.objects.bulk_create(
            [
                Posting(entry=entry, account=revenue, currency="USD", amount_micro=-500),
                Posting(entry=entry, account=payable, currency="USD", amount_micro=500),
            ]
        )
    assert entry.postings.count() == 2
    assert balance_micro(AccountKind.PAYABLE, ana) == 500


@pytest.mark.django_db
def test_an_unbalanced_entry_is_refused_by_name_before_anything_is_written() -> None:
    with pytest.raises(UnbalancedEntryError, match="-500 micro USD"):
        post("sale", november(), "off", [PostingLine(REVENUE, -500, "USD")], AT)
    assert not Entry.objects.exists()
    assert not LedgerAccount.objects.exists()


APPEND_ONLY = [
    "attribution_inspirationlist",
    "attribution_method",
    "marketplace_download",
    "marketplace_generation",
    "marketplace_screeningresult",
    "marketplace_trainingconsent",
    "marketplace_trainingsetmember",
    "payouts_earning",
    "payouts_entry",
    "payouts_policy",
    "payouts_posting",
    "payouts_revenueevent",
    "payouts_statement",
    "payouts_statementroot",
]


@pytest.mark.owner
def test_what_is_on_record_can_be_neither_changed_nor_deleted_nor_emptied(closed_month: Period) -> None:
    for table in APPEND_ONLY:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as after a commit: nothing is pending
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone()[0], f"{table} has no row that could be changed"
            key = "download_id" if table == "attribution_inspirationlist" else "id"
            for statement, complaint in {
                f"UPDATE {table} SET {key} = {key}": "Cannot update or delete rows",
                f"DELETE FROM {table}": "Cannot update or delete rows",
                f"TRUNCATE {table} CASCADE": "append-only: it cannot be truncated",
            }.items():
                with pytest.raises(DatabaseError, match=complaint), transaction.atomic():
                    cursor.execute(statement)


def test_a_contributor_cannot_be_deleted_from_under_their_statements(closed_month: Period, ana: Contributor) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DELETE FROM marketplace_contributor WHERE id = %s", [ana.pk])
    assert Statement.objects.filter(contributor=ana).exists()


def test_payable_never_goes_below_zero(ana: Contributor) -> None:
    owe(ana, 9_990_000)
    with pytest.raises(IntegrityError, match="floored_balance_not_negative"), transaction.atomic():
        post("payout_reserved", november(), "too-much", payout_reserved(ana.pk, 1_000, "USD"), AT)
    assert balance_micro(AccountKind.PAYABLE, ana) == 9_990_000
    post("payout_reserved", november(), "enough", payout_reserved(ana.pk, 999, "USD"), AT)
    assert balance_micro(AccountKind.PAYABLE, ana) == 0


@pytest.mark.django_db(transaction=True)
def test_two_transactions_at_once_cannot_spend_one_payable_twice(ana: Contributor) -> None:
    owe(ana, 10_000_000)
    failures: list[BaseException] = []

    def spend(key: str) -> None:
        post("payout_reserved", november(), key, payout_reserved(ana.pk, 700, "USD"), AT)

    with transaction.atomic():
        spend("first")
        second = in_another_connection(lambda: spend("second"), failures)
        wait_until_one_is_blocked()
    second.join()

    assert [type(failure) for failure in failures] == [IntegrityError]
    assert "floored_balance_not_negative" in str(failures[0])
    assert balance_micro(AccountKind.PAYABLE, ana) == 3_000_000
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 7_000_000
    assert not Entry.objects.filter(idempotency_key="second").exists()


@pytest.mark.django_db(transaction=True)
def test_entries_over_the_same_accounts_in_opposite_order_do_not_deadlock() -> None:
    """Each thread posts over both accounts, one the mirror of the other; locks in id order let all of them through."""
    sold = sale(1_000, 30, "USD")
    post("sale", november(), "opens-the-accounts", sold, AT)
    failures: list[BaseException] = []

    def post_often(name: str, lines: tuple[PostingLine, ...]) -> None:
        for number in range(15):
            post("sale", november(), f"{name}:{number}", lines, AT)

    threads = [
        in_another_connection(lambda: post_often("forward", sold), failures),
        in_another_connection(lambda: post_often("backward", sold[::-1]), failures),
    ]
    for thread in threads:
        thread.join()
    assert failures == []
    assert balance_micro(AccountKind.PLATFORM_REVENUE) == 31 * 10_000_000


@pytest.mark.django_db
def test_a_posting_has_the_currency_of_its_account() -> None:
    revenue = open_account(AccountKind.PLATFORM_REVENUE)
    with pytest.raises(IntegrityError, match="posting_currency_is_its_accounts"), transaction.atomic():
        Posting.objects.create(entry=bare_entry("yen"), account=revenue, currency="JPY", amount_micro=1)


@pytest.mark.django_db
def test_a_posting_that_moves_nothing_is_refused() -> None:
    revenue = open_account(AccountKind.PLATFORM_REVENUE)
    with pytest.raises(IntegrityError, match="posting_moves_something"), transaction.atomic():
        Posting.objects.create(entry=bare_entry("nothing"), account=revenue, currency="USD", amount_micro=0)


@pytest.mark.owner
@pytest.mark.django_db(transaction=True)
def test_balances_cannot_be_set_by_hand(ana: Contributor) -> None:
    owe(ana, 500)
    payable = LedgerAccount.objects.get(contributor=ana)
    payable.balance_micro = 1_000_000
    with pytest.raises(DatabaseError, match="changes only through postings"), transaction.atomic():
        payable.save()
    with pytest.raises(DatabaseError, match="changes only through postings"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payouts_ledgeraccount WHERE id = %s", [payable.pk])
    payable.refresh_from_db()
    assert payable.balance_micro == 500


@pytest.mark.django_db
def test_an_account_starts_at_zero_whatever_it_is_opened_with() -> None:
    account = LedgerAccount.objects.create(
        kind=AccountKind.FEES, currency="USD", is_floored=False, balance_micro=1_000_000
    )
    account.refresh_from_db()
    assert account.balance_micro == 0


def test_each_account_exists_once(ana: Contributor) -> None:
    owe(ana, 500, "once")
    owe(ana, 500, "again")
    assert LedgerAccount.objects.count() == 2
    with pytest.raises(IntegrityError, match="account_once"), transaction.atomic():
        open_account(AccountKind.PLATFORM_REVENUE)


def test_the_same_idempotency_key_cannot_post_twice(ana: Contributor) -> None:
    owe(ana, 500, "month:1")
    with pytest.raises(IntegrityError, match="idempotency_key"), transaction.atomic():
        owe(ana, 500, "month:1")
    assert balance_micro(AccountKind.PAYABLE, ana) == 500
    assert Entry.objects.count() == 1


def test_an_entry_is_reversed_at_most_once(ana: Contributor) -> None:
    entry = owe(ana, 500)
    reverse(entry, "reversal")
    assert balance_micro(AccountKind.PAYABLE, ana) == 0
    with pytest.raises(IntegrityError, match="reverses_id"), transaction.atomic():
        reverse(entry, "another reversal")


def reverse(entry: Entry, key: str) -> None:
    reversal = Entry.objects.create(
        kind="reversal", period=entry.period, idempotency_key=key, posted_at=AT, reverses=entry
    )
    Posting.objects.bulk_create(
        Posting(entry=reversal, account=line.account, currency=line.currency, amount_micro=-line.amount_micro)
        for line in entry.postings.all()
    )


def test_posting_for_one_contributor_loads_nobody_elses_account(
    ana: Contributor, ben: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payout run posts for one contributor after another: it must not read all of them each time."""
    owe(ben, 500, "ben")
    owe(ana, 500, "ana")
    loaded: list[str] = []
    load = LedgerAccount.from_db

    def load_and_note(*row: Any) -> LedgerAccount:
        loaded.append(str(load(*row)))
        return load(*row)

    monkeypatch.setattr(LedgerAccount, "from_db", load_and_note)
    owe(ana, 500, "ana again")
    assert sorted(loaded) == [f"payable {ana.pk} USD", "platform_revenue  USD"]


def test_two_entries_of_one_contributor_add_up_in_one_balance(ana: Contributor) -> None:
    owe(ana, 1, "smaller than a cent")
    owe(ana, 9_999, "the rest of the cent")
    assert balance_micro(AccountKind.PAYABLE, ana) == 10_000


Move = tuple[int, int]
moves = st.lists(st.tuples(st.integers(0, 5), st.integers(-(10**12), 10**12).filter(bool)), min_size=1, max_size=5)


# The database is rolled back after each example, so a fixture that lives as long as the test does no harm.
@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=st.lists(moves, min_size=1, max_size=6))
def test_any_sequence_of_entries_leaves_all_balances_at_zero_and_each_at_its_postings(
    sequence: list[list[Move]],
) -> None:
    with transaction.atomic():
        people = [make_contributor(name, has_login=False) for name in ("Ana", "Ben")]
        accounts = [*UNFLOORED, *(Account(AccountKind.PAYABLE, person.pk) for person in people)]
        for number, entry in enumerate(sequence):
            lines = [PostingLine(accounts[which], amount, "USD") for which, amount in entry]
            rest = -sum(line.amount_micro for line in lines)
            lines += [PostingLine(Account(AccountKind.STRIPE_PENDING), rest, "USD")] if rest else []
            post_unless_refused(f"entry:{number}", lines)
        assert_the_books_are_right()
        transaction.set_rollback(True)


def post_unless_refused(key: str, lines: list[PostingLine]) -> None:
    """An entry that would make a payable negative, or whose lines cancel each other out, leaves nothing behind."""
    before = Posting.objects.count()
    try:
        with transaction.atomic():
            post("sale", november(), key, lines, AT)
    except (IntegrityError, UnbalancedEntryError):
        assert Posting.objects.count() == before


def assert_the_books_are_right() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would check
    balances = dict(LedgerAccount.objects.values_list("pk", "balance_micro"))
    postings = Posting.objects.values_list("account").annotate(total=Sum("amount_micro"))
    assert balances == dict.fromkeys(balances, 0) | dict(postings)
    assert sum(balances.values()) == 0
    assert not LedgerAccount.objects.filter(kind=AccountKind.PAYABLE, balance_micro__lt=0).exists()


def test_all_this_is_done_by_the_role_of_servers(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (ROLE,)


def test_the_books_of_a_closed_month_are_right(closed_month: Period) -> None:
    assert Download.objects.count() == 1
    assert closed_month.closed_at == CLOSED_AT
    assert_the_books_are_right()
