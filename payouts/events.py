"""What happened lately that a contributor wants to know, newest first, each in a sentence with its page."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from attribution.models import ContestDecision
from marketplace import formats
from marketplace.models import Contributor, SubmissionDecision
from marketplace.said import said
from payouts.core.states import PayoutState, RunState
from payouts.models import Adjustment, Hold, HoldEnd, ShareClaimDecision

NEWEST = 10


class Event(NamedTuple):
    """When, what, and where to read more."""

    at: datetime
    sentence: str
    url: str


def recent_events(contributor: Contributor) -> list[Event]:
    """The newest of all kinds together."""
    events = [*_of_months(contributor), *_of_payouts(contributor), *_of_holds(contributor), *_answers(contributor)]
    return sorted(events, key=lambda event: event.at, reverse=True)[:NEWEST]


def _of_months(contributor: Contributor) -> Iterator[Event]:
    issued = contributor.statements.filter(leaf_sha256__gt="").select_related("period").order_by("-period__month_on")
    for statement in issued[:NEWEST]:
        sentence = _("Your statement of %(month)s was issued.") % {"month": formats.month(statement.period.month_on)}
        url = reverse("statement", args=[f"{statement.period.month_on:%Y-%m}"])
        yield Event(statement.issued_at, sentence, url)
    adjusted = Adjustment.objects.filter(contributor=contributor).select_related("entry__period")
    for one in adjusted.order_by("-entry__posted_at")[:NEWEST]:
        sentence = _("%(amount)s adjusted: %(reason)s.") % {
            "amount": formats.micro_amount(one.amount_micro, one.entry.period.currency),
            "reason": said(one.note or one.get_reason_display()).rstrip("."),
        }
        yield Event(one.entry.posted_at, sentence, reverse("objections"))


def _of_payouts(contributor: Contributor) -> Iterator[Event]:
    told = contributor.payouts.exclude(run__state__in=[RunState.DRAFT, RunState.CANCELLED])
    for payout in told.select_related("run", "transfer").order_by("-run__drafted_at")[:NEWEST]:
        amount = formats.minor_amount(payout.amount_minor, payout.run.currency)
        if payout.state == PayoutState.SENT:
            sentence = _("%(amount)s was sent to your account at Stripe.") % {"amount": amount}
            yield Event(payout.transfer.created_at, sentence, reverse("payout_history"))
        elif payout.explanation:
            yield Event(payout.run.drafted_at, said(payout.explanation), reverse("payout_history"))


def _of_holds(contributor: Contributor) -> Iterator[Event]:
    page = reverse("payout_history")
    for hold in Hold.objects.filter(contributor=contributor).order_by("-placed_at")[:NEWEST]:
        amount = formats.micro_amount(hold.amount_micro, hold.currency)
        yield Event(hold.placed_at, _("%(amount)s was put on hold.") % {"amount": amount}, page)
    for end in (
        HoldEnd.objects.filter(hold__contributor=contributor).select_related("hold").order_by("-ended_at")[:NEWEST]
    ):
        amount = formats.micro_amount(end.hold.amount_micro, end.hold.currency)
        ended = _("The hold on %(amount)s ended.") % {"amount": amount}
        yield Event(end.ended_at, ended, page)


def _answers(contributor: Contributor) -> Iterator[Event]:
    """What reviewers decided."""
    uploads = SubmissionDecision.objects.filter(submission__contributor=contributor).select_related("submission")
    for made in uploads.order_by("-decided_at")[:NEWEST]:
        sentence = _("A reviewer decided on your upload “%(title)s”.") % {"title": made.submission.title}
        yield Event(made.decided_at, sentence, reverse("submission", args=[made.submission_id]))
    contests = ContestDecision.objects.filter(contest__near_duplicate__asset__contributor=contributor)
    for decided in contests.select_related("contest__near_duplicate").order_by("-decided_at")[:NEWEST]:
        asset_id = decided.contest.near_duplicate.asset_id
        sentence = _("A reviewer decided your contest about image %(image)s.") % {"image": asset_id}
        yield Event(decided.decided_at, sentence, reverse("copy", args=[asset_id]))
    claims = ShareClaimDecision.objects.filter(claim__asset__contributor=contributor).select_related("claim")
    for answered in claims.order_by("-decided_at")[:NEWEST]:
        sentence = _("A reviewer decided your claim on download %(download)s.") % {
            "download": answered.claim.download_id
        }
        yield Event(answered.decided_at, sentence, reverse("objections"))
