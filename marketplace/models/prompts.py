"""Prompts: the register that they are compared with, what their checks found, and what people then said and decided.

Nothing here is changed or deleted except the text of a prompt, which is kept apart so that it can be deleted in time.
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from marketplace.core.prompt_text import NotATerm, find_term, fold
from marketplace.core.prompts import EntryKind, PromptDecision, PromptOutcome
from marketplace.models.catalogue import SHA256_HEX_LENGTH
from marketplace.models.people import User
from marketplace.triggers import append_only

KINDS = [(kind.value, kind.value) for kind in EntryKind]
OUTCOMES = [(outcome.value, outcome.value) for outcome in PromptOutcome]
DECISIONS = [(decision.value, decision.value) for decision in PromptDecision]


class RegisterEntry(models.Model):
    """A term that prompts are compared with, from a day on. A change is a new entry that replaces the earlier one."""

    kind = models.CharField(max_length=20, choices=KINDS)
    term = models.CharField(max_length=200, help_text="As it is usually written: other spellings are found too.")
    aliases = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="Other names, separated by commas."
    )
    valid_from_on = models.DateField()
    valid_until_on = models.DateField(
        null=True, blank=True, help_text="The last day on which it holds; none where it does not end."
    )
    source = models.CharField(max_length=300, help_text="Who asked for it, or where it stands.")
    note = models.TextField(blank=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="replaced_by"
    )
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, editable=False, related_name="+")
    recorded_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in EntryKind]), name="register_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until_on__isnull=True)
                | models.Q(valid_until_on__gte=models.F("valid_from_on")),
                name="register_entry_ends_after_it_begins",
            ),
        )
        triggers = append_only()
        verbose_name_plural = "register entries"

    def __str__(self) -> str:
        return f"{self.term} ({self.kind})"

    def clean(self) -> None:
        """Raise ValidationError for a term or an alias that is too short to look for."""
        for term in [self.term, *self.aliases]:
            try:
                find_term(term, fold(""))
            except NotATerm as error:
                raise ValidationError(str(error)) from None
        if self.valid_until_on and self.valid_from_on and self.valid_until_on < self.valid_from_on:
            raise ValidationError(_("It ends before it begins: correct one of the two days."))


class PromptCheck(models.Model):
    """What a check found in a prompt. The text is not here: `sha256` is that of its UTF-8."""

    sha256 = models.CharField(max_length=SHA256_HEX_LENGTH, db_index=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES)
    findings = models.JSONField(help_text="Source, kind or class, outcome, entry and the places of characters found.")
    checked_with = models.CharField(max_length=200, help_text="The register and the classifiers with their versions.")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="prompt_checks")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(outcome__in=[outcome.value for outcome in PromptOutcome]),
                name="prompt_outcome_known",
            ),
        )
        triggers = append_only()

    def __str__(self) -> str:
        return f"prompt check {self.pk}: {self.outcome}"


class PromptText(models.Model):
    """The text of a checked prompt, until it is deleted; its hash stays."""

    prompt_check = models.OneToOneField(PromptCheck, on_delete=models.PROTECT, related_name="kept_text")
    text = models.TextField()

    def __str__(self) -> str:
        return f"text of prompt check {self.prompt_check_id}"


class PromptContest(models.Model):
    """That whoever asked contests a refusal, once for each check."""

    prompt_check = models.OneToOneField(PromptCheck, on_delete=models.PROTECT, related_name="contest")
    statement = models.TextField(blank=True)
    contested_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"contest of prompt check {self.prompt_check_id}"


class PromptReview(models.Model):
    """A reviewer's decision of a prompt that waits or, with `contest`, of a contest; the newest one counts."""

    prompt_check = models.ForeignKey(PromptCheck, on_delete=models.PROTECT, related_name="reviews")
    contest = models.OneToOneField(PromptContest, on_delete=models.PROTECT, null=True, related_name="review")
    decision = models.CharField(max_length=10, choices=DECISIONS)
    reason = models.TextField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(decision__in=[decision.value for decision in PromptDecision]),
                name="prompt_decision_known",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="prompt_decision_has_a_reason"),
            models.UniqueConstraint(
                fields=["prompt_check"], condition=models.Q(contest__isnull=True), name="prompt_reviewed_once"
            ),
        )
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="second_reviewer",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__contest__isnull=False),
                func="""
                IF EXISTS (SELECT FROM marketplace_promptreview AS r
                           WHERE r.prompt_check_id = NEW.prompt_check_id AND r.decided_by_id = NEW.decided_by_id) THEN
                    RAISE EXCEPTION 'A contest is decided by a reviewer who has not decided on prompt check % before.',
                        NEW.prompt_check_id;
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.decision} by {self.decided_by_id}"
