"""Booking downloads: each becomes one revenue event, and a batch of them one entry in the ledger."""

from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

from marketplace.core.periods import Month
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Download
from payouts.core.ledger import PostingLine, funds_available, sale
from payouts.models import Entry, Order, Period, Policy, RevenueEvent, RevenueKind
from payouts.posting import locked_period, open_period, post

DOWNLOADS_AT_ONCE = 10_000


class NoPolicy(ValueError):
    """No policy was in force at that time: nobody has said how revenue is shared."""


def policy_at(at: datetime) -> Policy:
    """The policy in force at a time. Raises `NoPolicy`."""
    return _in_force(list(Policy.objects.filter(effective_at__lte=at)), at)


def policy_of(month: Month) -> Policy:
    """The policy by which a month is shared: the one in force when it began, under which contributors then worked.

    The month in which the first policy took effect is shared by that one. Raises `NoPolicy`.
    """
    first = Policy.objects.filter(effective_at__lt=month.end_at).order_by("effective_at").first()
    return policy_at(max(month.start_at, first.effective_at) if first else month.start_at)


def _in_force(policies: list[Policy], at: datetime) -> Policy:
    begun = [policy for policy in policies if policy.effective_at <= at]
    if not begun:
        raise NoPolicy(f"No policy was in force at {at:%Y-%m-%d %H:%M} UTC: add one that takes effect by then.")
    return max(begun, key=lambda policy: policy.effective_at)


@transaction.atomic
def book_downloads(at: datetime) -> int:
    """Book up to 10,000 downloads in the settlement currency that have no revenue event yet; returns how many.

    A download of a month that is no longer open, or before one, is booked to the month of `at`. Raises `NoPolicy`.
    """
    claimed = (
        Download.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(revenue_event__isnull=True, currency=settings.SETTLEMENT_CURRENCY, downloaded_at__lte=at)
        .order_by("pk")[:DOWNLOADS_AT_ONCE]
    )
    by_month: dict[Month, list[Download]] = defaultdict(list)
    for download in claimed:
        by_month[Month.containing(download.downloaded_at)].append(download)
    # Periods are locked in the order of time and before any account, so that two transactions cannot deadlock.
    own_periods = {month: _own_period(month) for month in sorted(by_month)}
    periods = {month: period or open_period(at) for month, period in own_periods.items()}
    for month, period in periods.items():
        _book_month(month, period, by_month[month], at)
    return sum(map(len, by_month.values()))


def _book_month(month: Month, period: Period, downloads: list[Download], at: datetime) -> None:
    orders = Order.objects.filter(download__in=downloads).values_list("download_id", "fee_minor")
    stripes_fees = {pk: fee_minor for pk, fee_minor in orders if pk is not None and fee_minor is not None}
    fees = _policys_fees([download for download in downloads if download.pk not in stripes_fees]) | stripes_fees
    lines: list[PostingLine] = []
    for through_checkout in (True, False):
        sold = [download for download in downloads if (download.pk in stripes_fees) is through_checkout]
        gross_minor, fee_minor = sum(one.gross_minor for one in sold), sum(fees[one.pk] for one in sold)
        if sold:
            lines += sale(gross_minor, fee_minor, period.currency, through_checkout=through_checkout)
    entry = post("sale", period, f"sale:{month}:{downloads[0].pk}-{downloads[-1].pk}", lines, at)
    RevenueEvent.objects.bulk_create(
        RevenueEvent(
            kind=RevenueKind.DOWNLOAD_SALE,
            download=download,
            period=period,
            entry=entry,
            gross_minor=download.gross_minor,
            fee_minor=fees[download.pk],
            net_minor=download.gross_minor - fees[download.pk],
            currency=period.currency,
            occurred_at=download.downloaded_at,
        )
        for download in downloads
    )


def _policys_fees(downloads: list[Download]) -> dict[int, int]:
    """The fees of downloads that did not come through checkout, in minor units by id."""
    policies = list(Policy.objects.all())
    return {
        download.pk: download.gross_minor * _in_force(policies, download.downloaded_at).fee_ppm // WHOLE_PPM
        for download in downloads
    }


def _own_period(month: Month) -> Period | None:
    """The period of the month itself, if it and all later ones are open."""
    later = Period.objects.filter(month_on__gt=month.start_at.date(), currency=settings.SETTLEMENT_CURRENCY)
    if later.exclude(state=Period.OPEN).exists():
        return None
    period = locked_period(month)
    return period if period.state == Period.OPEN else None


@transaction.atomic
def record_available_funds(net_minor: int, key: str, at: datetime) -> Entry:
    """Post that money which was collected elsewhere is available at Stripe, once per key."""
    lines = funds_available(net_minor, settings.SETTLEMENT_CURRENCY)
    return post("funds_available", open_period(at), key, lines, at)
