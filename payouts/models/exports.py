"""What left the house: exports of training sets for dataset deals."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from marketplace.triggers import append_only
from payouts.models.months import RevenueEvent


class TrainingSetExport(models.Model):
    """One finished export for a dataset deal: how many images, which members were left out, and what was written."""

    deal = models.ForeignKey(RevenueEvent, on_delete=models.PROTECT, related_name="exports")
    images = models.PositiveIntegerField()
    left_out_ids = ArrayField(models.BigIntegerField(), help_text="Of assets without consent when it was made.")
    checksums_sha256 = models.CharField(max_length=64, help_text="Of the file that lists the SHA-256 of all others.")
    exported_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"export {self.pk} of deal {self.deal_id}"
