"""How good the preview was, day by day."""

from django.db import models

from attribution.models.encoders import Encoder
from marketplace.core.ppm import WHOLE_PPM
from marketplace.triggers import append_only


class PreviewRecall(models.Model):
    """The part of the nearest images that the preview found on one day, over a sample of generations."""

    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    measured_on = models.DateField()
    generation_count = models.PositiveIntegerField()
    recall_ppm = models.PositiveIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["encoder", "measured_on"], name="one_recall_per_encoder_and_day"),
            models.CheckConstraint(condition=models.Q(recall_ppm__lte=WHOLE_PPM), name="recall_is_a_part"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.recall_ppm / WHOLE_PPM:.4f} on {self.measured_on}"
