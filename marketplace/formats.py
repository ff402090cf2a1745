"""How figures and times are written for people: exactly, in the reader's language. Machines get plain digits elsewhere.

The language is the one that Django has active. Amounts name their currency by its code, times their zone.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal
from django.utils.translation import get_language

from marketplace.core.money import MICRO_DIGITS, exponent_of, format_micro

PERCENT_DECIMALS = 4
FEW_DECIMALS = 4
RATE_DECIMALS = 1  # of what was measured, which is not exact
PPM_PER_PERCENT = 10_000


def minor_amount(amount_minor: int, currency: str) -> str:
    """Minor units as '1,234.56 USD' or '1.234,56 USD'."""
    decimals = exponent_of(currency)
    return f"{_number(Decimal(amount_minor).scaleb(-decimals), decimals)} {currency}"


def micro_amount(amount_micro: int, currency: str) -> str:
    """Micro-units as '12.345678 USD': all six decimals, so that what is shown can be added up."""
    return f"{_number(Decimal(amount_micro).scaleb(-MICRO_DIGITS), MICRO_DIGITS)} {currency}"


def written_amount(number: str, currency: str) -> str:
    """An amount that stands in a sentence as '1234.50' and 'USD', with all of its decimals."""
    return f"{_number(Decimal(number), len(number.partition('.')[2]))} {currency}"


def percentage(share_ppm: int) -> str:
    """Parts per million as '12.3456 %', exactly."""
    return f"{_number(Decimal(share_ppm) / PPM_PER_PERCENT, PERCENT_DECIMALS)} %"


def rate(part: float) -> str:
    """A measured part of 1 as '8.5 %'."""
    return f"{_number(Decimal(part * 100), RATE_DECIMALS)} %"


def instant(at: datetime) -> str:
    """An instant as 'Nov 2, 2026, 09:30 UTC'."""
    moment = at.astimezone(UTC)
    return f"{format_date(moment, locale=_locale())}, {format_time(moment, 'HH:mm', locale=_locale())} UTC"


def day(on: date) -> str:
    """A day as 'Nov 2, 2026'."""
    return format_date(on, locale=_locale())


def duration(span: timedelta) -> str:
    """A span of time as '15 seconds', in its largest unit."""
    return format_timedelta(span, locale=_locale())


def month(on: date) -> str:
    """The month of a day as 'November 2026'."""
    return format_skeleton("yMMMM", datetime(on.year, on.month, 1, tzinfo=UTC), locale=_locale())


def short_month(on: date) -> str:
    """The month of a day as 'Nov', for where there is little room."""
    return format_skeleton("MMM", datetime(on.year, on.month, 1, tzinfo=UTC), locale=_locale())


def four_decimals(amount_micro: int, currency: str) -> str:
    """Micro-units as '12.3456 USD', cut toward zero: what one image earned."""
    return f"{_number(Decimal(format_micro(amount_micro, FEW_DECIMALS)), FEW_DECIMALS)} {currency}"


def _number(value: Decimal, decimals: int) -> str:
    return format_decimal(value, "#,##0" + ("." + "0" * decimals if decimals else ""), locale=_locale())


def _locale() -> str:
    return get_language() or "en"
