"""What a licence costs."""

from django.conf import settings

from marketplace.core.money import Money


def licence_price() -> Money:
    """The price of one licence of any generation."""
    return Money(settings.LICENCE_PRICE_MINOR, settings.SETTLEMENT_CURRENCY)
