"""Which countries a platform's transfers reach, and the least that crosses a border.

Source: https://docs.stripe.com/connect/cross-border-payouts, as it was in November 2026. Platforms in the United
States, the United Kingdom, the European Economic Area, Canada or Switzerland can transfer to connected accounts in any
of these; all other transfers stay within the platform's country, unless Stripe agrees to more. The minimum across a
border is typically one whole unit of the currency, by the page beside it, special-requirements. Stripe changes both
from time to time: what it refuses in spite of these rules is a rejected payout with its reason.
"""

from marketplace.core.money import exponent_of

EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)
REACHABLE = EEA | {"CA", "CH", "GB", "US"}


def reaches(platform_country: str, country: str) -> bool:
    """Whether a platform's transfers reach accounts in a country; both are two capital letters."""
    return country == platform_country or {platform_country, country} <= REACHABLE


def least_minor(platform_country: str, country: str, currency: str) -> int:
    """The least, in minor units, that can be sent to an account in a country: a whole unit across a border."""
    return 1 if country == platform_country else int(10 ** exponent_of(currency))
