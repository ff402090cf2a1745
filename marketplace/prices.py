"""What a licence costs."""

from django.conf import settings

from marketplace.core.money import Money

LICENCE_MINOR = 990


def licence_price() -> Money:
    """The price of one licence of any generation."""
    return Money(LICENCE_MINOR, settings.SETTLEMENT_CURRENCY)
