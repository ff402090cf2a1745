"""Which images show people, by what their contributors say: by a dated list of words in English and German.

Nothing is guessed: where no keyword says so, nobody knows of people.
"""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("people_keywords.json")
WORD = re.compile(r"\w+")


def keyword_of_people(keywords: Iterable[str]) -> str:
    """The first keyword with a word of the list, and without one that denies it, as 'no people' does; or empty."""
    people, denials = frozenset(_listed()["people"]), frozenset(_listed()["denied_by"])
    for keyword in keywords:
        words = set(WORD.findall(keyword.casefold()))
        if words & people and not words & denials:
            return keyword
    return ""


def list_version() -> str:
    """The month from which the list is."""
    return str(_listed()["version"])


@cache
def _listed() -> Any:
    return json.loads(LIST.read_text(encoding="utf-8"))
