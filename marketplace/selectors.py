"""Reads of the marketplace that more than one caller needs."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from marketplace.core.removals import RemovalOutcome
from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, RemovalCase, TrainingConsent


def answers_in_effect(at: datetime) -> QuerySet[TrainingConsent]:
    """For a subquery of assets: the answers in effect at that time, the one that counts first.

    It is the one that was recorded last: an answer replaces all earlier ones from its effect on, announced ones too.
    """
    return TrainingConsent.objects.filter(asset=OuterRef("pk"), effective_at__lte=at).order_by("-pk")


def cases_withholding(at: datetime) -> QuerySet[RemovalCase]:
    """For a subquery of assets: the removal cases that withhold it at that time, the newest first."""
    opened = RemovalCase.objects.filter(asset=OuterRef("pk"), opened_at__lte=at)
    return opened.exclude(decision__outcome=RemovalOutcome.KEPT, decision__decided_at__lte=at).order_by("-pk")


def assets_with_consent(at: datetime) -> QuerySet[Asset]:
    """Assets that can be trained on at that time.

    Their newest training consent in effect is a yes, their screening accepts them, and no removal case withholds them.
    """
    newest = answers_in_effect(at).values("granted")[:1]
    return Asset.objects.annotate(consent_granted=Subquery(newest)).filter(
        ~Exists(cases_withholding(at)), consent_granted=True, submission__verdict=Verdict.ACCEPT
    )


def is_withheld(asset: Asset) -> bool:
    """Whether an open case, or a removal, withholds the image."""
    return asset.removal_cases.exclude(decision__outcome=RemovalOutcome.KEPT).exists()


def not_withheld(assets: QuerySet[Asset]) -> QuerySet[Asset]:
    """Those of the assets that no open case and no removal withholds."""
    cases = RemovalCase.objects.filter(asset=OuterRef("pk")).exclude(decision__outcome=RemovalOutcome.KEPT)
    return assets.filter(~Exists(cases))
