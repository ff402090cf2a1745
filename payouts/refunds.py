"""Refunds: money of a sale that the customer got back."""

from datetime import datetime

from django.db import transaction

from marketplace.models import Download
from payouts.core.ledger import money_back
from payouts.models import AdjustmentReason, RevenueEvent, RevenueKind
from payouts.money_back import Parts, claim_back, known_event, lock, parts_of, taken
from payouts.posting import post


@transaction.atomic
def record_refund(download: Download, amount_minor: int, key: str, at: datetime) -> RevenueEvent:
    """Record that Stripe gave so much of a download back, once per key, which names the refund at Stripe.

    Stripe keeps its fee of the sale, which is then the platform's loss. Raises `MoneyBackRefused`.
    """
    lock(download)
    entry_key = refund_key(key)
    known = known_event(entry_key, download, amount_minor)
    if known is not None:
        return known
    claim = claim_back(download, amount_minor, at)
    currency = claim.period.currency
    lines = list(money_back(amount_minor, 0, currency))
    parts = Parts({}, {})
    if claim.origin is not None:
        parts = parts_of(download, claim.origin, amount_minor)
        lines += taken(parts, {}, currency)
    entry = post("refund", claim.period, entry_key, lines, at, claim.origin)
    parts.record(entry, AdjustmentReason.REFUND)
    return claim.event(RevenueKind.REFUND, entry, at)


def refund_key(key: str) -> str:
    """The key of a refund's entry."""
    return f"refund:{key}"
