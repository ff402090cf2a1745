"""What finance looks at before a payout run is sent: how it differs from the last one, and what it is made of."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Count, F, Max, QuerySet, Sum

from marketplace.core.money import whole_minor
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState, RunState
from payouts.models import LedgerAccount, Payout, PayoutRun, Posting

NAMED = 5
MOST_BARS = 10
NOT_PAID = (PayoutState.EXCLUDED, PayoutState.REJECTED)
BEFORE_AND_NOW = """
FROM (SELECT contributor_id, amount_minor FROM payouts_payout WHERE run_id = %(before)s AND state <> ALL(%(unpaid)s))
    AS before
FULL JOIN (SELECT contributor_id, amount_minor FROM payouts_payout WHERE run_id = %(now)s AND state <> ALL(%(unpaid)s))
    AS now USING (contributor_id)
"""
CHANGES = f"""
SELECT c.id, c.name, coalesce(before.amount_minor, 0), coalesce(now.amount_minor, 0) {BEFORE_AND_NOW}
JOIN marketplace_contributor AS c ON c.id = contributor_id
WHERE before.amount_minor IS DISTINCT FROM now.amount_minor
ORDER BY abs(coalesce(now.amount_minor, 0) - coalesce(before.amount_minor, 0)) DESC, c.id LIMIT %(named)s
"""  # noqa: S608 -- of constants only
SUMS = f"""
SELECT count(before), count(now), coalesce(sum(before.amount_minor), 0)::bigint,
       coalesce(sum(now.amount_minor), 0)::bigint, count(*) FILTER (WHERE before IS NULL),
       count(*) FILTER (WHERE now IS NULL)
{BEFORE_AND_NOW}
"""


@dataclass(frozen=True)
class Change:
    """What one contributor is sent by the last run and by this one, in minor units; zero for nothing."""

    contributor_id: int
    name: str
    before_minor: int
    now_minor: int


@dataclass(frozen=True)
class RunDifference:
    """A run beside the settled one before it: how many are paid, how much, who is new, who is gone, who changed most.

    Amounts are in minor units.
    """

    before: PayoutRun
    count_before: int
    count_now: int
    total_before_minor: int
    total_now_minor: int
    newcomer_count: int
    gone_count: int
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Funds:
    """What is still to leave for a run, and what our books have in Stripe's balance, in minor units."""

    needed_minor: int
    there_minor: int

    @property
    def short_minor(self) -> int:
        """What is missing; zero where there is enough."""
        return max(self.needed_minor - self.there_minor, 0)


@dataclass(frozen=True)
class Bar:
    """How many payouts are from one amount up to another, not included, in minor units."""

    from_minor: int
    to_minor: int
    payout_count: int


def difference(run: PayoutRun) -> RunDifference | None:
    """How a run differs from the settled one before it; None where there was none."""
    earlier = PayoutRun.objects.filter(currency=run.currency, state=RunState.SETTLED, pk__lt=run.pk)
    before = earlier.order_by("-pk").first()
    if before is None:
        return None
    parameters: dict[str, Any] = {"before": before.pk, "now": run.pk, "unpaid": list(NOT_PAID), "named": NAMED}
    with connection.cursor() as cursor:
        cursor.execute(SUMS, parameters)
        count_before, count_now, total_before_minor, total_now_minor, newcomer_count, gone_count = cursor.fetchone()
        cursor.execute(CHANGES, parameters)
        changes = tuple(Change(*row) for row in cursor.fetchall())
    return RunDifference(
        before,
        count_before,
        count_now,
        total_before_minor,
        total_now_minor,
        newcomer_count,
        gone_count,
        changes,
    )


def histogram(run: PayoutRun) -> list[Bar]:
    """How many payouts are of which amount, in at most ten steps of a round width, from zero; empty without payouts."""
    paid = run.payouts.exclude(state__in=NOT_PAID).order_by()
    largest_minor = paid.aggregate(largest=Max("amount_minor"))["largest"]
    if largest_minor is None:
        return []
    width = _round_width(largest_minor)
    by_place = paid.annotate(place=F("amount_minor") / width).values("place").annotate(payout_count=Count("pk"))
    counts = dict(by_place.values_list("place", "payout_count"))
    return [Bar(place * width, (place + 1) * width, counts.get(place, 0)) for place in range(max(counts) + 1)]


def _round_width(largest_minor: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, … of which ten reach beyond the largest amount."""
    widths = (digit * int(10**zeros) for zeros in count() for digit in (1, 2, 5))
    return next(width for width in widths if width * MOST_BARS > largest_minor)


def exclusions(run: PayoutRun) -> QuerySet[Payout, Any]:
    """Who is left out, by reason: how many, and their balances together in micro-units."""
    left_out = run.payouts.filter(state=PayoutState.EXCLUDED).order_by().values("reason")
    return left_out.annotate(payout_count=Count("pk"), payable_micro=Sum("payable_micro")).order_by("-payout_count")


def funds(run: PayoutRun) -> Funds:
    """What a run still needs, and what our books have available at Stripe."""
    waiting = run.payouts.filter(state=PayoutState.DRAFTED)
    needed_minor = int(waiting.aggregate(total=Sum("amount_minor", default=0))["total"])
    balance = LedgerAccount.objects.filter(kind=AccountKind.STRIPE_BALANCE, currency=run.currency)
    there_micro = -int(balance.aggregate(total=Sum("balance_micro", default=0))["total"])
    return Funds(needed_minor, whole_minor(there_micro, run.currency))


def made_of(payout: Payout) -> list[dict[str, Any]]:
    """What a payout's balance came from, oldest first: postings up to the draft, summed by month and kind, in micro."""
    postings = Posting.objects.filter(
        account__kind=AccountKind.PAYABLE,
        account__contributor=payout.contributor_id,
        account__currency=payout.run.currency,
        entry__posted_at__lte=payout.run.drafted_at,
    )
    by_kind = postings.order_by().values(
        kind=F("entry__kind"), month_on=F("entry__period__month_on"), origin_on=F("entry__origin_period__month_on")
    )
    return [dict(row) for row in by_kind.annotate(total_micro=Sum("amount_micro")).order_by("month_on", "kind")]
