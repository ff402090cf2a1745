"""What contributors upload: submissions, how they were screened, and the assets that were accepted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from marketplace.core.verdicts import Verdict
from marketplace.models.people import Contributor
from marketplace.triggers import append_only

SHA256_HEX_LENGTH = 64
VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]


class Submission(models.Model):
    """One uploaded file and what its contributor says of it. The original is private and never served.

    What is kept of a readable picture, as of an accepted one, is what its owner and reviewers are shown of it.
    """

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="submissions")
    original = models.FileField(upload_to="originals", max_length=200)
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, db_index=True)
    file_name = models.CharField(max_length=255)
    title = models.CharField(max_length=300)
    keywords = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    licence = models.CharField(max_length=200)
    captured_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField()
    training_consent = models.BooleanField(default=True, help_text="What holds for the asset once it is accepted.")
    preview = models.FileField(upload_to="previews", max_length=200, blank=True, help_text="Empty if unreadable.")
    thumbnail = models.FileField(upload_to="thumbnails", max_length=200, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    verdict = models.CharField(max_length=10, choices=VERDICTS, help_text="The newest decision.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["contributor", "sha256"], name="one_submission_per_contributor_and_file"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[verdict.value for verdict in Verdict]), name="submission_verdict_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.file_name} by {self.contributor_id}"


class ScreeningResult(models.Model):
    """All signals of one submission under one version of the screen, with their evidence."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="screening_results")
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    reasons = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    signals = models.JSONField(help_text="One object per signal: name, verdict, reason, evidence.")
    version = models.CharField(max_length=40)
    screened_at = models.DateTimeField()

    class Meta:
        triggers = append_only()


class Rescreening(models.Model):
    """What a version of the screen would say of a submission that an earlier one decided; nothing follows from it yet.

    `applied_at` says when it became a screening result; it stays empty where nothing changes.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="rescreenings")
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    reasons = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    signals = models.JSONField(help_text="As in screening results.")
    version = models.CharField(max_length=40)
    screened_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["submission", "version"], name="rescreened_once_by_a_version"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=[verdict.value for verdict in Verdict]), name="rescreening_verdict_known"
            ),
        )


class Asset(models.Model):
    """An accepted contributor image. Ids follow the order of first ingest."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT)
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="assets")
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, unique=True)
    preview = models.FileField(upload_to="previews", max_length=200, help_text="Re-encoded, without metadata.")
    thumbnail = models.FileField(upload_to="thumbnails", max_length=200, help_text="What other people's pages show.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    ingested_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"asset {self.pk}"


class TrainingConsent(models.Model):
    """A contributor's yes or no to training on one asset, from a date on; the last recorded one in effect counts.

    A no keeps the asset out of all training sets that are frozen from its effect on. Sets that were frozen before keep
    it, since models that are trained on it go on using it: so it goes on earning from what those generate.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="consents")
    granted = models.BooleanField()
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = append_only()
        indexes = (models.Index(fields=["asset", "-effective_at"], name="consent_in_effect"),)


class ConsentDefault(models.Model):
    """What a contributor says of images that they will upload; the newest one counts, and no before the first."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="consent_defaults")
    granted = models.BooleanField()
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = append_only()
