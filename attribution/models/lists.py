"""Inspiration lists with integer shares, the batches that made them, and by which method."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from attribution.models.encoders import Encoder
from marketplace.models import Contributor, Download, Generation, TrainingSet
from marketplace.triggers import append_only


class Method(models.Model):
    """A way to turn similarities into shares: name, version and parameters."""

    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    parameters = models.JSONField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "version", "parameters"], name="method_once"),)
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class AttributionBatch(models.Model):
    """One run over downloads that had no inspiration list yet."""

    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    method = models.ForeignKey(Method, on_delete=models.PROTECT)
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT)
    download_count = models.PositiveIntegerField(help_text="How many got their list.")
    failed_count = models.PositiveIntegerField(default=0, help_text="How many did not, since their generation failed.")
    finished_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "attribution batches"
        triggers = append_only()


class AttributionFailure(models.Model):
    """Why the shares of a generation could not be computed; its downloads wait until somebody has it tried again."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="attribution_failures")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    reason = models.TextField()
    failed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["generation", "encoder"], name="one_attribution_failure_per_encoder"),
        )

    def __str__(self) -> str:
        return f"generation {self.generation_id}"


class InspirationList(models.Model):
    """The attribution of one download: parallel arrays in order of rank; shares and remainder sum to 1,000,000 ppm.

    The table is partitioned by the month of `downloaded_at`. In the database, the primary key and the foreign key to
    the download cover both columns, so that no download can have two lists, not even in two months.
    """

    download = models.OneToOneField(
        Download, on_delete=models.PROTECT, primary_key=True, related_name="inspiration_list", db_constraint=False
    )
    downloaded_at = models.DateTimeField(help_text="The download's own.")
    batch = models.ForeignKey(AttributionBatch, on_delete=models.PROTECT)
    asset_ids = ArrayField(models.BigIntegerField())
    contributor_ids = ArrayField(models.BigIntegerField())
    similarities = ArrayField(models.FloatField())
    shares_ppm = ArrayField(models.IntegerField())
    unattributed_ppm = models.IntegerField()

    class Meta:
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="shares_sum_to_one_million",
                level=pgtrigger.Row,
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NEW.unattributed_ppm < 0 OR EXISTS (SELECT FROM unnest(NEW.shares_ppm) AS share WHERE share < 0)
                   OR NEW.unattributed_ppm + (SELECT coalesce(sum(share), 0) FROM unnest(NEW.shares_ppm) AS share)
                      <> 1000000 THEN
                    RAISE EXCEPTION 'The shares of download % and its remainder do not sum to 1,000,000 ppm.',
                        NEW.download_id;
                END IF;
                IF cardinality(NEW.asset_ids) <> cardinality(NEW.shares_ppm)
                   OR cardinality(NEW.asset_ids) <> cardinality(NEW.contributor_ids)
                   OR cardinality(NEW.asset_ids) <> cardinality(NEW.similarities) THEN
                    RAISE EXCEPTION 'The arrays of the inspiration list of download % differ in length.',
                        NEW.download_id;
                END IF;
                RETURN NEW;
                """,
            ),
        )


class DailyShare(models.Model):
    """What a contributor's images were found in on one UTC day of downloads; without a contributor, the unattributed.

    It is the sum of the inspiration lists of that day, kept by the transactions that write them.
    """

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, null=True, related_name="daily_shares")
    downloaded_on = models.DateField()
    download_count = models.PositiveIntegerField(help_text="Downloads in which they have a share.")
    share_ppm = models.BigIntegerField(help_text="The sum of those shares; one whole download is 1,000,000.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["contributor", "downloaded_on"], name="one_daily_share", nulls_distinct=False
            ),
        )
