"""Reads of the marketplace that more than one caller needs."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, TrainingConsent


def answers_in_effect(at: datetime) -> QuerySet[TrainingConsent]:
    """For a subquery of assets: the answers in effect at that time, the one that counts first.

    It is the one that was recorded last: an answer replaces all earlier ones from its effect on, announced ones too.
    """
    return TrainingConsent.objects.filter(asset=OuterRef("pk"), effective_at__lte=at).order_by("-pk")


def assets_with_consent(at: datetime) -> QuerySet[Asset]:
    """Assets whose newest training consent in effect at that time is a yes, and whose screening still accepts them."""
    newest = answers_in_effect(at).values("granted")[:1]
    return Asset.objects.annotate(consent_granted=Subquery(newest)).filter(
        consent_granted=True, submission__verdict=Verdict.ACCEPT
    )
