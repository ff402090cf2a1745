"""Dataset deals: a lump sum for a training set, shared by all who have assets in it when the month is closed."""

from datetime import datetime

from django.db import transaction

from marketplace.core.money import Money
from marketplace.models import TrainingSet
from payouts.core.ledger import sale
from payouts.models import RevenueEvent, RevenueKind
from payouts.posting import open_period, post


class DealRefused(ValueError):
    """The deal cannot be recorded; the message says why."""


@transaction.atomic
def record_dataset_deal(
    training_set: TrainingSet, gross_minor: int, fee_minor: int, key: str, at: datetime
) -> RevenueEvent:
    """Record what somebody paid for a training set, once per key, in the settlement currency. Raises `DealRefused`."""
    period = open_period(at)
    entry_key = f"dataset_deal:{key}"
    known = RevenueEvent.objects.filter(entry__idempotency_key=entry_key).select_related("period").first()
    if known is not None:
        if (known.training_set_id, known.gross_minor, known.fee_minor) != (training_set.pk, gross_minor, fee_minor):
            paid = Money(known.gross_minor, known.currency)
            raise DealRefused(f"{entry_key} is recorded already, as {paid}: nothing was posted.")
        return known
    if not 0 <= fee_minor <= gross_minor or not gross_minor:
        raise DealRefused(f"A deal of {gross_minor} with a fee of {fee_minor} is none: give minor units, gross first.")
    if training_set.frozen_at is None or not training_set.members.exists():
        raise DealRefused(f"{training_set} has no members for good yet: freeze it first.")
    entry = post("dataset_deal", period, entry_key, sale(gross_minor, fee_minor, period.currency), at)
    return RevenueEvent.objects.create(
        kind=RevenueKind.DATASET_DEAL,
        training_set=training_set,
        period=period,
        entry=entry,
        gross_minor=gross_minor,
        fee_minor=fee_minor,
        net_minor=gross_minor - fee_minor,
        currency=period.currency,
        occurred_at=at,
    )
