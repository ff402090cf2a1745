"""Licensing a generation at today's price."""

from datetime import datetime

from marketplace.models import Customer, Download, Generation
from marketplace.prices import licence_price
from marketplace.services import record_download


def license_now(customer: Customer, generation: Generation, key: str, at: datetime) -> Download:
    """Record a licence once for each key. Raises `NotForSale`, and ValueError for a key of another licence."""
    price = licence_price()
    return record_download(
        customer, generation, gross_minor=price.minor, currency=price.currency, at=at, idempotency_key=key
    )
