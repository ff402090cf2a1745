"""Closing a month: compute everything first, then post it in one transaction, by two people."""

from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from marketplace.core.periods import Month
from marketplace.models import Download, User
from payouts.booking import NoPolicy, policy_of
from payouts.core.ledger import close_pool, earning
from payouts.core.pool import PoolSplit, pool_of, split_pool, weights_hash
from payouts.models import Earning, Period, RevenueKind
from payouts.posting import locked_period, post
from payouts.selectors import attributed_weights, members_by_contributor, unattributed_weights
from payouts.statements import issue_statements


class CannotClose(ValueError):
    """The month cannot be closed now; the message says what is missing."""


@transaction.atomic
def close_period(month: Month, closed_by: User, at: datetime) -> Period:
    """Take a month that has ended from open to closing, which a second person then approves. Raises `CannotClose`."""
    period = locked_period(month)
    if period.state != Period.OPEN:
        raise CannotClose(f"{month} is {period.state} already: it is closed once and never reopened.")
    if at < month.end_at:
        raise CannotClose(f"{month} ends at {month.end_at:%Y-%m-%d %H:%M} UTC: close it after that.")
    earlier = Period.objects.filter(month_on__lt=period.month_on, currency=period.currency)
    unclosed = earlier.exclude(state=Period.CLOSED).order_by("month_on").first()
    if unclosed is not None:
        raise CannotClose(f"{unclosed} is still {unclosed.state}: close the months in their order.")
    _require_complete(month, period)
    _contributor_rate_ppm(month)
    period.state, period.closed_by = Period.CLOSING, closed_by
    period.save(update_fields=["state", "closed_by"])
    return period


@transaction.atomic
def approve_close(month: Month, approved_by: User, at: datetime) -> Period:
    """Approve a closing month: split its pool, post the earnings, issue the statements. Raises `CannotClose`."""
    period = locked_period(month)
    if period.state != Period.CLOSING:
        raise CannotClose(f"{month} is {period.state}: it can be approved while it is closing.")
    if period.closed_by_id == approved_by.pk:
        raise CannotClose(f"{approved_by} closed {month}: somebody else must approve it.")
    _require_complete(month, period)
    net_minor = period.revenue_events.aggregate(net=Sum("net_minor"))["net"] or 0
    weights, unattributed = attributed_weights(period), unattributed_weights(period)
    members = members_by_contributor(unattributed, at)
    pool_micro = pool_of(net_minor, _contributor_rate_ppm(month), period.currency)
    split = split_pool(pool_micro, weights, unattributed, members)
    if pool_micro:
        _post_earnings(month, period, pool_micro, split, at)
    issue_statements(period, at)
    period.state, period.approved_by, period.closed_at = Period.CLOSED, approved_by, at
    period.net_minor, period.pool_micro = net_minor, pool_micro
    period.common_fund_micro = split.common_fund_micro
    period.weights_sha256 = weights_hash(weights, unattributed, members)
    period.save()
    return period


def _contributor_rate_ppm(month: Month) -> int:
    try:
        return policy_of(month).contributor_rate_ppm
    except NoPolicy as error:
        raise CannotClose(f"{month} cannot be shared: {error}") from error


def _require_complete(month: Month, period: Period) -> None:
    """Every download so far is booked, and every booked one is attributed: nobody is left out of the split."""
    so_far = Download.objects.filter(downloaded_at__lt=month.end_at, currency=settings.SETTLEMENT_CURRENCY)
    unbooked = so_far.filter(revenue_event__isnull=True).count()
    if unbooked:
        raise CannotClose(f"{unbooked} downloads up to {month} are not booked yet: let the worker finish, then close.")
    sales = period.revenue_events.filter(kind=RevenueKind.DOWNLOAD_SALE)
    unattributed = sales.filter(download__inspiration_list__isnull=True).count()
    if unattributed:
        raise CannotClose(f"{unattributed} downloads of {month} have no inspiration list yet: let the worker finish.")


def _post_earnings(month: Month, period: Period, pool_micro: int, split: PoolSplit, at: datetime) -> None:
    lines = close_pool(month, pool_micro, split.common_fund_micro, period.currency)
    post("close", period, f"close:{period}", lines, at)
    contributor_ids = sorted(split.attributed.keys() | split.common_fund.keys())
    parts = {pk: (split.attributed.get(pk, 0), split.common_fund.get(pk, 0)) for pk in contributor_ids}
    earned = chain.from_iterable(
        earning(month, pk, attributed, fund, period.currency)
        for pk, (attributed, fund) in parts.items()
        if attributed + fund
    )
    entry = post("earnings", period, f"earnings:{period}", earned, at)
    Earning.objects.bulk_create(
        (
            Earning(period=period, contributor_id=pk, kind=kind, amount_micro=amount_micro, entry=entry)
            for pk, both in parts.items()
            for kind, amount_micro in zip((Earning.ATTRIBUTION, Earning.COMMON_FUND), both, strict=True)
            if amount_micro
        ),
        batch_size=5_000,
    )
