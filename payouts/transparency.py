"""What everybody may know of the marketplace: months in sums, models with their audits, uploads refused."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.db.models.functions import TruncMonth

from attribution.core.copies import Rate, rate_of
from attribution.models import Encoder, EncoderState
from attribution.published import PublishedError, published_error
from marketplace.core.appeals import Decision
from marketplace.core.model_states import ModelState
from marketplace.core.verdicts import Verdict
from marketplace.models import Appeal, GeneratorModel, ModelAudit, Submission, SubmissionDecision
from payouts.models import Period, Reversal, Transfer


@dataclass(frozen=True)
class PublicMonth:
    """A closed month: amounts in minor or micro-units; `paid_minor` is what was sent in that calendar month."""

    period: Period
    paid_minor: int


@dataclass(frozen=True)
class AuditedModel:
    """A model on sale, and how often its newest audit found that it copies; None where nothing was audited."""

    model: GeneratorModel
    audit: ModelAudit | None
    near_copies: Rate | None


@dataclass(frozen=True)
class Uploads:
    """Counts of uploads since the beginning. `refused` counts what is refused now, `won` appeals that were right."""

    all: int
    refused: int
    unreadable: int
    appeals: int
    won: int


def public_months() -> list[PublicMonth]:
    """The closed months in the settlement currency, the newest first."""
    currency = settings.SETTLEMENT_CURRENCY
    closed = Period.objects.filter(state=Period.CLOSED, currency=currency).select_related("statement_root")
    paid_minor: defaultdict[date, int] = defaultdict(int)
    for sign, moved in (
        (1, Transfer.objects.filter(currency=currency)),
        (-1, Reversal.objects.filter(transfer__currency=currency)),
    ):
        for month_on, amount_minor in _by_month(moved):
            paid_minor[month_on] += sign * amount_minor
    return [PublicMonth(period, paid_minor[period.month_on]) for period in closed.order_by("-month_on")]


def _by_month(moved: QuerySet[Any]) -> list[tuple[date, int]]:
    by_month = moved.annotate(month=TruncMonth("created_at")).values_list("month").annotate(sum=Sum("amount_minor"))
    return [(month.date(), amount_minor) for month, amount_minor in by_month.order_by("month")]


def audited_models() -> list[AuditedModel]:
    """The models on sale with their newest audits, by name."""
    on_sale = list(GeneratorModel.objects.filter(state=ModelState.ON_SALE).order_by("name", "-pk"))
    newest = {
        audit.generator_model_id: audit
        for audit in ModelAudit.objects.filter(generator_model__in=on_sale).order_by("pk")
    }
    return [_audited(model, newest.get(model.pk)) for model in on_sale]


def _audited(model: GeneratorModel, audit: ModelAudit | None) -> AuditedModel:
    return AuditedModel(model, audit, rate_of(audit.near_copies, audit.generations) if audit else None)


def attribution_error() -> tuple[str, PublishedError | None]:
    """The name of the encoder by which people are paid, and what was measured of it; '' where there is none yet."""
    encoder = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    return (encoder.name, published_error(encoder.name)) if encoder else ("", None)


def uploads() -> Uploads:
    """How many uploads there were, were refused, and came in by an appeal."""
    won = SubmissionDecision.objects.filter(appeal__isnull=False, decision=Decision.ACCEPTED)
    refused = Submission.objects.filter(verdict=Verdict.REJECT)
    return Uploads(
        all=Submission.objects.count(),
        refused=refused.filter(~Exists(won.filter(submission=OuterRef("pk")))).count(),
        unreadable=Submission.objects.filter(verdict=Verdict.UNREADABLE).count(),
        appeals=Appeal.objects.count(),
        won=won.count(),
    )
