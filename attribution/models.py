"""Embeddings, stamped with the encoder that made them, and inspiration lists with integer shares."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from pgvector.django import HalfVectorField

from marketplace.models import Asset, Download, Generation, TrainingSet
from marketplace.triggers import append_only, never_updated

WIDTH = 512  # halfvec(512) is stored in line: wider rows would go out of line and be read six times slower


class Encoder(models.Model):
    """One recipe that turns images into vectors. A new recipe is a new row beside the old one."""

    name = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, unique=True)
    recipe = models.JSONField()
    is_current = models.BooleanField()
    registered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["is_current"], condition=models.Q(is_current=True), name="one_current_encoder"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint[:12]}"


class Embedding(models.Model):
    """The unit vector of one asset under one encoder."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    vector = HalfVectorField(dimensions=WIDTH)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["encoder", "asset"], name="one_embedding_per_encoder"),)
        triggers = never_updated()


class GenerationEmbedding(models.Model):
    """The unit vector of one generation under one encoder: what its inspiration list is recomputed from."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    vector = HalfVectorField(dimensions=WIDTH)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["encoder", "generation"], name="one_generation_embedding_per_encoder"),
        )
        triggers = never_updated()


class EmbeddingFailure(models.Model):
    """An asset or a generation whose stored picture an encoder cannot read.

    It is final for that encoder, so that lists computed since can be recomputed: an asset is on none of them, and all
    of a generation is unattributed.
    """

    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, related_name="embedding_failures")
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, null=True, related_name="embedding_failures")
    reason = models.TextField()
    failed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(asset__isnull=False) ^ models.Q(generation__isnull=False),
                name="failure_of_an_asset_or_a_generation",
            ),
            models.UniqueConstraint(fields=["encoder", "asset"], name="one_failure_per_asset"),
            models.UniqueConstraint(fields=["encoder", "generation"], name="one_failure_per_generation"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"asset {self.asset_id}" if self.asset_id else f"generation {self.generation_id}"


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
    download_count = models.PositiveIntegerField()
    finished_at = models.DateTimeField()

    class Meta:
        triggers = append_only()


class InspirationList(models.Model):
    """The attribution of one download: parallel arrays in order of rank; shares and remainder sum to 1,000,000 ppm."""

    download = models.OneToOneField(Download, on_delete=models.PROTECT, related_name="inspiration_list")
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
