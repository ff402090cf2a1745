"""How pages write amounts, shares and times: exactly, with their unit."""

from datetime import date, datetime

from django import template

from marketplace import formats, terms, words
from marketplace.models import User
from marketplace.permissions import Roles
from marketplace.permissions import roles_of as find_roles
from marketplace.reasons import sentence_of, signal_name
from marketplace.said import said
from marketplace.terms import Terms

register = template.Library()

register.filter("minor", formats.minor_amount)
register.filter("micro", formats.micro_amount)
register.filter("four_decimals", formats.four_decimals)
register.filter("percent", formats.percentage)
register.filter("rate", formats.rate)
register.filter("utc", formats.instant)
register.filter("day", formats.day)
register.filter("duration", formats.duration)
register.filter("month", formats.month)
register.filter("said", said)
register.filter("signal_in_words", signal_name)
register.filter("scope_in_words", words.scope)
register.filter("event_in_words", words.event)


@register.filter
def in_words(code: str) -> str:
    """A code such as 'below_threshold' as words."""
    return said(code.replace("_", " "))


@register.filter
def spelled_utc(spelled: str) -> str:
    """An instant as documents spell it, '2026-11-02T09:30:00.000000Z', as pages write it."""
    return formats.instant(datetime.fromisoformat(spelled))


@register.filter
def spelled_month(spelled: str) -> str:
    """A month as documents spell it, '2026-11', as pages write it."""
    return formats.month(date.fromisoformat(f"{spelled}-01"))


@register.filter
def reason_in_words(code: str) -> str:
    """A reason code of the screen as a sentence; one that only another version knows, as its own words."""
    sentence = sentence_of(code)
    return said(sentence) if sentence else in_words(code)


@register.simple_tag
def unaccepted_terms(user: User) -> list[Terms]:
    """The terms that the reader has to accept before going on."""
    return terms.unaccepted_terms(user)


@register.simple_tag
def roles_of(user: User) -> Roles:
    """What the reader is, for the navigation."""
    return find_roles(user)
