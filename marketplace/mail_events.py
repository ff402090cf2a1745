"""Which mail the marketplace writes, to whom: each is called in the transaction of what it tells."""

from django.urls import reverse

from marketplace.mailing import mail_to, write_mail
from marketplace.models import SubmissionDecision


def submission_decided(made: SubmissionDecision) -> None:
    """To the owner of an upload that was held or appealed."""
    submission = made.submission
    if submission.contributor.user_id is None:
        return
    told = {
        "title": submission.title,
        "decision": made.decision,
        "reason": made.reason,
        "is_appeal": made.appeal_id is not None,
    }
    page = reverse("submission", args=[submission.pk])
    key = f"submission_decided:{made.pk}"
    write_mail([mail_to(submission.contributor.user_id, "submission_decided", key, page, made.decided_at, told)])
