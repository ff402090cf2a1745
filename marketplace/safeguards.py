"""What everybody may know of the checks: how many uploads, prompts and images were refused, and removals decided."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q

from marketplace.core.appeals import Decision as AppealDecision
from marketplace.core.prompts import PromptDecision, PromptOutcome
from marketplace.core.release import Outcome
from marketplace.core.removals import RemovalOutcome
from marketplace.core.verdicts import Verdict
from marketplace.models import (
    Appeal,
    Generation,
    OutputCheck,
    PromptCheck,
    PromptContest,
    RemovalCase,
    Submission,
    SubmissionDecision,
)
from marketplace.output_checks import copy_incidents, waiting_for_review


@dataclass(frozen=True)
class Uploads:
    """Counts of uploads since the beginning. `refused` counts what is refused now, `won` appeals that were right."""

    all: int
    refused: int
    unreadable: int
    appeals: int
    won: int


@dataclass(frozen=True)
class Prompts:
    """Counts of checked prompts since the beginning: what the check said of them, and contests that were right."""

    all: int
    refused: int
    asked: int
    contests: int
    won: int


@dataclass(frozen=True)
class Outputs:
    """Counts of generations that were checked before their sale: held once, waiting now, and refused now."""

    checked: int
    held: int
    waiting: int
    refused: int


@dataclass(frozen=True)
class Removals:
    """Counts of cases since the beginning. `late` were decided after their deadline, or wait beyond it."""

    all: int
    removed: int
    kept: int
    late: int


def uploads() -> Uploads:
    """How many uploads there were, were refused, and came in by an appeal."""
    won = SubmissionDecision.objects.filter(appeal__isnull=False, decision=AppealDecision.ACCEPTED)
    refused = Submission.objects.filter(verdict=Verdict.REJECT)
    return Uploads(
        all=Submission.objects.count(),
        refused=refused.filter(~Exists(won.filter(submission=OuterRef("pk")))).count(),
        unreadable=Submission.objects.filter(verdict=Verdict.UNREADABLE).count(),
        appeals=Appeal.objects.count(),
        won=won.count(),
    )


def prompts() -> Prompts:
    """How many prompts were checked, refused and asked about, and contested."""
    checked = PromptCheck.objects.aggregate(
        all=Count("pk"),
        refused=Count("pk", filter=Q(outcome=PromptOutcome.REFUSE)),
        asked=Count("pk", filter=Q(outcome=PromptOutcome.ASK)),
    )
    contested = PromptContest.objects.aggregate(
        contests=Count("pk"), won=Count("pk", filter=Q(review__decision=PromptDecision.CLEARED))
    )
    return Prompts(**checked, **contested)


def outputs() -> Outputs:
    """How many generations were checked, held for a reviewer, and refused by one."""
    checks = OutputCheck.objects.filter(generation=OuterRef("pk"))
    counted = Generation.objects.aggregate(
        checked=Count("pk", filter=Exists(checks)),
        held=Count("pk", filter=Exists(checks.filter(outcome=Outcome.BLOCKED))),
    )
    return Outputs(
        **counted,
        waiting=waiting_for_review().filter(outcome=Outcome.BLOCKED).count(),
        refused=copy_incidents().count(),
    )


def removals(at: datetime) -> Removals:
    """How many removals were asked for by then, what was decided of them, and how many not in time."""
    late = Q(decision__decided_at__gt=F("due_at")) | Q(decision__isnull=True, due_at__lt=at)
    counted = RemovalCase.objects.aggregate(
        all=Count("pk"),
        removed=Count("pk", filter=Q(decision__outcome=RemovalOutcome.REMOVED)),
        kept=Count("pk", filter=Q(decision__outcome=RemovalOutcome.KEPT)),
        late=Count("pk", filter=late),
    )
    return Removals(**counted)
