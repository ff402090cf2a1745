"""Which assets are copies of earlier ones, by what proof, and what their owners said against it.

Nothing here is changed or deleted: which copies were known, and not ruled out, can be asked for any time.
"""

from django.db import models
from django.db.models import F, Q

from marketplace.models import Asset, User
from marketplace.near_hashes import band_indexes
from marketplace.triggers import append_only


class Proof(models.TextChoices):
    """What shows that an asset is a copy."""

    FEATURES = "features", "local features"
    PIXELS = "pixels", "equal pixels"
    DECISION = "decision", "a reviewer's decision"


class Outcome(models.TextChoices):
    """What a reviewer found of a contest. All but the first end the link."""

    STANDS = "stands", "It is a copy: nothing changes"
    INDEPENDENT = "independent", "It is a picture of its own: it counts for itself"
    FIRST = "first", "It is the original: the earlier upload counts as its copy"


class PerceptualHash(models.Model):
    """The 64-bit pHash of an asset's preview, by which later copies of it are looked for.

    An index for each of its bands has all that a search asks for, so that none of the table is read.
    """

    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="perceptual_hash")
    hash = models.BigIntegerField()
    hashed_at = models.DateTimeField()

    class Meta:
        indexes = band_indexes("hash", "perceptual_hash", "asset")
        triggers = append_only()


class DuplicateCheck(models.Model):
    """An asset that was compared with all that were ingested before it."""

    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="duplicate_check")
    compared_count = models.PositiveIntegerField(help_text="How many earlier assets were alike enough to be compared.")
    checked_at = models.DateTimeField()

    class Meta:
        triggers = append_only()


class LookAlikeCheck(models.Model):
    """An asset that was compared with the generations made before it was ingested."""

    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="look_alike_check")
    compared_count = models.PositiveIntegerField(help_text="How many generations were alike enough to be compared.")
    checked_at = models.DateTimeField()

    class Meta:
        triggers = append_only()


class NearDuplicate(models.Model):
    """An asset counts as a copy of another, from `detected_at` until a contest of it is won.

    Links form chains; the end of a chain is the original of the near-duplicate group.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="copy_links")
    original = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    proof = models.CharField(max_length=10, choices=Proof.choices)
    evidence = models.JSONField(help_text="Areas as parts of each picture in ppm, regions as corners 0...1.")
    detected_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=~Q(asset=F("original")), name="no_copy_of_itself"),
            models.CheckConstraint(condition=Q(proof__in=Proof.values), name="near_duplicate_proof_known"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"asset {self.asset_id} as a copy of asset {self.original_id}"


class Contest(models.Model):
    """What the owner of an asset says against its counting as a copy; once for each link."""

    near_duplicate = models.OneToOneField(NearDuplicate, on_delete=models.PROTECT, related_name="contest")
    statement = models.TextField()
    contested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    contested_at = models.DateTimeField()

    class Meta:
        triggers = append_only()


class ContestDecision(models.Model):
    """A reviewer's decision of a contest, with its reason. It changes lists computed from then on, and none before."""

    contest = models.OneToOneField(Contest, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="contest_outcome_known"),)
        triggers = append_only()
