"""Whole minor units (cents, yen) for what is charged and sent, micro-units for what accrues; never a float.

A micro-unit is one millionth of the currency's major unit, so that a share of a cent is kept until it adds up.
"""

from dataclasses import dataclass

MICRO_DIGITS = 6

_EXPONENT_0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_EXPONENT_2 = (
    "AED ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CVE CZK DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR "
    "KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN "
    "PGK PHP PKR PLN QAR RON RSD SAR SBD SCR SEK SGD SHP SOS SRD STN SZL THB TJS TOP TRY TTD TWD TZS UAH USD UYU UZS "
    "WST XCD YER ZAR ZMW"
)
_EXPONENT_3 = "BHD IQD JOD KWD LYD OMR TND"

# ISO 4217 exponents. Stripe counts ISK, UGX and MGA otherwise: settings refuse them as settlement currency.
EXPONENTS = {
    code: exponent
    for exponent, codes in ((0, _EXPONENT_0), (2, _EXPONENT_2), (3, _EXPONENT_3))
    for code in codes.split()
}


class CurrencyError(ValueError):
    """A currency is unknown, or two currencies met in one sum."""


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in whole minor units of one currency; it may be negative."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        """Raise CurrencyError for an unknown currency and TypeError for anything but whole minor units."""
        exponent_of(self.currency)
        if type(self.minor) is not int:
            raise TypeError(f"Money is counted in whole minor units, not {self.minor!r}.")

    def __add__(self, other: "Money") -> "Money":
        """Raise CurrencyError when the currencies differ."""
        if self.currency != other.currency:
            raise CurrencyError(f"Cannot add {other.currency} to {self.currency}; convert one of them first.")
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Raise CurrencyError when the currencies differ."""
        return self + -other

    def __str__(self) -> str:
        return f"{format_minor(self.minor, self.currency)} {self.currency}"


def exponent_of(currency: str) -> int:
    """Return how many decimals the currency's minor unit has (ISO 4217); raise CurrencyError if it is not listed."""
    if currency not in EXPONENTS:
        raise CurrencyError(f"Unknown currency {currency!r}; use a three-letter ISO 4217 code such as USD.")
    return EXPONENTS[currency]


def micro_per_minor(currency: str) -> int:
    """Return how many micro-units one minor unit holds: 10,000 for USD, 1,000,000 for JPY."""
    return int(10 ** (MICRO_DIGITS - exponent_of(currency)))


def minor_to_micro(amount_minor: int, currency: str) -> int:
    """Convert whole minor units to micro-units, exactly."""
    return amount_minor * micro_per_minor(currency)


def micro_to_minor(amount_micro: int, currency: str) -> int:
    """Convert micro-units to minor units; raise ValueError if they are not a whole number of minor units."""
    amount_minor, rest_micro = divmod(amount_micro, micro_per_minor(currency))
    if rest_micro:
        raise ValueError(f"{amount_micro} micro {currency} is not a whole number of minor units.")
    return amount_minor


def whole_minor(amount_micro: int, currency: str) -> int:
    """Return the whole minor units that can leave (rounded down); what is left of `amount_micro` is carried over."""
    return amount_micro // micro_per_minor(currency)


def format_minor(amount_minor: int, currency: str) -> str:
    """Return plain digits in major units for machines: '12.34' for USD, '1234' for JPY."""
    return _format(amount_minor, exponent_of(currency))


def format_micro(amount_micro: int, decimals: int = MICRO_DIGITS) -> str:
    """Return plain digits in major units with 0 to 6 decimals, cut toward zero so that no more is shown than is there.

    Raises ValueError for any other number of decimals.
    """
    if not 0 <= decimals <= MICRO_DIGITS:
        raise ValueError(f"Micro-units have 0 to {MICRO_DIGITS} decimals, not {decimals}.")
    shown = abs(amount_micro) // 10 ** (MICRO_DIGITS - decimals)
    return _format(shown if amount_micro >= 0 else -shown, decimals)


def _format(digits: int, decimals: int) -> str:
    sign = "-" if digits < 0 else ""
    text = str(abs(digits)).zfill(decimals + 1)
    return f"{sign}{text[: len(text) - decimals]}.{text[len(text) - decimals :]}" if decimals else sign + text
