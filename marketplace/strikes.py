"""Strikes of a contributor, by the policy in force, and whether they suspend uploads."""

from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery

from marketplace.core.appeals import Decision
from marketplace.core.strikes import StrikesRule, suspended_until
from marketplace.core.verdicts import Verdict
from marketplace.models import Contributor, ScreeningResult, StrikesPolicy, SubmissionDecision


def rule_in_force(at: datetime) -> StrikesRule | None:
    """The newest policy in effect at that time; None where there is none, and nothing is suspended."""
    policy = StrikesPolicy.objects.filter(effective_at__lte=at).order_by("-effective_at").first()
    return policy.rule if policy else None


def strikes_of(contributor: Contributor) -> list[datetime]:
    """When each upload of theirs was rejected as generated that still is, whether by the screen or by a reviewer.

    An appeal that was lost leaves the strike at the time of the first rejection.
    """
    mine = OuterRef("pk")
    rejections = SubmissionDecision.objects.exclude(decision=Decision.ACCEPTED)
    first_decision = rejections.filter(submission=mine, appeal__isnull=True).order_by("-pk")
    result = ScreeningResult.objects.filter(submission=mine, verdict=Verdict.REJECT).order_by("-pk")
    last_decision = SubmissionDecision.objects.filter(submission=mine).order_by("-pk")
    rejected = contributor.submissions.filter(verdict=Verdict.REJECT).annotate(
        decision=Subquery(last_decision.values("decision")[:1]),
        decided_at=Subquery(first_decision.values("decided_at")[:1]),
        screened_at=Subquery(result.values("screened_at")[:1]),
    )
    generated = rejected.filter(Q(decision__isnull=True) | ~Q(decision=Decision.OTHER))
    return sorted(
        decided_at or screened_at
        for decided_at, screened_at in generated.order_by(F("pk")).values_list("decided_at", "screened_at")
    )


def uploads_suspended_until(contributor: Contributor, at: datetime) -> datetime | None:
    """Until when, not included, the contributor cannot upload; None where they can."""
    rule = rule_in_force(at)
    return suspended_until(strikes_of(contributor), rule, at) if rule else None
