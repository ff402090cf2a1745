"""Claims of a share: a contributor says that a download resembles an image that its inspiration list leaves out."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.models import Asset, Download
from marketplace.triggers import append_only
from payouts.models.adjustments import Adjustment


class ShareClaim(models.Model):
    """What the owner of an image says of a download that has no share for it; once for each download and image."""

    download = models.ForeignKey(Download, on_delete=models.PROTECT, related_name="share_claims")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="share_claims")
    statement = models.TextField()
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["download", "asset"], name="share_claimed_once"),)
        triggers = append_only()

    def __str__(self) -> str:
        return f"claim {self.pk}"


class ShareClaimDecision(models.Model):
    """A reviewer's decision of a claim: granted, with the share and the adjustment that credits it, or refused."""

    claim = models.OneToOneField(ShareClaim, on_delete=models.PROTECT, related_name="decision")
    share_ppm = models.PositiveIntegerField(help_text="Of the download, as granted; zero where refused.")
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    adjustment = models.OneToOneField(Adjustment, on_delete=models.PROTECT, null=True, related_name="claim_decision")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(share_ppm=0, adjustment__isnull=True)
                | Q(share_ppm__gt=0, share_ppm__lte=1_000_000, adjustment__isnull=False),
                name="granted_claim_is_adjusted",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="claim_decision_has_a_reason"),
        )
        triggers = append_only()
