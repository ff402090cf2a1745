"""What changes after a month is closed, or before money leaves: adjustments, the outcomes of disputes, and holds."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.models import Contributor, RemovalCase, TrainingSet
from marketplace.triggers import append_only
from payouts.models.months import RevenueEvent


class AdjustmentReason(models.TextChoices):
    """Why an amount of a closed month is corrected."""

    REFUND = "refund"
    DISPUTE = "dispute"
    TAKEDOWN = "takedown"
    APPEAL = "appeal"
    NETTED = "netted", "netted from the common fund"


class Adjustment(models.Model):
    """A correction in the period of its entry, of an amount of the entry's origin period; positive is credited.

    It is of a contributor, or of a training set: what its common fund gives back is netted from its next ones.
    """

    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="adjustments")
    reason = models.CharField(max_length=10, choices=AdjustmentReason.choices)
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, null=True, related_name="adjustments")
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT, null=True, related_name="+")
    amount_micro = models.BigIntegerField()
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Nobody where a refund or a dispute made it.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["entry", "contributor", "training_set"], nulls_distinct=False, name="adjusted_once_by_an_entry"
            ),
            models.CheckConstraint(condition=~Q(amount_micro=0), name="adjustment_moves_something"),
            models.CheckConstraint(
                condition=Q(contributor__isnull=True, training_set__isnull=False)
                | Q(contributor__isnull=False, training_set__isnull=True),
                name="adjustment_is_of_a_contributor_or_a_training_set",
            ),
            models.CheckConstraint(condition=Q(reason__in=AdjustmentReason.values), name="adjustment_reason_known"),
        )
        triggers = append_only()


class DisputeOutcome(models.Model):
    """How a dispute ended, once; without one it is open."""

    WON, LOST = "won", "lost"

    dispute = models.OneToOneField(RevenueEvent, on_delete=models.PROTECT, related_name="outcome")
    outcome = models.CharField(max_length=4, choices=[(o, o) for o in (WON, LOST)])
    settled_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(outcome__in=["won", "lost"]), name="dispute_outcome_known"),)
        triggers = append_only()


class Hold(models.Model):
    """A part of a contributor's balance that is not paid out for now, with who put it on hold and why."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="holds")
    amount_micro = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.TextField()
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, help_text="Nobody where a dispute did."
    )
    dispute = models.ForeignKey(RevenueEvent, on_delete=models.PROTECT, null=True, related_name="holds")
    placed_at = models.DateTimeField()
    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount_micro__gt=0), name="hold_is_positive"),
            models.CheckConstraint(condition=~Q(reason=""), name="hold_has_a_reason"),
            models.CheckConstraint(
                condition=Q(placed_by__isnull=False) | Q(dispute__isnull=False), name="hold_is_somebodys"
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"hold {self.pk}"


class HoldEnd(models.Model):
    """The end of a hold: the amount is payable again, or was taken. Once, with who decided it and why."""

    RELEASED, TAKEN = "released", "taken"

    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="end")
    outcome = models.CharField(max_length=8, choices=[(o, o) for o in (RELEASED, TAKEN)])
    reason = models.TextField()
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField()
    entry = models.ForeignKey("payouts.Entry", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(outcome__in=["released", "taken"]), name="hold_outcome_known"),
            models.CheckConstraint(condition=~Q(reason=""), name="hold_end_has_a_reason"),
        )
        triggers = append_only()


class RemovalSettlement(models.Model):
    """That what a removed image earned in a closed month was taken back, or that there was nothing to take."""

    case = models.ForeignKey(RemovalCase, on_delete=models.PROTECT, related_name="settlements")
    period = models.ForeignKey("payouts.Period", on_delete=models.PROTECT, related_name="+")
    amount_micro = models.BigIntegerField(help_text="What the image had earned and its contributor still had.")
    adjustment = models.OneToOneField(
        Adjustment, on_delete=models.PROTECT, null=True, related_name="removal_settlement"
    )
    settled_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case", "period"], name="one_settlement_of_a_case_and_month"),
            models.CheckConstraint(
                condition=Q(amount_micro=0, adjustment__isnull=True) | Q(amount_micro__gt=0, adjustment__isnull=False),
                name="settlement_is_adjusted_or_nothing",
            ),
        )
        triggers = append_only()
