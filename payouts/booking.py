"""Booking downloads: each becomes one revenue event, and a batch of them one entry in the ledger."""

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

from marketplace.core.periods import Month
from marketplace.models import Download
from payouts.core.ledger import funds_available, sale
from payouts.models import Entry, Period, Policy, RevenueEvent
from payouts.posting import period_of, post

DOWNLOADS_AT_ONCE = 10_000
WHOLE_PPM = 1_000_000


class NoPolicy(ValueError):
    """No policy was in force at that time: nobody has said how revenue is shared."""


def policy_at(at: datetime) -> Policy:
    """The policy in force at a time. Raises `NoPolicy`."""
    return _in_force(list(Policy.objects.filter(effective_at__lte=at)), at)


def _in_force(policies: list[Policy], at: datetime) -> Policy:
    begun = [policy for policy in policies if policy.effective_at <= at]
    if not begun:
        raise NoPolicy(f"No policy was in force at {at:%Y-%m-%d %H:%M} UTC: add one that takes effect by then.")
    return max(begun, key=lambda policy: policy.effective_at)


@transaction.atomic
def book_downloads(at: datetime) -> int:
    """Book up to 10,000 downloads that have no revenue event yet; returns how many.

    A download of a month that is no longer open, or before one, is booked to the month of `at`. Raises `NoPolicy`.
    """
    claimed = (
        Download.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(revenue_event__isnull=True, downloaded_at__lte=at)
        .order_by("pk")[:DOWNLOADS_AT_ONCE]
    )
    by_month: dict[Month, list[Download]] = defaultdict(list)
    for download in claimed:
        by_month[Month.containing(download.downloaded_at)].append(download)
    for month, downloads in sorted(by_month.items()):
        _book_month(month, downloads, at)
    return sum(map(len, by_month.values()))


def _book_month(month: Month, downloads: list[Download], at: datetime) -> None:
    period = _open_period(month, at)
    policies = list(Policy.objects.all())
    fees = {
        download.pk: download.gross_minor * _in_force(policies, download.downloaded_at).fee_ppm // WHOLE_PPM
        for download in downloads
    }
    currency = settings.SETTLEMENT_CURRENCY
    lines = sale(sum(download.gross_minor for download in downloads), sum(fees.values()), currency)
    entry = post("sale", period, f"sale:{month}:{downloads[0].pk}-{downloads[-1].pk}", lines, at)
    RevenueEvent.objects.bulk_create(
        RevenueEvent(
            download=download,
            period=period,
            entry=entry,
            gross_minor=download.gross_minor,
            fee_minor=fees[download.pk],
            net_minor=download.gross_minor - fees[download.pk],
            currency=download.currency,
            occurred_at=download.downloaded_at,
        )
        for download in downloads
    )


def _open_period(month: Month, at: datetime) -> Period:
    currency = settings.SETTLEMENT_CURRENCY
    later = Period.objects.filter(month_on__gt=month.start_at.date(), currency=currency)
    if later.exclude(state=Period.OPEN).exists():
        return period_of(Month.containing(at))
    # The row lock lets a month that is being closed wait for this batch, or this batch see that it is closed.
    period = Period.objects.select_for_update(no_key=True).get(pk=period_of(month).pk)
    return period if period.state == Period.OPEN else period_of(Month.containing(at))


def record_available_funds(net_minor: int, key: str, at: datetime) -> Entry:
    """Post that Stripe has made pending money available, once per key."""
    lines = funds_available(net_minor, settings.SETTLEMENT_CURRENCY)
    return post("funds_available", period_of(Month.containing(at)), key, lines, at)
