"""What stands between a generation and its sale: checks for copies and people, and what reviewers decided of them."""

from django.db import models

from marketplace.core.release import Decision, Outcome
from marketplace.models.catalogue import Asset
from marketplace.models.generation import Generation
from marketplace.models.people import User
from marketplace.triggers import append_only


class OutputCheck(models.Model):
    """What a check of a generation found; the newest one of a generation counts."""

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="output_checks")
    outcome = models.CharField(max_length=10, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    evidence = models.TextField(help_text="In words, for the reviewer.")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(outcome__in=[outcome.value for outcome in Outcome]), name="output_outcome_known"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"check {self.pk} of generation {self.generation_id}: {self.outcome}"


class OutputDecision(models.Model):
    """A reviewer's decision of what a check found, with its reason; the newest one of a check counts."""

    output_check = models.ForeignKey(OutputCheck, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(max_length=10, choices=[(decision.value, decision.value) for decision in Decision])
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="output_decisions")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decision__in=[decision.value for decision in Decision]),
                name="output_decision_known",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="output_decision_has_a_reason"),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.decision} by {self.decided_by_id}"


class PeopleCheck(models.Model):
    """What was found in a generation that must show no people; the newest one of a generation counts.

    `faces` are objects with `region`, a polygon of [x, y] in parts of the picture's width and height, and `confidence`,
    up to 1. `asset` is a training image that it may be copied from and that shows people, by a keyword of its
    contributor's.
    """

    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="people_checks")
    output_check = models.OneToOneField(OutputCheck, on_delete=models.PROTECT, related_name="people_check")
    faces = models.JSONField(default=list)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, null=True, related_name="+")
    keyword = models.TextField(blank=True)
    checked_with = models.CharField(max_length=200, help_text="The detector and the list of keywords, with versions.")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(asset=None, keyword="") | (models.Q(asset__isnull=False) & ~models.Q(keyword="")),
                name="people_by_a_keyword",
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"check for people {self.pk} of generation {self.generation_id}"
