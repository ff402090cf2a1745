"""A month from gross to what contributors earn, step by step: of one that would be closed, and of one that is."""

from dataclasses import dataclass

from django.db.models import Sum
from django.utils.translation import gettext as _

from marketplace.core.money import minor_to_micro
from marketplace.formats import percentage
from payouts.booking import NoPolicy, policy_of
from payouts.models import Earning, Period, RevenueKind
from payouts.revenue import Revenue, revenue_of
from payouts.splitting import Split


@dataclass(frozen=True)
class Step:
    """One line of the waterfall, in micro-units; a sum is what the lines above it come to, a part is of the last sum.

    `key` is the same in every month and of no other step, and `short` names the step where there is little room.
    """

    key: str
    label: str
    short: str
    amount_micro: int
    is_sum: bool = False
    is_part: bool = False


def steps_of_month(period: Period) -> tuple[Step, ...]:
    """The steps of a closed month down to what was earned, or of another one to the pool that it would have now."""
    revenue = revenue_of(period)
    try:
        rate_ppm = policy_of(period.month).contributor_rate_ppm
    except NoPolicy:
        return _steps_to_net(revenue)
    if period.pool_micro is None:
        return steps_to_pool(revenue, rate_ppm, _pool_micro(revenue, rate_ppm))
    assert period.deals_micro is not None
    assert period.common_fund_micro is not None
    by_kind = period.earnings.order_by().values("kind").annotate(total=Sum("amount_micro"))
    earned_micro = {row["kind"]: row["total"] for row in by_kind}
    split = Split(
        pool_micro=period.pool_micro - period.deals_micro,
        deals_micro=period.deals_micro,
        common_fund_micro=period.common_fund_micro,
        netted_micro=period.pool_micro - sum(earned_micro.values()),
    )
    return (*steps_to_pool(revenue, rate_ppm, split.total_micro), *steps_of_pool(split, earned_micro))


def steps_to_pool(revenue: Revenue, rate_ppm: int, pool_micro: int) -> tuple[Step, ...]:
    """What came in, what went off it, and the pool that is left."""
    platform = _("the platform's part, at a contributor rate of %(rate)s") % {"rate": percentage(rate_ppm)}
    platform_micro = pool_micro - minor_to_micro(revenue.net_minor, revenue.currency)
    return (
        *_steps_to_net(revenue),
        Step("platform", platform, _("Platform"), platform_micro),
        Step("pool", _("pool"), _("Pool"), pool_micro, is_sum=True),
    )


def steps_of_pool(done: Split, earned_micro: dict[str, int]) -> tuple[Step, ...]:
    """What became of the pool."""
    parts = {
        Earning.ATTRIBUTION: (_("of it attribution"), _("Attributed")),
        Earning.COMMON_FUND: (_("of it common fund"), _("Fund")),
        Earning.DATASET_DEAL: (_("of it dataset deal"), _("By deals")),
    }
    return (
        Step("netted", _("kept back by common funds for what they gave back"), _("Kept back"), -done.netted_micro),
        Step("earned", _("earned by contributors"), _("Earned"), done.earned_micro, is_sum=True),
        *(Step(f"of_{kind}", *words, earned_micro.get(kind, 0), is_part=True) for kind, words in parts.items()),
    )


def before(period: Period) -> Period | None:
    """The last period before one, of the same currency."""
    earlier = Period.objects.filter(currency=period.currency, month_on__lt=period.month_on)
    return earlier.order_by("-month_on").first()


def _pool_micro(revenue: Revenue, rate_ppm: int) -> int:
    if revenue.download_net_minor < 0:
        return 0  # more went back than came in: such a month cannot be closed, which its closing says
    return revenue.download_pool_micro(rate_ppm) + sum(revenue.deal_pools_micro(rate_ppm).values())


def _steps_to_net(revenue: Revenue) -> tuple[Step, ...]:
    kinds = {
        RevenueKind.DOWNLOAD_SALE: (_("download sale"), _("Sales")),
        RevenueKind.REFUND: (_("refund"), _("Refunds")),
        RevenueKind.DISPUTE: (_("dispute"), _("Disputes")),
        RevenueKind.DISPUTE_WON: (_("dispute won"), _("Disputes won")),
        RevenueKind.DATASET_DEAL: (_("dataset deal"), _("Deals in")),
    }

    def micro(minor: int) -> int:
        return minor_to_micro(minor, revenue.currency)

    return (
        *(Step(kind, *kinds[RevenueKind(kind)], micro(minor)) for kind, minor in revenue.gross_by_kind.items()),
        Step("fees", _("fees"), _("Fees"), -micro(revenue.fee_minor)),
        Step("net", _("net revenue"), _("Net"), micro(revenue.net_minor), is_sum=True),
    )
