"""Held submissions and appeals: the owner appeals, reviewers decide, and what is accepted becomes an asset once."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Max, Q, QuerySet, When
from django.db.models.functions import Greatest

from marketplace.core.appeals import (
    WAITING,
    Decision,
    State,
    appeal_deadline,
    submission_state,
    why_not_decide,
)
from marketplace.core.verdicts import Verdict
from marketplace.mail_events import submission_decided
from marketplace.models import Appeal, Asset, Submission, SubmissionDecision, User
from marketplace.permissions import is_reviewer
from marketplace.services import add_asset, lock_file
from marketplace.webhook_outbox import tell_decided


class CannotAppeal(ValueError):
    """A submission that is not theirs, or not rejected, or appealed before, or too late; the message says which."""


class CannotDecide(ValueError):
    """A decision by somebody who may not, or of what does not wait for one; the message says which."""


def rejected_at(submission: Submission) -> datetime:
    """When the newest screening or decision of a submission was; no query where both were fetched with it."""
    screened_at = max(submission.screening_results.all(), key=lambda result: result.pk).screened_at
    return max([screened_at, *(decision.decided_at for decision in submission.decisions.all())])


def deadline_of(submission: Submission) -> datetime:
    """Until when, not included, a rejected submission can be appealed."""
    return appeal_deadline(rejected_at(submission), settings.APPEAL_DAYS)


def state_of(submission: Submission, at: datetime) -> State:
    """Where a submission stands at that time; no query where it was fetched with all that was said and decided."""
    appeal = getattr(submission, "appeal", None)
    return submission_state(
        Verdict(submission.verdict),
        is_appealed=appeal is not None,
        is_appeal_decided=hasattr(appeal, "decision"),
        deadline_at=deadline_of(submission),
        at=at,
    )


@transaction.atomic
def appeal(submission: Submission, statement: str, appealed_by: User, at: datetime) -> Appeal:
    """Record the owner's appeal of a rejection, once. Raises `CannotAppeal`."""
    locked = _locked(submission)  # whoever presses twice appeals once
    if locked.contributor.user_id != appealed_by.pk:
        raise CannotAppeal(f"Submission {locked.pk} is not of {appealed_by}: only its owner can appeal.")
    state = state_of(locked, at)
    if state is not State.REJECTED:
        raise CannotAppeal(f"Nothing was appealed: the image is {state}.")
    return Appeal.objects.create(
        submission=locked, statement=statement.strip(), appealed_by=appealed_by, appealed_at=at
    )


@transaction.atomic
def decide_submission(
    submission: Submission, decision: Decision, reason: str, decided_by: User, at: datetime
) -> SubmissionDecision:
    """Record a reviewer's decision of a held submission or an appeal; what is accepted becomes an asset, once.

    Raises `CannotDecide`, or ValueError without a reason.
    """
    locked = _locked(submission)
    if state_of(locked, at) not in WAITING:
        raise CannotDecide("It does not wait for a decision any more: somebody else decided.")
    if why := why_they_cannot_decide(locked, decided_by):
        raise CannotDecide(why)
    if not reason.strip():
        raise ValueError("A decision needs a reason: say what you saw.")
    made = SubmissionDecision.objects.create(
        submission=locked,
        appeal=Appeal.objects.filter(submission=locked, decision=None).first(),
        decision=decision,
        reason=reason.strip(),
        decided_by=decided_by,
        decided_at=at,
    )
    locked.verdict = Verdict.ACCEPT if decision is Decision.ACCEPTED else Verdict.REJECT
    locked.save(update_fields=["verdict"])
    if decision is Decision.ACCEPTED:
        _take_in(locked, at)
    submission_decided(made)
    tell_decided(locked, at)
    return made


def _locked(submission: Submission) -> Submission:
    return (
        Submission.objects.select_for_update(no_key=True, of=("self",))
        .select_related("contributor")
        .get(pk=submission.pk)
    )


def _take_in(submission: Submission, at: datetime) -> None:
    """Make it an asset, unless it is one since before. Raises `CannotDecide` where it cannot become one."""
    lock_file(submission.sha256)
    same = Asset.objects.filter(sha256=submission.sha256).first()
    if same is None and submission.preview:
        add_asset(submission, at)
    elif same is None:
        raise CannotDecide(
            "No picture of it is kept, as of files from before uploads had a page: it cannot be accepted."
        )
    elif same.submission_id != submission.pk:
        raise CannotDecide(f"Asset {same.pk} of another contributor has the same bytes: both cannot be accepted.")


def why_they_cannot_decide(submission: Submission, user: User) -> str:
    """In words; empty where they may."""
    if not is_reviewer(user):
        return "Only reviewers decide, who buy nothing."
    decided_by = set(submission.decisions.values_list("decided_by", flat=True))
    is_appealed = Appeal.objects.filter(submission=submission, decision=None).exists()
    return why_not_decide(user.pk, submission.contributor.user_id, decided_by, is_appealed=is_appealed)


def waiting_submissions() -> QuerySet[Submission]:
    """Held submissions and undecided appeals, as `waiting_since`, those who wait longest first."""
    is_appealed = Q(appeal__isnull=False, appeal__decision__isnull=True)
    waiting = Submission.objects.filter(Q(verdict=Verdict.HOLD) | is_appealed)
    held_at = Greatest("submitted_at", Max("screening_results__screened_at"))
    since = Case(When(is_appealed, then="appeal__appealed_at"), default=held_at)
    return waiting.annotate(waiting_since=since).order_by("waiting_since", "pk")
