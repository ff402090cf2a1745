"""A new version of the screen over all submissions: first what it would change, then, when told to, the change.

What a new version finds against a submission is applied. What it no longer finds is for a reviewer to say: nothing is
accepted here. Where a reviewer decided after the last screening, that decision stands.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from marketplace.core.verdicts import Verdict
from marketplace.models import Rescreening, ScreeningResult, Submission, SubmissionDecision
from marketplace.own_generations import NAME, find_own, judge, look_alikes_in, open_copy_incidents
from marketplace.screening import SCREEN_VERSION, confined
from marketplace.services import first_ingested_by_another
from marketplace.webhook_outbox import tell_decided

NEWEST_RESULT = ScreeningResult.objects.filter(submission=OuterRef("submission")).order_by("-pk")
DECIDED_SINCE = Exists(
    SubmissionDecision.objects.filter(
        submission=OuterRef("submission"), decided_at__gte=Subquery(NEWEST_RESULT.values("screened_at")[:1])
    )
)


def not_rescreened() -> QuerySet[Submission]:
    """Submissions that today's version of the screen has not seen, in order of upload; erased people's are gone."""
    seen = Rescreening.objects.filter(version=SCREEN_VERSION).values("submission")
    decided = ScreeningResult.objects.filter(version=SCREEN_VERSION).values("submission")
    return Submission.objects.exclude(original="").exclude(pk__in=seen).exclude(pk__in=decided).order_by("pk")


def rescreen_all(clock: Callable[[], datetime]) -> Iterator[Rescreening]:
    """Screen each submission that today's version has not seen, and keep what it would say. Changes no verdict.

    Each is kept as soon as it is screened, so that a run that was stopped goes on where it was. One whose file is gone
    is passed over and stays among those that are not rescreened.
    """
    last_id = 0
    while submission := not_rescreened().filter(pk__gt=last_id).first():
        last_id = submission.pk
        try:
            with submission.original.open() as original:
                data = original.read()
        except FileNotFoundError:
            continue
        report = confined.screen(data)
        elsewhere = first_ingested_by_another(submission.contributor, submission.sha256)
        own = judge(find_own(submission.sha256, report.picture), submission.submitted_at)
        report = report.with_signals([*elsewhere, *own])
        yield Rescreening.objects.get_or_create(
            submission=submission,
            version=SCREEN_VERSION,
            defaults={
                "verdict": report.verdict,
                "reasons": list(report.reasons),
                "signals": [asdict(signal) for signal in report.signals],
                "screened_at": clock(),
            },
        )[0]


def changes() -> QuerySet[Rescreening]:
    """What today's version says otherwise than the newest screening, not yet applied, with `is_decided_since`."""
    mine = Rescreening.objects.filter(version=SCREEN_VERSION, applied_at__isnull=True)
    screened = mine.annotate(
        screened_verdict=Subquery(NEWEST_RESULT.values("verdict")[:1]), is_decided_since=DECIDED_SINCE
    )
    return screened.exclude(verdict=F("screened_verdict")).select_related("submission").order_by("submission")


def open_incidents(at: datetime) -> None:
    """Open the copy incidents that today's version found grounds for (see `open_copy_incidents`)."""
    for found in Rescreening.objects.filter(version=SCREEN_VERSION, signals__contains=[{"name": NAME}]):
        open_copy_incidents(found.submission, look_alikes_in(found.signals), at)


def stands(change: Rescreening) -> str:
    """Why a change is not applied; empty where it is."""
    if change.is_decided_since:  # type: ignore[attr-defined]
        return "a reviewer decided since"
    return "only a reviewer accepts" if change.verdict == Verdict.ACCEPT else ""


def apply_change(change: Rescreening, at: datetime) -> bool:
    """Make a change the submission's newest screening and verdict; False where it does not apply (see `stands`).

    An asset whose submission is no longer accepted stays, and is in no training set that is frozen from now on.
    """
    with transaction.atomic():
        submission = Submission.objects.select_for_update().get(pk=change.submission_id)
        still = changes().filter(pk=change.pk).first()  # again: a reviewer who was deciding was waited for here
        if still is None or stands(still):
            return False
        ScreeningResult.objects.create(
            submission=submission,
            verdict=still.verdict,
            reasons=still.reasons,
            signals=still.signals,
            version=still.version,
            screened_at=still.screened_at,
        )
        submission.verdict = still.verdict
        submission.save(update_fields=["verdict"])
        still.applied_at = at
        still.save(update_fields=["applied_at"])
        tell_decided(submission, at)
    return True
