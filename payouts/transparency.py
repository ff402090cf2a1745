"""What everybody may know of the marketplace: months in sums, models with their audits, and how far shares are off."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from attribution.core.copies import Rate, rate_of
from attribution.models import Encoder, EncoderState
from attribution.published import PublishedError, published_error
from marketplace.core.model_states import ModelState
from marketplace.models import GeneratorModel, ModelAudit
from payouts.models import Period, Reversal, Transfer


@dataclass(frozen=True)
class PublicMonth:
    """A closed month: amounts in minor or micro-units; `paid_minor` is what was sent in that calendar month."""

    period: Period
    paid_minor: int


@dataclass(frozen=True)
class PublicMonths:
    """The closed months, the newest first, and what was sent in all, also in months that are not closed."""

    closed: list[PublicMonth]
    paid_minor: int
    currency: str


@dataclass(frozen=True)
class AuditedModel:
    """A model on sale, and how often its newest audit found that it copies; None where nothing was audited."""

    model: GeneratorModel
    audit: ModelAudit | None
    near_copies: Rate | None


def public_months() -> PublicMonths:
    """What was earned and paid in the settlement currency."""
    currency = settings.SETTLEMENT_CURRENCY
    closed = Period.objects.filter(state=Period.CLOSED, currency=currency).select_related("statement_root")
    paid_minor: defaultdict[date, int] = defaultdict(int)
    for sign, moved in (
        (1, Transfer.objects.filter(currency=currency)),
        (-1, Reversal.objects.filter(transfer__currency=currency)),
    ):
        for month_on, amount_minor in _by_month(moved):
            paid_minor[month_on] += sign * amount_minor
    months = [PublicMonth(period, paid_minor[period.month_on]) for period in closed.order_by("-month_on")]
    return PublicMonths(months, sum(paid_minor.values()), currency)


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
