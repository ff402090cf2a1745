"""What a removed image earned is taken back, month by month, where its contributor should not have offered it.

Removal cases are decided in the marketplace, which knows nothing of money: they are found here, like downloads to book.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from marketplace.core.money import format_micro
from marketplace.core.removals import Opener, RemovalKind, RemovalOutcome, takes_earnings_back
from marketplace.models import Asset, RemovalCase, RemovalDecision
from payouts.adjusting import record_adjustment
from payouts.core.refunds import given_back
from payouts.models import AdjustmentReason, Earning, Period, RemovalSettlement, RevenueEvent
from payouts.money_back import GONE_FOR_GOOD, shared_by_sales
from payouts.selectors import line_weights

TAKING_BACK = [(kind, opener) for kind in RemovalKind for opener in Opener if takes_earnings_back(kind, opener)]


def settle_removals(at: datetime) -> int:
    """Take back what images that were removed earned in closed months, once for each case and month.

    A month that is closed later is settled then: models that were trained on the image go on earning by it. Of an image
    with several cases, the first one settles. Returns how many months were settled.
    """
    return sum(_settle(decision, at) for decision in _removals())


def _removals() -> list[RemovalDecision]:
    decided = RemovalDecision.objects.filter(outcome=RemovalOutcome.REMOVED).order_by("pk")
    found = decided.select_related("case__asset__contributor", "decided_by")
    taking = [one for one in found if (one.case.kind, one.case.opener) in TAKING_BACK]
    return list({one.case.asset_id: one for one in reversed(taking)}.values())


def _settle(decision: RemovalDecision, at: datetime) -> int:
    asset = decision.case.asset
    assert asset
    unsettled = list(_unsettled(decision.case, asset))
    for period in unsettled:
        _settle_month(decision, asset, period, at)
    return len(unsettled)


def _unsettled(case: RemovalCase, asset: Asset) -> QuerySet[Period]:
    """Closed months in which its contributor earned from attribution and that the case has not settled."""
    earned = Earning.objects.filter(period=OuterRef("pk"), contributor=asset.contributor_id, kind=Earning.ATTRIBUTION)
    settled = RemovalSettlement.objects.filter(period=OuterRef("pk"), case=case)
    closed = Period.objects.filter(Exists(earned), ~Exists(settled), state=Period.CLOSED)
    return closed.order_by("month_on")


@transaction.atomic
def _settle_month(decision: RemovalDecision, asset: Asset, period: Period, at: datetime) -> None:
    """Record that a month is settled, and the adjustment where the image earned something in it."""
    case = decision.case
    Period.objects.select_for_update(no_key=True).get(pk=period.pk)  # no refund of the month, and no other worker
    if RemovalSettlement.objects.filter(case=case, period=period).exists():
        return
    amount_micro = kept_by_asset(period, asset)
    adjustment = None
    if amount_micro:
        month = period.month
        adjustment = record_adjustment(
            asset.contributor,
            -amount_micro,
            month,
            AdjustmentReason.TAKEDOWN,
            f"Image {asset.pk} was removed ({case}): {format_micro(amount_micro)} {period.currency} that it earned.",
            decision.decided_by,
            f"removal:{case.pk}:{month}",
            at,
        )
    RemovalSettlement.objects.create(
        case=case, period=period, amount_micro=amount_micro, adjustment=adjustment, settled_at=at
    )


def kept_by_asset(period: Period, asset: Asset) -> int:
    """What an image still has of a closed month, in micro-units: what a refund of all its downloads now would take.

    So refunds and the removal take the same together, in whatever order they come.
    """
    weights = line_weights(period, asset.contributor_id)
    of_asset = {download_id: weight for (download_id, asset_id), weight in weights.items() if asset_id == asset.pk}
    events = RevenueEvent.objects.filter(download__in=of_asset).order_by().values("download__pk")
    shared, back = Q(period=period, origin_period__isnull=True), Q(GONE_FOR_GOOD, origin_period=period)
    sums = events.annotate(
        paid=Sum("gross_minor", filter=shared, default=0), back=Sum("gross_minor", filter=back, default=0)
    )
    kept_micro = 0
    for row in sums.exclude(paid=-F("back")):
        left_minor, share_ppm = row["paid"] + row["back"], of_asset[row["download__pk"]] // row["paid"]
        kept = given_back(*shared_by_sales(period), -row["back"], left_minor, {asset.pk: share_ppm})
        kept_micro += kept.get(asset.pk, 0)
    return kept_micro
