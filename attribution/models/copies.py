"""What a generation's comparison with its training set found, and audits of whole generator models."""

from django.db import models

from attribution.core.copies import Tier
from attribution.models.encoders import Encoder
from attribution.models.lists import Method
from marketplace.models import Asset, Generation, GeneratorModel, ModelAudit, OutputCheck
from marketplace.triggers import append_only

TIERS = [(tier.value, tier.value) for tier in Tier]


class CopyCheck(models.Model):
    """One comparison of a generation with the nearest images of its training set, by one method.

    The encoder chose the `compared_count` images; `tools` are the versions of what proved or disproved the copies.
    """

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="copy_checks")
    output_check = models.OneToOneField(OutputCheck, on_delete=models.PROTECT, related_name="copy_check")
    method = models.ForeignKey(Method, on_delete=models.PROTECT)
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    tier = models.CharField(max_length=20, choices=TIERS)
    compared_count = models.PositiveIntegerField()
    tools = models.JSONField()
    checked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["generation", "method"], name="one_copy_check_per_method"),
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _ in TIERS]), name="copy_check_tier_known"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"copy check of generation {self.generation_id}: {self.tier}"


class CopyMatch(models.Model):
    """An image of which a generation may hold a copy, with the evidence.

    Regions are polygons of [x, y] in parts of the picture's width and height; `similarity` is the encoder's cosine.
    """

    copy_check = models.ForeignKey(CopyCheck, on_delete=models.PROTECT, related_name="matches")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="copy_matches")
    tier = models.CharField(max_length=20, choices=TIERS)
    similarity = models.FloatField()
    sscd_similarity = models.FloatField(null=True)
    inliers = models.PositiveIntegerField()
    inlier_ratio = models.FloatField(null=True, help_text="Of the local features that look alike.")
    is_mirrored = models.BooleanField()
    generation_area_ppm = models.PositiveIntegerField()
    asset_area_ppm = models.PositiveIntegerField()
    generation_region = models.JSONField()
    asset_region = models.JSONField()

    class Meta:
        verbose_name_plural = "copy matches"
        constraints = (
            models.UniqueConstraint(fields=["copy_check", "asset"], name="match_once"),
            models.CheckConstraint(
                condition=models.Q(tier__in=[value for value, _ in TIERS]), name="copy_match_tier_known"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"asset {self.asset_id}: {self.tier}"


class ReplicationAudit(models.Model):
    """How often a generator model's generations copy its training set, as of one day.

    `figures` is what the report's JSON says; `report_sha256` is that of the HTML report. The model audit, which audits
    from before models had states lack, is what the model's card says of it.
    """

    generator_model = models.ForeignKey(GeneratorModel, on_delete=models.PROTECT, related_name="replication_audits")
    model_audit = models.OneToOneField(
        ModelAudit, on_delete=models.PROTECT, null=True, related_name="replication_audit"
    )
    figures = models.JSONField()
    report_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"replication audit of {self.generator_model} at {self.made_at:%Y-%m-%d}"
