"""The check of a prompt: what the register and the classifiers find in it, and whether it may be generated."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from marketplace.core.prompt_text import Span, fold
from marketplace.core.prompts import (
    MAY_GENERATE,
    Finding,
    PromptDecision,
    PromptOutcome,
    PromptState,
    gravest,
    prompt_state,
)
from marketplace.models import PromptCheck, PromptReview, PromptText, User
from marketplace.prompts.base import Classifier
from marketplace.prompts.hosted import HostedClassifier
from marketplace.prompts.reasons import reason_of
from marketplace.prompts.register import SOURCE, find_entries
from marketplace.prompts.rules import RulesClassifier
from marketplace.said import said

LONGEST_PROMPT = 1_000


class PromptNotAllowed(ValueError):
    """A prompt that may not be generated, or not yet; the message says why."""

    def __init__(self, check: PromptCheck, message: str) -> None:
        super().__init__(message)
        self.check = check


class PromptUnusable(ValueError):
    """An empty prompt, or one that is too long; the message says which."""


def classifiers() -> Sequence[Classifier]:
    """The rules, and the hosted classifier where one is set up."""
    if not settings.MODERATION_API_KEY:
        return [RulesClassifier()]
    hosted = HostedClassifier(settings.MODERATION_API_BASE, settings.MODERATION_API_KEY, settings.MODERATION_MODEL)
    return [RulesClassifier(), hosted]


def check_prompt(prompt: str, asked_by: User | None, at: datetime) -> PromptCheck:
    """Check a prompt and record what was found; the text is kept unless nothing was.

    An earlier check with the same findings stands where the same person asked, or where a reviewer cleared it.
    Raises `PromptUnusable`, and `ClassifierUnavailable` where a hosted classifier is set up and does not answer.
    """
    if not prompt.strip() or len(prompt) > LONGEST_PROMPT or "\x00" in prompt:
        raise PromptUnusable(
            _("Write what the picture should show, in at most %(longest)s characters.") % {"longest": LONGEST_PROMPT}
        )
    used = classifiers()
    findings = [*find_entries(fold(prompt), at.date()), *(found for each in used for found in each.classify(prompt))]
    as_stored = [asdict(finding) for finding in findings]
    sha256 = prompt_sha256(prompt)
    if check := _earlier(sha256, findings, asked_by):
        return check
    with transaction.atomic():
        check = PromptCheck.objects.create(
            sha256=sha256,
            outcome=gravest(findings),
            findings=as_stored,
            checked_with=", ".join([SOURCE, *(each.name for each in used)]),
            asked_by=asked_by,
            checked_at=at,
        )
        if findings:
            PromptText.objects.create(prompt_check=check, text=prompt)
    return check


def _earlier(sha256: str, findings: list[Finding], asked_by: User | None) -> PromptCheck | None:
    """A check of the same prompt that a reviewer cleared, or else their own, where it found the same.

    Not one of theirs whose text is deleted: nobody could decide on it.
    """
    checks = PromptCheck.objects.filter(sha256=sha256).select_related("kept_text", "contest").order_by("-pk")
    clearing = PromptReview.objects.filter(prompt_check=OuterRef("pk"), decision=PromptDecision.CLEARED)
    cleared = (check for check in checks.filter(Exists(clearing)) if state_of(check) is PromptState.CLEARED)
    theirs = (check for check in checks.filter(asked_by=asked_by) if not findings or hasattr(check, "kept_text"))
    return next((check for check in chain(cleared, theirs) if findings_of(check) == findings), None)


def prompt_sha256(prompt: str) -> str:
    """The SHA-256 of the prompt's UTF-8, in hexadecimal."""
    return hashlib.sha256(prompt.encode()).hexdigest()


def findings_of(check: PromptCheck) -> list[Finding]:
    """What a recorded check found."""
    return [_finding(stored) for stored in check.findings]


def _finding(stored: dict[str, Any]) -> Finding:
    spans = tuple(Span(**span) for span in stored["spans"])
    return Finding(**stored | {"spans": spans, "outcome": PromptOutcome(stored["outcome"])})


def state_of(check: PromptCheck) -> PromptState:
    """Where a checked prompt stands; no query where it was fetched with its reviews and its contest."""
    reviews = sorted(check.reviews.all(), key=lambda review: review.pk)
    return prompt_state(
        PromptOutcome(check.outcome),
        PromptDecision(reviews[-1].decision) if reviews else None,
        is_contested=hasattr(check, "contest"),
        is_contest_decided=any(review.contest_id for review in reviews),
    )


def require_allowed(check: PromptCheck) -> None:
    """Raise `PromptNotAllowed` unless the prompt is allowed, if with a warning, or a reviewer cleared it."""
    state = state_of(check)
    if state not in MAY_GENERATE:
        reasons = " ".join(reason_of(finding) for finding in findings_of(check) if finding.outcome == check.outcome)
        raise PromptNotAllowed(
            check,
            _("Nothing was generated: prompt check %(number)s is %(state)s. %(reasons)s")
            % {"number": check.pk, "state": said(state), "reasons": reasons},
        )
