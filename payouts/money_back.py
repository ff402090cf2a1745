"""Money of a sale that goes back: which month's pool had it, and who gives back what of it.

As long as that month is not closed, its pool becomes smaller and that is all. Later, those whom the download paid give
their parts back, in the period that is open then.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from attribution.models import InspirationList
from marketplace.core.money import Money
from marketplace.core.periods import Month
from marketplace.models import Download
from payouts.core import ledger
from payouts.core.ledger import Account, AccountKind, PostingLine
from payouts.core.refunds import fee_of, given_back
from payouts.models import (
    Adjustment,
    AdjustmentReason,
    DisputeOutcome,
    Entry,
    Period,
    RemovalSettlement,
    RevenueEvent,
    RevenueKind,
)
from payouts.posting import locked_balances, locked_period, open_period

PLATFORM = (
    Account(AccountKind.STRIPE_BALANCE),
    Account(AccountKind.PLATFORM_REVENUE),
    Account(AccountKind.FEES),
    Account(AccountKind.COMMON_FUND),
)
GONE_FOR_GOOD = Q(kind=RevenueKind.REFUND) | Q(outcome__outcome=DisputeOutcome.LOST)


class MoneyBackRefused(ValueError):
    """This money cannot go back; the message says why."""


@dataclass(frozen=True)
class Claim:
    """Money of a download that goes back: the period that it is booked to, and the closed one whose pool had it."""

    download: Download
    period: Period
    origin: Period | None
    amount_minor: int
    fee_minor: int

    def event(self, kind: RevenueKind, entry: Entry, at: datetime) -> RevenueEvent:
        """Record it."""
        return RevenueEvent.objects.create(
            kind=kind,
            download=self.download,
            period=self.period,
            origin_period=self.origin,
            entry=entry,
            gross_minor=-self.amount_minor,
            fee_minor=-self.fee_minor,
            net_minor=self.fee_minor - self.amount_minor,
            currency=self.period.currency,
            occurred_at=at,
        )


@dataclass(frozen=True)
class Parts:
    """What is given back, in micro-units: by contributor, and by the common fund of a training set."""

    contributors: Mapping[int, int]
    training_sets: Mapping[int, int]

    @property
    def is_something(self) -> bool:
        """Whether anybody gives back anything."""
        return bool(self.contributors or self.training_sets)

    def record(self, entry: Entry, reason: AdjustmentReason) -> None:
        """Record the adjustments that they are."""
        Adjustment.objects.bulk_create(
            [Adjustment(entry=entry, reason=reason, contributor_id=pk, amount_micro=-m)
             for pk, m in sorted(self.contributors.items())]
            + [Adjustment(entry=entry, reason=reason, training_set_id=pk, amount_micro=-m)
               for pk, m in self.training_sets.items()]
        )  # fmt: skip


def lock(download: Download) -> None:
    """Let no other money of a download go back until this transaction ends: ask before anything else.

    It is the lock that the database's own check takes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('money back of download ' || %s, 0))", [download.pk]
        )


def claim_back(download: Download, amount_minor: int, at: datetime) -> Claim:
    """Find the month whose pool had so much of a sale, and lock it: `lock` first. Raises `MoneyBackRefused`."""
    if amount_minor <= 0:
        raise MoneyBackRefused(f"{amount_minor} cannot go back: give a positive number of minor units.")
    events = RevenueEvent.objects.filter(download=download)
    sale = events.filter(kind=RevenueKind.DOWNLOAD_SALE).first()
    if sale is None:
        raise MoneyBackRefused(f"{download} is not booked yet: let the worker finish, then try again.".capitalize())
    months = events.annotate(home=Coalesce("origin_period__month_on", "period__month_on")).values("home")
    left = list(
        months.annotate(left=Sum("gross_minor")).filter(left__gt=0).order_by("-home").values_list("home", "left")
    )
    if not left or amount_minor > left[0][1]:
        raise MoneyBackRefused(_too_much(download, amount_minor, sale.currency, left))
    home = locked_period(Month(left[0][0].year, left[0][0].month))
    is_closed = home.state == Period.CLOSED
    before_minor = sale.gross_minor - sum(minor for _, minor in left)
    return Claim(
        download=download,
        period=open_period(at) if is_closed else home,
        origin=home if is_closed else None,
        amount_minor=amount_minor,
        fee_minor=fee_of(amount_minor, before_minor, sale.gross_minor, sale.fee_minor),
    )


def _too_much(download: Download, amount_minor: int, currency: str, left: list[tuple[datetime, int]]) -> str:
    by_month = ", ".join(f"{Money(minor, currency)} in {month_on:%Y-%m}" for month_on, minor in left) or "nothing"
    parts = " Give it back in parts of at most those, newest first." if len(left) > 1 else ""
    return f"{Money(amount_minor, currency)} cannot go back: of {download} {by_month} is left.{parts}"


def parts_of(download: Download, origin: Period, amount_minor: int) -> Parts:
    """What each gives back of a closed month when so much of a download of it goes back for good.

    Image by image; those whose part a removal took back already give nothing again. Lock the month first.
    """
    stored = InspirationList.objects.select_related("download__generation").get(download=download)
    removed = set(RemovalSettlement.objects.filter(period=origin).values_list("case__asset", flat=True))
    images = {
        (contributor_id, asset_id): share_ppm
        for contributor_id, asset_id, share_ppm in zip(
            stored.contributor_ids, stored.asset_ids, stored.shares_ppm, strict=True
        )
        if asset_id not in removed
    }
    shared = *shared_by_sales(origin), gone_before(download, origin), amount_minor
    contributors: Counter[int] = Counter()
    for (contributor_id, _), amount_micro in given_back(*shared, images).items():
        contributors[contributor_id] += amount_micro
    of_set = {stored.download.generation.training_set_id: stored.unattributed_ppm}
    return Parts(contributors, given_back(*shared, of_set))


def shared_by_sales(closed: Period) -> tuple[int, int]:
    """The pool of a closed month without dataset deals, in micro-units, and the gross in minor units that shared it."""
    assert closed.pool_micro is not None
    assert closed.deals_micro is not None
    assert closed.gross_minor is not None
    return closed.pool_micro - closed.deals_micro, closed.gross_minor


def gone_before(download: Download, origin: Period) -> int:
    """What of the download's part in a closed month's pool went back for good already, in minor units."""
    gone = RevenueEvent.objects.filter(GONE_FOR_GOOD, download=download, origin_period=origin)
    return -int(gone.aggregate(total=Sum("gross_minor", default=0))["total"])


def taken(parts: Parts, held_micro: Mapping[int, int], currency: str) -> list[PostingLine]:
    """The postings that take parts back, out of what was held for it and what is payable. Locks the balances.

    What a contributor does not have becomes receivable, and is netted from what they earn next.
    """
    contributor_ids = parts.contributors.keys() | held_micro.keys()
    kinds = (AccountKind.PAYABLE, AccountKind.HELD, AccountKind.RECEIVABLE)
    balances = locked_balances([*PLATFORM, *(Account(kind, pk) for kind in kinds for pk in contributor_ids)], currency)
    payable = {
        pk: min(amount_micro, balances[Account(AccountKind.PAYABLE, pk)] + held_micro.get(pk, 0))
        for pk, amount_micro in parts.contributors.items()
    }
    receivable = {pk: amount_micro - payable[pk] for pk, amount_micro in parts.contributors.items()}
    released = ledger.hold_released(held_micro, currency) if held_micro else ()
    fund_micro = sum(parts.training_sets.values())
    given = ledger.given_back(payable, receivable, fund_micro, currency) if parts.is_something else ()
    return [*released, *given]


def known_event(entry_key: str, download: Download, amount_minor: int) -> RevenueEvent | None:
    """What was recorded under a key already. Raises `MoneyBackRefused` where that was something else."""
    event = RevenueEvent.objects.filter(entry__idempotency_key=entry_key).select_related("period").first()
    if event is not None and (event.download_id, -event.gross_minor) != (download.pk, amount_minor):
        raise MoneyBackRefused(
            f"{entry_key} is recorded already, as {Money(-event.gross_minor, event.currency)} of download "
            f"{event.download_id}: nothing was posted."
        )
    return event
