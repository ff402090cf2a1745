"""Which mail attribution writes, in the transaction of what it tells."""

from django.urls import reverse

from attribution.models import ContestDecision
from marketplace.mailing import mail_to, write_mail


def contest_decided(decision: ContestDecision) -> None:
    """To the owner of the image that counted as a copy."""
    contest = decision.contest
    asset = contest.near_duplicate.asset
    told = {"title": asset.submission.title, "outcome": decision.outcome, "reason": decision.reason}
    page, key = reverse("copy", args=[asset.pk]), f"contest_decided:{decision.pk}"
    write_mail([mail_to(contest.contested_by_id, "contest_decided", key, page, decision.decided_at, told)])
