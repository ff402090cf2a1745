"""Claims of a share, decided by a reviewer; what is granted is credited by an adjusting entry in the open period.

The list and the closed month stay as they were: the platform pays what a granted claim credits, as with appeals.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from attribution.models import InspirationList
from marketplace.core.appeals import appeal_deadline
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Asset, Download, TrainingSetMember, User
from marketplace.permissions import is_reviewer
from payouts.adjusting import AdjustmentRefused, record_adjustment
from payouts.core.refunds import given_back
from payouts.earnings import sale_of
from payouts.mail_events import claim_decided
from payouts.models import Adjustment, AdjustmentReason, Period, RevenueEvent, ShareClaim, ShareClaimDecision
from payouts.money_back import gone_before, lock, shared_by_sales


class ClaimRefused(ValueError):
    """A share cannot be claimed, or a claim not be decided so; the message says why."""


@transaction.atomic
def claim_share(download: Download, asset: Asset, statement: str, claimed_by: User, at: datetime) -> ShareClaim:
    """Record the claim that a download resembles an image of theirs that its list leaves out. Raises `ClaimRefused`."""
    Asset.objects.select_for_update(no_key=True).get(pk=asset.pk)  # whoever presses twice claims once
    if asset.contributor.user_id != claimed_by.pk:
        raise ClaimRefused(_("Image %(image)s is not yours.") % {"image": asset.pk})
    if not statement.strip():
        raise ClaimRefused(_("Say what of your image you see in the generated one."))
    if ShareClaim.objects.filter(download=download, asset=asset).exists():
        raise ClaimRefused(_("You claimed a share of this download for this image before."))
    period = _closed_period(download)
    assert period.closed_at is not None
    _require_no_share(download, asset)
    if at >= (deadline := appeal_deadline(period.closed_at, settings.APPEAL_DAYS)):
        raise ClaimRefused(
            _("The time to claim is over: it ended at %(deadline)s UTC.") % {"deadline": f"{deadline:%Y-%m-%d %H:%M}"}
        )
    return ShareClaim.objects.create(
        download=download, asset=asset, statement=statement.strip(), claimed_by=claimed_by, claimed_at=at
    )


def _require_no_share(download: Download, asset: Asset) -> None:
    if asset.pk in InspirationList.objects.get(download=download).asset_ids:
        raise ClaimRefused(_("Image %(image)s is on the inspiration list of this download.") % {"image": asset.pk})
    members = TrainingSetMember.objects.filter(training_set=download.generation.training_set_id, asset=asset)
    if not members.exists():
        raise ClaimRefused(
            _("Image %(image)s is not in the training set of this generator: it had no part in what it makes.")
            % {"image": asset.pk}
        )


def _closed_period(download: Download) -> Period:
    """The closed month that shared a download. Raises `ClaimRefused`."""
    sale = sale_of(download)
    if sale is None or sale.period.state != Period.CLOSED:
        raise ClaimRefused(_("The month of this download is not closed yet: claim when it is."))
    return sale.period


@transaction.atomic
def decide_claim(claim: ShareClaim, share_ppm: int, reason: str, decided_by: User, at: datetime) -> ShareClaimDecision:
    """Grant a claim with a share of the download, which is credited at once, or refuse it with zero ppm, for good.

    Raises `ClaimRefused`.
    """
    Asset.objects.select_for_update(no_key=True).get(pk=claim.asset_id)  # of two who decide, the second sees the first
    if not may_decide(decided_by, claim):
        raise ClaimRefused(_("You cannot decide this: a reviewer can whose own image is not in question."))
    if ShareClaimDecision.objects.filter(claim=claim).exists():
        raise ClaimRefused(_("This claim is decided already."))
    if not reason.strip():
        raise ClaimRefused(_("A decision needs a reason: say what you saw."))
    decision = ShareClaimDecision.objects.create(
        claim=claim,
        share_ppm=share_ppm,
        reason=reason.strip(),
        decided_by=decided_by,
        decided_at=at,
        adjustment=_credited(claim, share_ppm, decided_by, at) if share_ppm else None,
    )
    claim_decided(decision)
    return decision


def _credited(claim: ShareClaim, share_ppm: int, decided_by: User, at: datetime) -> Adjustment:
    lock(claim.download)  # no refund meanwhile
    period = _closed_period(claim.download)
    if not worth_micro(claim.download, period, WHOLE_PPM):
        raise ClaimRefused(_("What was paid for this download went back: nothing is left to share. Refuse the claim."))
    amount_micro = worth_micro(claim.download, period, share_ppm)
    if not amount_micro:
        raise ClaimRefused(_("Such a share of this download is worth less than a millionth: nothing can be credited."))
    note = f"Claim {claim.pk}: a share of {share_ppm} ppm of download {claim.download_id} for image {claim.asset_id}."
    try:
        return record_adjustment(
            claim.asset.contributor,
            amount_micro,
            period.month,
            AdjustmentReason.APPEAL,
            note,
            decided_by,
            f"claim:{claim.pk}",
            at,
        )
    except AdjustmentRefused as error:
        raise ClaimRefused(str(error)) from error


def worth_micro(download: Download, period: Period, share_ppm: int) -> int:
    """What a share of a download still has of the closed month's pool, in micro-units, rounded down.

    As much as a refund of all that is left would take back: what went back for good brings nobody anything.
    """
    shared = RevenueEvent.objects.filter(download=download, period=period, origin_period__isnull=True)
    gone_minor = gone_before(download, period)
    left_minor = shared.aggregate(gross=Sum("gross_minor", default=0))["gross"] - gone_minor
    if left_minor <= 0:
        return 0
    return given_back(*shared_by_sales(period), gone_minor, left_minor, {"claimed": share_ppm}).get("claimed", 0)


def may_decide(user: User, claim: ShareClaim) -> bool:
    """Whether they are a reviewer to whom the image does not belong."""
    return is_reviewer(user) and claim.asset.contributor.user_id != user.pk


def open_claims() -> QuerySet[ShareClaim]:
    """Claims that are not decided yet, the oldest first."""
    return ShareClaim.objects.filter(decision__isnull=True).order_by("pk")
