"""What the rules say, in the reader's language.

Rules need no Django, and some of what they said is stored: so they speak English, and pages say it again in the
reader's language. A sentence that was made of a template is recognised by it: the catalogue has
'The balance of %(balance)s is carried over.', and whatever stands for the balance is said in turn, amounts and times
as pages write them.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.mofile import read_mo
from django.conf import settings
from django.utils.translation import get_language, gettext

from marketplace.formats import instant, written_amount

CATALOGUES = Path(__file__).parent / "locale"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
WORD = re.compile(r"[A-Za-z]{4}")
"""What a template is recognised by: one such as '%(model)s is %(state)s.' would fit what somebody wrote."""
AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})")
LARGE = re.compile(r"(?<![\w.,:-])(\d{4,}(?:\.\d+)?) ([A-Z]{3})\b")
TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC")
LINES, BETWEEN = re.compile(r"(\n)"), re.compile(r"(, | or )")


def said(text: object) -> str:
    """A text of the rules in the reader's language; one that the catalogue does not know stays as it is."""
    text, language = str(text), get_language()
    if text and language not in (None, settings.LANGUAGE_CODE):
        text = _recognised(text, str(language)) or text
    return LARGE.sub(lambda found: written_amount(*found.groups()), TIME.sub(_time, text))


def _time(found: re.Match[str]) -> str:
    return instant(datetime.strptime(found[0], "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC))


def _recognised(text: str, language: str) -> str | None:
    amount = AMOUNT.fullmatch(text)
    if amount:
        return written_amount(*amount.groups())
    whole = gettext(text) if text else ""
    if whole != text or text in _known(language):
        return whole
    for part, pattern, translation in _templates(language):
        found = pattern.fullmatch(text) if part in text else None
        if found:
            return translation % {name: said(value) for name, value in found.groupdict().items()}
    return _by_parts(text, language)


def _by_parts(text: str, language: str) -> str | None:
    """Sentences in lines, or a list such as 'first name, last name', if all parts of it are known."""
    parts = (LINES if "\n" in text else BETWEEN).split(text)
    found = [_recognised(part, language) for part in parts[::2]] if len(parts) > 1 else [None]
    if None in found:
        return None
    parts[::2] = map(str, found)
    return "".join(gettext(part) if part.strip() else part for part in parts)


@cache
def _known(language: str) -> frozenset[str]:
    return frozenset(message.id for message in _messages(language) if isinstance(message.id, str) and message.id)


@cache
def _templates(language: str) -> list[tuple[str, re.Pattern[str], str]]:
    """The longest text between placeholders, the pattern and the translation of each template; the longest first."""
    messages = [
        (message.id, message.string)
        for message in _messages(language)
        if isinstance(message.id, str) and message.string and PLACEHOLDER.search(message.id)
    ]
    templates = [(_longest_part(source), _pattern(source), str(translation)) for source, translation in messages]
    return sorted((one for one in templates if WORD.search(one[0])), key=lambda one: -len(one[0]))


def _messages(language: str) -> Iterator[Message]:
    file = CATALOGUES / language / "LC_MESSAGES" / "django.mo"
    if file.exists():
        with file.open("rb") as catalogue:
            yield from read_mo(catalogue)


def _parts(template: str) -> list[str]:
    """The texts between the placeholders, at the even places, and the placeholders' names."""
    return [
        part.replace("%%", "%") if place % 2 == 0 else part for place, part in enumerate(PLACEHOLDER.split(template))
    ]


def _longest_part(template: str) -> str:
    return max(_parts(template)[::2], key=len)


def _pattern(template: str) -> re.Pattern[str]:
    known: set[str] = set()
    pattern = ""
    for place, part in enumerate(_parts(template)):
        if place % 2 == 0:
            pattern += re.escape(part)
        elif part in known:
            pattern += f"(?P={part})"
        else:
            known.add(part)
            pattern += f"(?P<{part}>.+?)"
    return re.compile(pattern)
