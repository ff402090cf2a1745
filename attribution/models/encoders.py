"""Encoders and the vectors that they made."""

from django.db import models
from pgvector.django import HalfVectorField

from marketplace.models import Asset, Generation
from marketplace.triggers import append_only, never_updated

WIDTH = 512  # halfvec(512) is stored in line: wider rows would go out of line and be read six times slower
TILES = "WIDTH numbers of one byte for each of its tiles, out of line: only those of candidates are read."


class EncoderState(models.TextChoices):
    """What an encoder is used for: nothing yet, everything that is computed now, or lists of the past."""

    BUILDING = "building"
    CURRENT = "current"
    RETIRED = "retired"


class Encoder(models.Model):
    """One recipe that turns images into vectors. A new one is built beside the current one, and then takes its place.

    Its fingerprint is what it is; `recipe` says where its files were when it was registered.
    """

    name = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64, unique=True)
    recipe = models.JSONField()
    state = models.CharField(max_length=10, choices=EncoderState.choices)
    registered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["state"], condition=~models.Q(state=EncoderState.RETIRED), name="one_current_one_building"
            ),
            models.CheckConstraint(condition=models.Q(state__in=EncoderState.values), name="encoder_state_known"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint[:12]}"


class Embedding(models.Model):
    """The unit vector of one asset under one encoder, and its tiles."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    vector = HalfVectorField(dimensions=WIDTH)
    tiles = models.BinaryField(help_text=TILES)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["encoder", "asset"], name="one_embedding_per_encoder"),)
        triggers = never_updated()


class GenerationEmbedding(models.Model):
    """The unit vector of one generation under one encoder, and its tiles: what its list is recomputed from."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="embeddings")
    encoder = models.ForeignKey(Encoder, on_delete=models.PROTECT)
    vector = HalfVectorField(dimensions=WIDTH)
    tiles = models.BinaryField(help_text=TILES)

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
