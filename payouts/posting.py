"""Writing entries into the ledger: the one place that creates entries, postings and accounts."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from marketplace.core.periods import Month
from payouts.core.ledger import Account, PostingLine, check_balanced
from payouts.models import Entry, LedgerAccount, Period, Posting

AccountKey = tuple[Account, str]


class PeriodClosed(ValueError):
    """The period is closed and takes no more entries."""


def period_of(month: Month) -> Period:
    """The period of a month in the settlement currency, opened at first use."""
    period, _ = Period.objects.get_or_create(
        month_on=date(month.year, month.month, 1), currency=settings.SETTLEMENT_CURRENCY
    )
    return period


@transaction.atomic
def post(kind: str, period: Period, key: str, lines: Iterable[PostingLine], at: datetime) -> Entry:
    """Post one balanced entry under a unique key; lines of one account are added up.

    Raises `PeriodClosed` or `UnbalancedEntryError` before anything is written; the database refuses a second entry with
    the same key.
    """
    if Period.objects.filter(pk=period.pk, state=Period.CLOSED).exists():
        raise PeriodClosed(f"{period} is closed, its statements are issued: post to the open period.")
    amounts: dict[AccountKey, int] = defaultdict(int)
    for line in lines:
        amounts[line.account, line.currency] += line.amount_micro
    merged = [PostingLine(account, amount, currency) for (account, currency), amount in amounts.items() if amount]
    check_balanced(merged)
    accounts = _accounts(merged)
    entry = Entry.objects.create(kind=kind, period=period, idempotency_key=key, posted_at=at)
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


def _accounts(lines: list[PostingLine]) -> dict[AccountKey, int]:
    """Ids of the lines' accounts, which are opened at first use, in two queries however many lines there are."""
    months = {line.account.period: period_of(line.account.period).pk for line in lines if line.account.period}
    LedgerAccount.objects.bulk_create(
        [
            LedgerAccount(
                kind=line.account.kind,
                contributor_id=line.account.contributor_id,
                period_id=months[line.account.period] if line.account.period else None,
                currency=line.currency,
                is_floored=line.account.is_floored,
            )
            for line in lines
        ],
        ignore_conflicts=True,
    )
    stored = LedgerAccount.objects.filter(
        kind__in={line.account.kind for line in lines}, currency__in={line.currency for line in lines}
    )
    ids: dict[tuple[str, int | None, int | None, str], int] = {
        (account.kind, account.contributor_id, account.period_id, account.currency): account.pk
        for account in stored.only("kind", "contributor_id", "period_id", "currency")
    }
    return {
        (line.account, line.currency): ids[
            line.account.kind,
            line.account.contributor_id,
            months[line.account.period] if line.account.period else None,
            line.currency,
        ]
        for line in lines
    }
