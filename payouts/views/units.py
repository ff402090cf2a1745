"""Rates and amounts as people type them, in percent and whole units of a currency; stored in ppm and minor units.

Each field takes the decimals that can be stored, and refuses more.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django_stubs_ext import StrOrPromise

from marketplace.core.money import MICRO_DIGITS, exponent_of

PPM_PER_PERCENT = 10_000


def percent_field(label: StrOrPromise = "", **options: Any) -> forms.DecimalField:
    """A part of a whole in percent, with four decimals."""
    return forms.DecimalField(label=label, min_value=0, max_value=100, decimal_places=4, **options)


def minor_field(label: StrOrPromise, currency: str, **options: Any) -> forms.DecimalField:
    """An amount in whole units of a currency, with the decimals that it has."""
    return forms.DecimalField(
        label=_in_currency(label, currency), decimal_places=exponent_of(currency), max_digits=15, **options
    )


def micro_field(label: StrOrPromise, currency: str, **options: Any) -> forms.DecimalField:
    """An amount in whole units of a currency, with six decimals."""
    return forms.DecimalField(
        label=_in_currency(label, currency), decimal_places=MICRO_DIGITS, max_digits=18, **options
    )


def _in_currency(label: StrOrPromise, currency: str) -> StrOrPromise:
    """The label of an amount as 'Amount (USD)'."""
    return format_lazy("{} ({})", label, currency)


def ppm_of(percent: Decimal) -> int:
    """Percent in parts per million."""
    return int(percent * PPM_PER_PERCENT)


def percent_of(part_ppm: int) -> Decimal:
    """Parts per million in percent."""
    return Decimal(part_ppm) / PPM_PER_PERCENT


def minor_of(amount: Decimal, currency: str) -> int:
    """An amount in minor units."""
    return int(amount.scaleb(exponent_of(currency)))


def amount_of(amount_minor: int, currency: str) -> Decimal:
    """Minor units as an amount in whole units."""
    return Decimal(amount_minor).scaleb(-exponent_of(currency))


def micro_of(amount: Decimal) -> int:
    """An amount in micro-units."""
    return int(amount.scaleb(MICRO_DIGITS))
