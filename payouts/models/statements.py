"""Statements, and the root of each month by which anyone can check one."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from marketplace.models import Contributor
from marketplace.triggers import append_only
from payouts.models.audit import linked_at_commit
from payouts.models.months import Period


class Statement(models.Model):
    """What a contributor is told of one period: opening + earned + adjusted - paid = closing. Issued once."""

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="statements")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="statements")
    opening_micro = models.BigIntegerField()
    earned_micro = models.BigIntegerField()
    adjusted_micro = models.BigIntegerField()
    paid_micro = models.BigIntegerField()
    closing_micro = models.BigIntegerField()
    owed_back_micro = models.BigIntegerField(
        null=True, help_text="What is receivable of them at the end; unknown where an earlier version issued it."
    )
    issued_at = models.DateTimeField()
    index = models.PositiveIntegerField(help_text="Its place among the period's statements, from 0.")
    salt = models.CharField(max_length=32, help_text="Random, so that nobody can guess a statement by its hash.")
    leaf_sha256 = models.CharField(max_length=64, help_text="Of the statement with all its lines, below the root.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["period", "contributor"], name="one_statement_per_period"),
            models.CheckConstraint(
                condition=Q(
                    closing_micro=F("opening_micro") + F("earned_micro") + F("adjusted_micro") - F("paid_micro")
                ),
                name="statement_adds_up",
            ),
            models.CheckConstraint(condition=Q(owed_back_micro__gte=0), name="owed_back_is_not_negative"),
        )
        triggers = append_only()


class StatementRoot(models.Model):
    """The Merkle root over all statements of a period, published when it is closed."""

    period = models.OneToOneField(Period, on_delete=models.PROTECT, related_name="statement_root")
    statement_count = models.PositiveIntegerField()
    root_sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField()

    class Meta:
        triggers = (*append_only(), linked_at_commit(pgtrigger.Insert, "'statement_root'"))
