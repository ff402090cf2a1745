"""What finance's pages share: their sections, the steps of a month or a run, and words for codes."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse

from payouts import words

register = template.Library()

register.filter("state_words", words.state)
register.filter("reason_words", words.reason)
register.filter("reason_sentence", words.reason_sentence)
register.filter("kind_words", words.kind)


@register.inclusion_tag("payouts/_section.html", takes_context=True)
def section(context: RequestContext, name: str, text: str) -> dict[str, Any]:
    """A link to a section of finance's pages, marked where the reader is in it."""
    href, path = reverse(name), context["request"].path
    is_here = path == href or (name != "finance" and path.startswith(href))
    return {"href": href, "text": text, "is_here": is_here}
