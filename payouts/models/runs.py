"""Payout runs: who is paid in one run, each attempt at it, and the transfers that Stripe made."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketplace.models import Contributor
from marketplace.triggers import append_only
from payouts.core.states import (
    ATTEMPT_TRANSITIONS,
    ENDED_RUNS,
    PAYOUT_TRANSITIONS,
    RUN_TRANSITIONS,
    AttemptOutcome,
    PayoutState,
    RunState,
)


def _choices(states: type[AttemptOutcome] | type[PayoutState] | type[RunState]) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in states]


class ConnectedAccount(models.Model):
    """A contributor's account at Stripe, as Stripe last described it."""

    contributor = models.OneToOneField(Contributor, on_delete=models.PROTECT, related_name="connected_account")
    stripe_account_id = models.CharField(max_length=100, unique=True)
    country = models.CharField(max_length=2)
    transfers_enabled = models.BooleanField()
    requirements = models.JSONField(default=list, help_text="What Stripe still asks of them.")
    requirements_due_at = models.DateTimeField(null=True, help_text="Without it by then, Stripe stops transfers.")
    disabled_reason = models.CharField(max_length=100, blank=True, help_text="Why Stripe stopped transfers.")
    refreshed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.stripe_account_id


class PayoutRun(models.Model):
    """One round of payouts in one currency, drafted by one person and approved by another."""

    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=_choices(RunState), default=RunState.DRAFT)
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="runs_drafted")
    drafted_at = models.DateTimeField()
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="runs_approved"
    )
    approved_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, help_text="What stopped the last sending; empty while it goes on.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["currency"], condition=~Q(state__in=ENDED_RUNS), name="one_unsettled_run_per_currency"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.DRAFT, RunState.CANCELLED]) | Q(approved_by__isnull=False),
                name="run_is_approved",
            ),
            models.CheckConstraint(condition=~Q(drafted_by=F("approved_by")), name="run_approved_by_another"),
        )
        triggers = (
            pgtrigger.FSM(
                name="run_only_moves_forward",
                field="state",
                transitions=[(a.value, b.value) for a, ends in RUN_TRANSITIONS.items() for b in sorted(ends)],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"payout run {self.pk}"


class Payout(models.Model):
    """One contributor in one run: an amount to send, or the reason why nothing is."""

    run = models.ForeignKey(PayoutRun, on_delete=models.PROTECT, related_name="payouts")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="payouts")
    connected_account = models.ForeignKey(ConnectedAccount, on_delete=models.PROTECT, null=True)
    state = models.CharField(max_length=10, choices=_choices(PayoutState))
    payable_micro = models.BigIntegerField(help_text="What was owed when the run was drafted.")
    amount_minor = models.BigIntegerField(help_text="Whole minor units to send; zero where excluded.")
    reason = models.CharField(max_length=60, blank=True, help_text="Why it is excluded or was rejected.")
    explanation = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "contributor"], name="one_payout_per_run_and_contributor"),
            models.CheckConstraint(
                condition=Q(state=PayoutState.EXCLUDED, amount_minor=0)
                | (~Q(state=PayoutState.EXCLUDED) & Q(amount_minor__gt=0, connected_account__isnull=False)),
                name="payout_sends_something_or_is_excluded",
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="payout_only_moves_forward",
                field="state",
                transitions=[(a.value, b.value) for a, ends in PAYOUT_TRANSITIONS.items() for b in sorted(ends)],
            ),
            pgtrigger.Protect(
                name="amount_is_final",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("run", "contributor", "connected_account", "amount_minor"),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )


class Attempt(models.Model):
    """One try at a transfer under one idempotency key, written before Stripe is called."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=200, unique=True)
    request_sha256 = models.CharField(max_length=64)
    first_sent_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=_choices(AttemptOutcome), default=AttemptOutcome.PENDING)
    unknown_since_at = models.DateTimeField(null=True, help_text="When Stripe first listed no transfer of it.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["payout", "number"], name="attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["payout"], condition=~Q(outcome=AttemptOutcome.REJECTED), name="one_live_attempt_per_payout"
            ),
            models.CheckConstraint(
                condition=~Q(outcome=AttemptOutcome.UNKNOWN) | Q(unknown_since_at__isnull=False),
                name="unknown_attempt_says_since_when",
            ),
        )
        triggers = (
            pgtrigger.FSM(
                name="outcome_is_final",
                field="outcome",
                transitions=[(a.value, b.value) for a, ends in ATTEMPT_TRANSITIONS.items() for b in sorted(ends)],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )


class Transfer(models.Model):
    """A transfer that Stripe made for a payout: at most one."""

    payout = models.OneToOneField(Payout, on_delete=models.PROTECT, related_name="transfer")
    stripe_transfer_id = models.CharField(max_length=100, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(help_text="Stripe's time.")

    class Meta:
        triggers = append_only()


class Reversal(models.Model):
    """Money of a transfer that came back, all of it or a part."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="reversals")
    stripe_reversal_id = models.CharField(max_length=100, unique=True)
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(help_text="Stripe's time.")

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reversal_brings_something_back"),)
        triggers = append_only()
