"""Cases in which somebody asks for an image to be removed, their decisions, and what customers are told of them."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from marketplace.core.removals import Opener, RemovalKind, RemovalOutcome
from marketplace.models.catalogue import Asset
from marketplace.models.people import Customer, User
from marketplace.triggers import append_only


class RemovalCase(models.Model):
    """A request to remove an image, which is withheld until a reviewer decides, and for good if they remove it.

    Third parties may not know its number: they say where they saw it, and a reviewer names it, once.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, related_name="removal_cases")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in RemovalKind])
    opener = models.CharField(max_length=20, choices=[(opener.value, opener.value) for opener in Opener])
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    email = models.EmailField(blank=True, help_text="Of a third party.")
    seen_at = models.CharField(max_length=500, blank=True, help_text="Where a third party saw the image.")
    statement = models.TextField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RemovalKind]), name="removal_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(opener=Opener.THIRD_PARTY.value, opened_by__isnull=True) & ~Q(email="")
                | Q(
                    opener__in=[Opener.CONTRIBUTOR.value, Opener.REVIEWER.value],
                    opened_by__isnull=False,
                    asset__isnull=False,
                    email="",
                ),
                name="removal_case_is_somebodys",
            ),
            models.CheckConstraint(condition=~Q(statement=""), name="removal_case_has_a_statement"),
        )
        triggers = (
            pgtrigger.ReadOnly(name="only_its_image_is_named", exclude=["asset"]),
            pgtrigger.Protect(
                name="its_image_is_named_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__asset__isnull=False),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"removal case {self.pk}"


class RemovalReport(models.Model):
    """What somebody reported of an image; it opens a case once they proved their address, and is deleted in time."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in RemovalKind])
    email = models.EmailField()
    seen_at = models.CharField(max_length=500, blank=True)
    statement = models.TextField()
    reported_at = models.DateTimeField()
    case = models.ForeignKey(RemovalCase, on_delete=models.PROTECT, null=True, related_name="reports")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in RemovalKind]), name="report_kind_known"
            ),
        )
        indexes = (models.Index(fields=["reported_at"], name="report_by_time"),)

    def __str__(self) -> str:
        return f"report {self.pk}"


class RemovalDecision(models.Model):
    """What a reviewer decided of a case, once, and why."""

    case = models.OneToOneField(RemovalCase, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=10, choices=[(outcome.value, outcome.value) for outcome in RemovalOutcome])
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="removal_decisions")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(outcome__in=[outcome.value for outcome in RemovalOutcome]), name="removal_outcome_known"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="removal_decision_has_a_reason"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.outcome} by {self.decided_by_id}"


class CustomerNotice(models.Model):
    """What a customer is told of a removed image that their licensed generations resemble: once for each case."""

    case = models.ForeignKey(RemovalCase, on_delete=models.PROTECT, related_name="notices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notices")
    download_ids = ArrayField(models.BigIntegerField(), help_text="Of the licences that it is about.")
    text = models.TextField()
    written_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case", "customer"], name="one_notice_of_a_case"),
            models.CheckConstraint(condition=~Q(text=""), name="notice_says_something"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"notice {self.pk} to {self.customer_id}"
