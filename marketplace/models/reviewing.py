"""What people said of submissions: declarations and appeals, the reviewers' decisions, and the strikes policy.

Nothing here is changed or deleted: together with the screening results it is the log of who did what, when and why.
"""

import pgtrigger
from django.db import models

from marketplace.core.appeals import Decision
from marketplace.core.strikes import StrikesRule
from marketplace.models.catalogue import SHA256_HEX_LENGTH, Submission
from marketplace.models.people import User
from marketplace.triggers import append_only


class SignedDeclaration(models.Model):
    """That the contributor signed the declaration, in which version, when they uploaded the file."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="declaration")
    version = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, help_text="Of the file with the declaration's text.")
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"declaration {self.version} by {self.signed_by_id}"


class Appeal(models.Model):
    """A contributor's appeal against a rejection, once for each submission; the statement may be empty."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="appeal")
    statement = models.TextField(blank=True)
    appealed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    appealed_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"appeal of submission {self.submission_id}"


class SubmissionDecision(models.Model):
    """A reviewer's decision of a held submission or, with `appeal`, of an appeal; the newest one counts."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="decisions")
    appeal = models.OneToOneField(Appeal, on_delete=models.PROTECT, null=True, blank=True, related_name="decision")
    decision = models.CharField(max_length=30, choices=[(decision.value, decision.value) for decision in Decision])
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="submission_decisions")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decision__in=[decision.value for decision in Decision]),
                name="submission_decision_known",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="submission_decision_has_a_reason"),
        )
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="second_reviewer",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__appeal__isnull=False),
                func="""
                IF EXISTS (SELECT FROM marketplace_submissiondecision AS d
                           WHERE d.submission_id = NEW.submission_id AND d.decided_by_id = NEW.decided_by_id) THEN
                    RAISE EXCEPTION 'An appeal is decided by a reviewer who has not decided on submission % before.',
                        NEW.submission_id;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.decision} by {self.decided_by_id}"


class StrikesPolicy(models.Model):
    """How many strikes suspend uploads, from a date on; a change is a new row. Without one, nothing is suspended."""

    effective_at = models.DateTimeField(unique=True)
    strikes = models.PositiveSmallIntegerField(help_text="So many uploads rejected as generated …")
    within_days = models.PositiveSmallIntegerField(help_text="… within so many days …")
    suspended_days = models.PositiveSmallIntegerField(help_text="… suspend uploads for so many days.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(strikes__gte=1, suspended_days__gte=1), name="strikes_policy_suspends"
            ),
        )
        triggers = append_only()
        verbose_name_plural = "strikes policies"

    def __str__(self) -> str:
        return f"strikes policy of {self.effective_at:%Y-%m-%d}"

    @property
    def rule(self) -> StrikesRule:
        """The rule as the core knows it."""
        return StrikesRule(self.strikes, self.within_days, self.suspended_days)
