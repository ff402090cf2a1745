"""Writing entries into the ledger: the one place that creates entries, postings and accounts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from marketplace.core.periods import Month
from payouts.core.ledger import FLOORED, Account, PostingLine, check_balanced
from payouts.models import Entry, LedgerAccount, Period, Posting

AccountKey = tuple[Account, str]


def period_of(month: Month) -> Period:
    """The period of a month in the settlement currency, opened at first use."""
    period, _ = Period.objects.get_or_create(
        month_on=date(month.year, month.month, 1), currency=settings.SETTLEMENT_CURRENCY
    )
    return period


def open_period(at: datetime) -> Period:
    """The period of the month of `at` or, where that is not open any more, the first later one that is.

    Its row is locked, so that it stays open until the caller's transaction ends: ask before any account is touched.
    """
    month = Month.containing(at)
    period = locked_period(month)
    while period.state != Period.OPEN:
        month = month.next
        period = locked_period(month)
    return period


def locked_period(month: Month) -> Period:
    """The period of a month, locked against closing and posting in other transactions until this one ends."""
    return Period.objects.select_for_update(no_key=True).get(pk=period_of(month).pk)


def lock_accounts(currency: str) -> None:
    """Let no other transaction post in a currency until this one ends: ask before anything is posted."""
    with connection.cursor() as cursor:
        # In the order of ids, as every posting locks its own, so that none waits for the other.
        locked = "SELECT id FROM payouts_ledgeraccount WHERE currency = %s ORDER BY id FOR NO KEY UPDATE"
        cursor.execute(f"SELECT count(*) FROM ({locked}) AS locked", [currency])  # noqa: S608


@transaction.atomic
def post(
    kind: str, period: Period, key: str, lines: Iterable[PostingLine], at: datetime, origin: Period | None = None
) -> Entry:
    """Post one balanced entry under a unique key; lines of one account are added up.

    `origin` is the closed period that an adjustment is about.
    Raises `UnbalancedEntryError` before anything is written; the database refuses an entry of a closed period and a
    second entry with the same key.
    """
    merged = _merged(lines)
    check_balanced(merged)
    # Its period is locked before its accounts, as in a closing, so that the two cannot wait for each other.
    entry = Entry.objects.create(kind=kind, period=period, origin_period=origin, idempotency_key=key, posted_at=at)
    accounts = _accounts([(line.account, line.currency) for line in merged])
    Posting.objects.bulk_create(
        [
            Posting(
                entry=entry,
                account_id=accounts[line.account, line.currency],
                currency=line.currency,
                amount_micro=line.amount_micro,
            )
            for line in merged
        ]
    )
    return entry


def _merged(lines: Iterable[PostingLine]) -> list[PostingLine]:
    """One line for each account, always in the same order, in which accounts are then opened."""
    totals_micro: dict[AccountKey, int] = defaultdict(int)
    for line in lines:
        totals_micro[line.account, line.currency] += line.amount_micro
    merged = [PostingLine(account, micro, currency) for (account, currency), micro in totals_micro.items() if micro]
    return sorted(merged, key=lambda line: (str(line.account), line.currency))


@transaction.atomic
def post_selected(kind: str, period: Period, key: str, lines: str, at: datetime) -> Entry | None:
    """Post one entry of as many lines as a query gives, in the database; None, and no entry, where it gives none.

    `lines` selects kind, contributor_id, period_id and amount_micro, one row for each account. Otherwise as `post`.
    """
    numbers: dict[str, Any] = {"currency": period.currency, "floored": sorted(FLOORED)}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({lines})")
        if not cursor.fetchone()[0]:
            return None
        entry = Entry.objects.create(kind=kind, period=period, idempotency_key=key, posted_at=at)
        cursor.execute(
            f"""
            INSERT INTO payouts_ledgeraccount (kind, contributor_id, period_id, currency, is_floored, balance_micro)
            SELECT kind, contributor_id, period_id, %(currency)s, kind = ANY (%(floored)s), 0 FROM ({lines}) AS line
            ORDER BY kind, contributor_id ON CONFLICT DO NOTHING
            """,  # noqa: S608 -- of constants only
            numbers,
        )
        cursor.execute(
            f"""
            INSERT INTO payouts_posting (entry_id, account_id, currency, amount_micro)
            SELECT %(entry)s, a.id, a.currency, line.amount_micro
            FROM ({lines}) AS line JOIN payouts_ledgeraccount AS a ON a.kind = line.kind AND a.currency = %(currency)s
                AND coalesce(a.contributor_id, 0) = coalesce(line.contributor_id, 0)
                AND coalesce(a.period_id, 0) = coalesce(line.period_id, 0)
            """,  # noqa: S608 -- of constants only
            {**numbers, "entry": entry.pk},
        )
    return entry


def locked_balances(accounts: Iterable[Account], currency: str) -> dict[Account, int]:
    """Balances in micro-units that stay until this transaction ends or posts: give all accounts that it will post to.

    They are opened where they do not exist, and locked in the order in which posting locks them.
    """
    ids = _accounts([(account, currency) for account in sorted(accounts, key=str)])
    locked = LedgerAccount.objects.select_for_update(no_key=True).filter(pk__in=ids.values()).order_by("pk")
    balances = dict(locked.values_list("pk", "balance_micro"))
    return {account: balances[pk] for (account, _), pk in ids.items()}


def _accounts(keys: list[AccountKey]) -> dict[AccountKey, int]:
    """Ids of accounts, which are opened at first use, in two queries however many there are."""
    months = {account.period: period_of(account.period).pk for account, _ in keys if account.period}
    LedgerAccount.objects.bulk_create(
        [
            LedgerAccount(
                kind=account.kind,
                contributor_id=account.contributor_id,
                period_id=months[account.period] if account.period else None,
                currency=currency,
                is_floored=account.is_floored,
            )
            for account, currency in keys
        ],
        ignore_conflicts=True,
    )
    contributor_ids = {account.contributor_id for account, _ in keys if account.contributor_id}
    stored = LedgerAccount.objects.filter(
        Q(contributor__isnull=True) | Q(contributor__in=contributor_ids),
        Q(period__isnull=True) | Q(period__in=months.values()),
        kind__in={account.kind for account, _ in keys},
        currency__in={currency for _, currency in keys},
    )
    ids: dict[tuple[str, int | None, int | None, str], int] = {
        (account.kind, account.contributor_id, account.period_id, account.currency): account.pk
        for account in stored.only("kind", "contributor_id", "period_id", "currency")
    }
    return {
        (account, currency): ids[
            account.kind, account.contributor_id, months[account.period] if account.period else None, currency
        ]
        for account, currency in keys
    }
