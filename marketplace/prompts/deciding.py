"""Prompts that wait for a reviewer: whoever asked contests a refusal, and reviewers decide."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from marketplace.core.prompts import WAITS, PromptDecision, PromptOutcome, PromptState
from marketplace.models import PromptCheck, PromptContest, PromptReview, User
from marketplace.permissions import is_reviewer
from marketplace.prompts.checking import state_of
from marketplace.said import said


class CannotContest(ValueError):
    """A prompt that is not theirs, or not refused, or contested before; the message says which."""


class CannotDecide(ValueError):
    """A decision by somebody who may not, or of what does not wait for one; the message says which."""


@transaction.atomic
def contest_prompt(check: PromptCheck, statement: str, contested_by: User, at: datetime) -> PromptContest:
    """Record that whoever asked contests a refusal, once. Raises `CannotContest`."""
    locked = _locked(check)  # whoever presses twice contests once
    if locked.asked_by_id != contested_by.pk:
        raise CannotContest(_("Only whoever asked for a prompt can contest its refusal."))
    if (state := state_of(locked)) is not PromptState.REFUSED:
        raise CannotContest(_("Nothing was contested: the prompt is %(state)s.") % {"state": said(state)})
    return PromptContest.objects.create(prompt_check=locked, statement=statement.strip(), contested_at=at)


@transaction.atomic
def decide_prompt(
    check: PromptCheck, decision: PromptDecision, reason: str, decided_by: User, at: datetime
) -> PromptReview:
    """Record a reviewer's decision of a prompt that waits, or of a contest. Raises `CannotDecide`."""
    locked = _locked(check)
    if state_of(locked) not in WAITS:
        raise CannotDecide(_("It does not wait for a decision any more: somebody else decided."))
    if why := why_they_cannot_decide(locked, decided_by):
        raise CannotDecide(why)
    if not reason.strip():
        raise CannotDecide(_("A decision needs a reason: say what you saw."))
    return PromptReview.objects.create(
        prompt_check=locked,
        contest=PromptContest.objects.filter(prompt_check=locked).first(),
        decision=decision,
        reason=reason.strip(),
        decided_by=decided_by,
        decided_at=at,
    )


def why_they_cannot_decide(check: PromptCheck, user: User) -> str:
    """In words; empty where they may."""
    if not is_reviewer(user):
        return _("Only reviewers decide, who buy nothing.")
    if check.asked_by_id == user.pk:
        return _("You asked for it yourself: another reviewer decides.")
    if check.reviews.filter(decided_by=user).exists():
        return _("You decided on it before: a second reviewer decides the contest.")
    return ""


def waiting_prompts() -> QuerySet[PromptCheck]:
    """Prompts to ask a reviewer about and undecided contests, as `waiting_since`, those who wait longest first."""
    is_asked = Q(outcome=PromptOutcome.ASK, reviews__isnull=True)
    is_contested = Q(contest__isnull=False, contest__review__isnull=True)
    since = Coalesce("contest__contested_at", F("checked_at"))
    return (
        PromptCheck.objects.filter(is_asked | is_contested)
        .annotate(waiting_since=since)
        .order_by("waiting_since", "pk")
    )


def _locked(check: PromptCheck) -> PromptCheck:
    return PromptCheck.objects.select_for_update(no_key=True, of=("self",)).get(pk=check.pk)
