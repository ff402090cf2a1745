"""What a month that is not closed has earned so far, and what each day of a month brought."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum

from marketplace.core.apportion import apportion
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Contributor
from payouts.booking import policy_of
from payouts.core.pool import pool_of
from payouts.models import Earning, Period, RevenueKind
from payouts.selectors import daily_weights, line_weights


@dataclass(frozen=True)
class Accrual:
    """An estimate of what an unfinished month will earn from attribution, with what is booked and attributed so far."""

    period: Period
    download_count: int
    amount_micro: int


def accruals(contributor: Contributor, currency: str) -> list[Accrual]:
    """Estimates for the periods that have sales and are not closed yet, without the common fund."""
    unclosed = Period.objects.filter(currency=currency).exclude(state=Period.CLOSED).order_by("month_on")
    with_sales = unclosed.filter(revenue_events__kind=RevenueKind.DOWNLOAD_SALE).distinct()
    return [_accrual(contributor, period) for period in with_sales]


def _accrual(contributor: Contributor, period: Period) -> Accrual:
    events = period.revenue_events.filter(origin_period__isnull=True, download__inspiration_list__isnull=False)
    sums = events.aggregate(gross=Sum("gross_minor", default=0), net=Sum("net_minor", default=0))
    mine = line_weights(period, contributor.pk)
    policy = policy_of(period.month)
    pool_micro = pool_of(sums["net"], policy.contributor_rate_ppm, period.currency)
    whole = sums["gross"] * WHOLE_PPM
    return Accrual(
        period=period,
        download_count=len({download_id for download_id, _ in mine}),
        amount_micro=pool_micro * sum(mine.values()) // whole if whole else 0,
    )


def daily_micro(period: Period, contributor: Contributor) -> dict[date, int]:
    """What each UTC day brought from attribution, in micro-units, in order: estimated until the month is closed."""
    if period.state == Period.CLOSED:
        earning = Earning.objects.filter(period=period, contributor=contributor, kind=Earning.ATTRIBUTION).first()
        amount_micro = earning.amount_micro if earning else 0
    else:
        amount_micro = _accrual(contributor, period).amount_micro
    weights = daily_weights(period, contributor.pk)
    return dict(sorted(apportion(amount_micro, weights).items())) if amount_micro else {}
