"""What Stripe tells us, and whether its books and ours agree."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from marketplace.triggers import append_only
from payouts.core.reconciling import Cash, FindingKind
from payouts.models.runs import PayoutRun


class WebhookEvent(models.Model):
    """An event that Stripe sent: what it says is not believed, its object is asked for again."""

    stripe_event_id = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=100)
    stripe_object_id = models.CharField(max_length=100)
    created_at = models.DateTimeField(help_text="Stripe's time.")
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["id"], condition=Q(handled_at=None), name="unhandled_webhook_events"),)
        triggers = (pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"{self.kind} {self.stripe_event_id}"


class Reconciliation(models.Model):
    """One comparison of Stripe's list, the payouts and the ledger, of one run or of all."""

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, null=True, related_name="reconciliations")
    currency = models.CharField(max_length=3)
    transfer_count = models.PositiveIntegerField(help_text="Transfers that Stripe listed.")
    ledger_minor = models.BigIntegerField()
    available_minor = models.BigIntegerField()
    in_flight_minor = models.BigIntegerField()
    pending_ledger_minor = models.BigIntegerField(default=0)
    pending_minor = models.BigIntegerField(default=0, help_text="At Stripe.")
    pending_in_flight_minor = models.BigIntegerField(default=0)
    reconciled_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    @property
    def cash(self) -> Cash:
        """The equation of what is available."""
        return Cash(self.ledger_minor, self.available_minor, self.in_flight_minor)

    @property
    def pending(self) -> Cash:
        """The equation of what is pending."""
        return Cash(self.pending_ledger_minor, self.pending_minor, self.pending_in_flight_minor)


class Finding(models.Model):
    """A difference that somebody must clear up; while one is open, no month is closed and no run drafted."""

    kind = models.CharField(max_length=30, choices=[(kind.value, kind.value) for kind in FindingKind])
    subject = models.CharField(max_length=150, help_text="What differs, such as a transfer.")
    found = models.TextField()
    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, null=True, related_name="findings")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="findings")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty where a later reconciliation did not find it any more.",
    )
    resolution = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(resolved_at=None), name="one_open_finding_of_a_thing"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None, resolved_by=None) | (Q(resolved_at__isnull=False) & ~Q(resolution="")),
                name="resolved_finding_says_how",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="resolved_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__resolved_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
