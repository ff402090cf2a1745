"""What a contributor objected to, in one list: appeals of uploads, contests of copies, claims of a share."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _

from attribution.models import Contest
from marketplace.core.appeals import appeal_deadline
from marketplace.core.verdicts import Verdict
from marketplace.models import Appeal, Contributor
from marketplace.said import said
from payouts.models import ShareClaim


class Objection(NamedTuple):
    """What it is about, how far it has come, and what came of it; `entry` is the adjusting entry's key in the books.

    `at` is when it was raised or, where it can still be, when it was rejected, with the deadline for that.
    """

    at: datetime
    what: str
    title: str
    url: str
    state: str
    deadline_at: datetime | None = None
    decided_at: datetime | None = None
    reason: str = ""
    amount_micro: int | None = None
    currency: str = ""
    entry: str = ""


def objections_of(contributor: Contributor, at: datetime) -> list[Objection]:
    """All of them, those that wait for the contributor first, then the newest."""
    found = [*_can_appeal(contributor, at), *_appeals(contributor), *_contests(contributor), *_claims(contributor)]
    return sorted(found, key=lambda one: (one.deadline_at is not None, one.at), reverse=True)


def _can_appeal(contributor: Contributor, at: datetime) -> Iterator[Objection]:
    """Rejected uploads whose time to appeal is not over."""
    rejected = contributor.submissions.filter(verdict=Verdict.REJECT, appeal__isnull=True).annotate(
        screened_at=Max("screening_results__screened_at"), decided_at=Max("decisions__decided_at")
    )
    for one in rejected:
        rejected_at = max(moment for moment in (one.screened_at, one.decided_at) if moment)
        deadline_at = appeal_deadline(rejected_at, settings.APPEAL_DAYS)
        if at < deadline_at:
            url = reverse("submission", args=[one.pk])
            yield Objection(rejected_at, _("Rejected upload"), one.title, url, _("you can appeal"), deadline_at)


def _appeals(contributor: Contributor) -> Iterator[Objection]:
    appeals = Appeal.objects.filter(submission__contributor=contributor).select_related("submission", "decision")
    for one in appeals:
        decision = getattr(one, "decision", None)
        yield Objection(
            one.appealed_at,
            _("Appeal of an upload"),
            one.submission.title,
            reverse("submission", args=[one.submission_id]),
            said(decision.decision) if decision else _("waits for a reviewer"),
            decided_at=decision.decided_at if decision else None,
            reason=decision.reason if decision else "",
        )


def _contests(contributor: Contributor) -> Iterator[Objection]:
    contests = Contest.objects.filter(near_duplicate__asset__contributor=contributor)
    for one in contests.select_related("near_duplicate__asset__submission", "decision"):
        decision, asset = getattr(one, "decision", None), one.near_duplicate.asset
        yield Objection(
            one.contested_at,
            _("Contest: counted as a copy"),
            asset.submission.title,
            reverse("copy", args=[asset.pk]),
            said(decision.get_outcome_display()) if decision else _("waits for a reviewer"),
            decided_at=decision.decided_at if decision else None,
            reason=decision.reason if decision else "",
        )


def _claims(contributor: Contributor) -> Iterator[Objection]:
    claims = ShareClaim.objects.filter(asset__contributor=contributor)
    for one in claims.select_related("asset__submission", "decision__adjustment__entry__period"):
        decision = getattr(one, "decision", None)
        adjustment = decision.adjustment if decision else None
        yield Objection(
            one.claimed_at,
            _("Claim of a share in download %(download)s") % {"download": one.download_id},
            one.asset.submission.title,
            reverse("image", args=[one.asset_id]),
            (_("granted") if adjustment else _("refused")) if decision else _("waits for a reviewer"),
            decided_at=decision.decided_at if decision else None,
            reason=decision.reason if decision else "",
            amount_micro=adjustment.amount_micro if adjustment else None,
            currency=adjustment.entry.period.currency if adjustment else "",
            entry=adjustment.entry.idempotency_key if adjustment else "",
        )
