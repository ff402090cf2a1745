"""How pages write amounts, shares and times: exactly, with their unit."""

from datetime import UTC, datetime

from django import template

from marketplace.core.money import Money, format_micro
from marketplace.models import User
from marketplace.permissions import Roles
from marketplace.permissions import roles_of as find_roles
from marketplace.reasons import sentence_of

PPM_PER_PERCENT = 10_000

register = template.Library()


@register.filter
def minor(amount_minor: int, currency: str) -> str:
    """Minor units as '12.34 USD'."""
    return str(Money(amount_minor, currency))


@register.filter
def micro(amount_micro: int, currency: str) -> str:
    """Micro-units as '12.345678 USD': all six decimals, so that what is shown can be added up."""
    return f"{format_micro(amount_micro)} {currency}"


@register.filter
def percent(share_ppm: int) -> str:
    """Parts per million as '12.3456 %', exactly."""
    return f"{share_ppm // PPM_PER_PERCENT}.{share_ppm % PPM_PER_PERCENT:04d} %"


@register.filter
def utc(at: datetime) -> str:
    """An instant as '2026-11-02 09:30 UTC'."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@register.filter
def in_words(code: str) -> str:
    """A code such as 'below_threshold' as words."""
    return code.replace("_", " ")


@register.filter
def reason_in_words(code: str) -> str:
    """A reason code of the screen as a sentence; one that only another version knows, as its own words."""
    return sentence_of(code) or in_words(code)


@register.simple_tag
def roles_of(user: User) -> Roles:
    """What the reader is, for the navigation."""
    return find_roles(user)
