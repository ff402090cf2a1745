"""What is found of an accepted submission only after its upload, once it was compared with more."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from marketplace.core.verdicts import Signal, Verdict, decide
from marketplace.models import ScreeningResult, Submission
from marketplace.webhook_outbox import tell_decided


@transaction.atomic
def add_finding(submission: Submission, found: Signal, at: datetime) -> bool:
    """Add a signal to an accepted submission as its newest screening; False where it is not accepted any more.

    Its asset stays, and is in no training set that is frozen until a reviewer accepts it again. The finding alone says
    its verdict: what was found before was accepted, perhaps by a reviewer. A finding on what is not accepted is left to
    whoever decided that.
    """
    locked = Submission.objects.select_for_update().get(pk=submission.pk)
    if locked.verdict != Verdict.ACCEPT:
        return False
    newest = locked.screening_results.latest("pk")
    verdict, reasons = decide([found])
    ScreeningResult.objects.create(
        submission=locked,
        verdict=verdict,
        reasons=list(reasons),
        signals=[*newest.signals, asdict(found)],
        version=newest.version,
        screened_at=at,
    )
    locked.verdict = verdict
    locked.save(update_fields=["verdict"])
    tell_decided(locked, at)
    return True
