"""Reads of the marketplace that more than one caller needs."""

from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, TrainingConsent


def assets_with_consent(at: datetime) -> QuerySet[Asset]:
    """Assets whose newest training consent in effect at that time is a yes, and whose screening still accepts them."""
    in_effect = TrainingConsent.objects.filter(asset=OuterRef("pk"), effective_at__lte=at)
    newest = in_effect.order_by("-effective_at", "-pk").values("granted")[:1]
    return Asset.objects.annotate(consent_granted=Subquery(newest)).filter(
        consent_granted=True, submission__verdict=Verdict.ACCEPT
    )
