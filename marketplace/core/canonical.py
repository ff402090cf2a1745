"""The one spelling of a document that is hashed or signed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def canonical(document: Mapping[str, object]) -> bytes:
    """A document of text, whole numbers, lists and mappings as the JSON that is hashed: ASCII, keys sorted, no spaces.

    Raises TypeError for a float anywhere, which has more than one spelling.
    """
    _refuse_floats(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def instant(at: datetime) -> str:
    """A time as such documents spell it: UTC, to the microsecond."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def instant_in_words(spelled: str) -> str:
    """What `instant` spells, for people: '2026-11-02 09:30 UTC'."""
    return f"{spelled[:10]} {spelled[11:16]} UTC"


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(f"{value} is a float: count in whole units, which have one spelling.")
    if isinstance(value, Mapping | list):
        for part in value.values() if isinstance(value, Mapping) else value:
            _refuse_floats(part)
