"""Which terms of use somebody accepted, and when."""

from django.db import models

from marketplace.core.terms import Audience
from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.people import User
from marketplace.triggers import append_only


class TermsAcceptance(models.Model):
    """That somebody accepted a version of the terms for contributors or customers, once for each text."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="terms_acceptances")
    audience = models.CharField(max_length=20, choices=[(audience.value, audience.value) for audience in Audience])
    version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, help_text="Of the file with the terms' text.")
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["user", "audience", "sha256"], name="terms_accepted_once"),
            models.CheckConstraint(
                condition=models.Q(audience__in=[audience.value for audience in Audience]), name="terms_audience_known"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.audience} terms {self.version} by {self.user_id}"


class UploadTerms(models.Model):
    """Under which terms a submission was uploaded; imports have none."""

    submission = models.OneToOneField("Submission", on_delete=models.PROTECT, related_name="terms")
    acceptance = models.ForeignKey(TermsAcceptance, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()


class DownloadTerms(models.Model):
    """Under which terms a licence was bought; those from before there were terms have none."""

    download = models.OneToOneField("Download", on_delete=models.PROTECT, related_name="accepted_terms")
    acceptance = models.ForeignKey(TermsAcceptance, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
