"""What another policy would have done with the last closed month, by its stored weights; nothing is written."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from marketplace.core.money import minor_to_micro
from marketplace.core.periods import Month
from marketplace.core.ppm import WHOLE_PPM
from payouts.booking import policy_of
from payouts.models import Period, Policy
from payouts.revenue import Revenue, revenue_of
from payouts.splitting import Split, compute, split, weigh, weights_sha256

NAMED = 5
EARNED = "SELECT contributor_id, sum(amount_micro) AS micro FROM split_part GROUP BY contributor_id"
CHANGED = """
SELECT c.name, c.id, coalesce(b.micro, 0)::bigint, coalesce(a.micro, 0)::bigint
FROM policy_before AS b FULL JOIN policy_after AS a USING (contributor_id)
JOIN marketplace_contributor AS c ON c.id = contributor_id
WHERE sign(coalesce(a.micro, 0) - coalesce(b.micro, 0)) = %(sign)s
ORDER BY abs(coalesce(a.micro, 0) - coalesce(b.micro, 0)) DESC, c.id LIMIT %(named)s
"""
REACHED = "SELECT count(*) FROM {table} WHERE micro >= %(threshold_micro)s"


class PreviewRefused(ValueError):
    """The policy cannot be tried; the message says why."""


@dataclass(frozen=True)
class Outcome:
    """A month under one policy: amounts in micro-units, and how many earned the threshold in it alone."""

    contributor_rate_ppm: int
    threshold_minor: int
    pool_micro: int
    platform_micro: int
    reached_count: int


@dataclass(frozen=True)
class Change:
    """What one contributor earned, and would have earned."""

    name: str
    contributor_id: int
    before_micro: int
    after_micro: int


@dataclass(frozen=True)
class PolicyPreview:
    """The last closed month as it was shared and as it would have been, with those for whom most changes."""

    month: Month
    currency: str
    before: Outcome
    after: Outcome
    winners: tuple[Change, ...]
    losers: tuple[Change, ...]


@dataclass(frozen=True)
class LastMonth:
    """The last month that is closed, and the policy that it was shared by."""

    period: Period
    policy: Policy

    @property
    def currency(self) -> str:
        """The currency that it was shared in."""
        return self.period.currency


def last_closed_month() -> LastMonth | None:
    """None while no month is closed."""
    closed = Period.objects.filter(state=Period.CLOSED, currency=settings.SETTLEMENT_CURRENCY)
    period = closed.order_by("-month_on").first()
    if period is None:
        return None
    return LastMonth(period, policy_of(period.month))


@transaction.atomic
def preview_policy(contributor_rate_ppm: int, threshold_minor: int) -> PolicyPreview:
    """Share the last closed month by another rate and threshold, beside its own; nothing is written.

    Fees stay as they were booked, and what common funds kept back is left out of both. Raises `PreviewRefused`.
    """
    period, revenue, before = weighed_month(contributor_rate_ppm, threshold_minor)
    after = shared_by("policy_after", revenue, contributor_rate_ppm, threshold_minor)
    return PolicyPreview(period.month, period.currency, before, after, winners=_changes(1), losers=_changes(-1))


def weighed_month(contributor_rate_ppm: int, threshold_minor: int) -> tuple[Period, Revenue, Outcome]:
    """The last closed month with its weights, in temporary tables, and how it was shared. Raises `PreviewRefused`."""
    if not 0 <= contributor_rate_ppm <= WHOLE_PPM or threshold_minor < 0:
        raise PreviewRefused(f"Give a rate of 0 to {WHOLE_PPM} ppm and a threshold of zero or more minor units.")
    last = last_closed_month()
    if last is None:
        raise PreviewRefused("No month is closed yet: there is nothing to try a policy on.")
    period, policy, revenue = last.period, last.policy, revenue_of(last.period)
    assert period.closed_at is not None
    weigh(period, revenue.deal_net_minor, period.closed_at)
    before = shared_by("policy_before", revenue, policy.contributor_rate_ppm, policy.threshold_minor)
    if weights_sha256() != period.weights_sha256:
        raise PreviewRefused(
            f"The weights of {period.month_on:%Y-%m} are not those that it was closed with: run check_ledger."
        )
    return period, revenue, before


def shared_by(table: str, revenue: Revenue, rate_ppm: int, threshold_minor: int) -> Outcome:
    """Share the weights by a rate; what each contributor has of it is then in a temporary table of that name."""
    deals_micro = revenue.deal_pools_micro(rate_ppm)
    done: Split = split(revenue.download_pool_micro(rate_ppm), deals_micro, revenue.currency, net_debts=False)
    compute(table, EARNED)
    net_micro = minor_to_micro(revenue.net_minor, revenue.currency)
    reached = rows_of(REACHED.format(table=table), threshold_micro=minor_to_micro(threshold_minor, revenue.currency))
    return Outcome(rate_ppm, threshold_minor, done.total_micro, net_micro - done.total_micro, reached[0][0])


def _changes(sign: int) -> tuple[Change, ...]:
    return tuple(Change(*row) for row in rows_of(CHANGED, sign=sign, named=NAMED))


def rows_of(query: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
