"""Finding a term in a prompt however it is written: spaced out, with accents, in leetspeak or foreign letters.

Both are folded first: compatibility forms (NFKD), accents and invisible characters taken off, letters that look like
Latin ones (Unicode's confusables, https://www.unicode.org/reports/tr39/) replaced by them, case folded. A term is then
found as whole words only, so that no town or profession is refused for what its name happens to hold.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from string import ascii_letters

from confusable_homoglyphs.confusables import confusables_data

LEAST_LETTERS = 3
LEAST_IDEOGRAPHS = 2
SWAPPED_FROM = 6
"""Letters from which on a term is found with i for l and l for i: shorter ones become other words (all, Ali)."""
LEAST_FRAGMENTS = 3
"""Into so many parts spaces must break a word before it counts as spaced out: two are ordinary words (photo shop)."""
CACHED_TERMS = 50_000

LEET = {"o": "0", "i": "1!", "l": "1", "e": "3€", "a": "4@", "s": "5$", "t": "7", "b": "8", "g": "69", "z": "2"}
SYMBOLS = {symbol: letter for letter, symbols in LEET.items() for symbol in symbols if not symbol.isdigit()}
SMALL_CAPITALS = dict(zip("вкмнтκτηω", "bkmhtktnw", strict=True))
"""Small letters that look like a Latin capital: Unicode's table has none of them."""
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols without ink
SPACE, MARK = " ", "."  # what all white space and all other punctuation is folded to
CJK = "\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"  # written without spaces, so that words have no boundary
LETTER = r"[^\W\d_]"
LEET_CHARACTER = rf"[\d{re.escape(''.join(SYMBOLS))}]"


class NotATerm(ValueError):
    """Too short to look for; the message says how long it has to be."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end`, not included, of a prompt."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and for each of its characters the place of the one that it comes from."""

    text: str
    places: tuple[int, ...]


def _look_alikes() -> dict[str, str]:
    """Latin letters by the characters of other scripts that look like them; '1' for those that are i or l."""
    found = {
        other["c"]: "1" if letter in "lI" else letter.lower()
        for letter in ascii_letters
        for other in confusables_data[letter]
        if len(other["c"]) == 1 and not other["c"].isascii()
    }
    symbols = {chr(code): unicodedata.name(chr(code), "") for code in range(0x1F110, 0x1F200)}  # boxed ones and flags
    in_boxes = {symbol: name[-1].lower() for symbol, name in symbols.items() if " LETTER " in name[:-1]}
    return found | SMALL_CAPITALS | in_boxes


LOOK_ALIKES = _look_alikes()


def fold(text: str) -> Folded:
    """The text as it is compared; the same for all ways of writing that look alike, save leetspeak and spacing."""
    folded = [(character, place) for place in range(len(text)) for character in _folded(text, place)]
    return Folded("".join(character for character, _ in folded), tuple(place for _, place in folded))


def _folded(text: str, place: int) -> str:
    if _is_i_or_l(text, place):
        return "1"
    letters = LOOK_ALIKES.get(text[place]) or unicodedata.normalize("NFKD", text[place])
    return "".join(chain.from_iterable(map(_folded_character, letters)))


def _is_i_or_l(text: str, place: int) -> bool:
    """Whether it is a capital I among small letters or a small l among capitals, which pass for one another."""
    letter = unicodedata.normalize("NFD", text[place])[0]
    if letter not in "Il":
        return False
    before = next((text[earlier] for earlier in range(place - 1, -1, -1) if not _is_mark(text[earlier])), "")
    if letter == "I":
        return before.islower()
    return before.isupper() and text[place + 1 : place + 2].isupper()


def _folded_character(character: str) -> str:
    if character.isspace():
        return SPACE
    if character in BLANKS or unicodedata.category(character) in ("Cf", "Cc"):
        return ""
    letters = LOOK_ALIKES.get(character, character.casefold())
    return "".join(
        letter if letter.isalnum() or letter in SYMBOLS else MARK for letter in letters if not _is_mark(letter)
    )


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def find_term(term: str, prompt: Folded) -> list[Span]:
    """Where the prompt has the term, in the order of the prompt; each place once.

    Raises `NotATerm` for a term of fewer than three letters (two ideographs).
    """
    pattern, letter_count = _pattern(term)
    found: list[Span] = []
    place = 0
    while match := pattern.search(prompt.text, place):
        place = match.start() + 1
        if _is_written_out(match, letter_count):
            found.append(Span(prompt.places[match.start()], prompt.places[match.end() - 1] + 1))
            place = match.end()
    return found


def _is_written_out(match: re.Match[str], letter_count: int) -> bool:
    """Whether it is no chance: half of it are letters, and a word with a space in it is broken into several parts."""
    if 2 * sum(character.isalpha() for character in match.group()) < letter_count:
        return False
    return all(SPACE not in word or len(word.split()) >= LEAST_FRAGMENTS for word in match.groups())


@lru_cache(CACHED_TERMS)
def _pattern(term: str) -> tuple[re.Pattern[str], int]:
    """What finds the term, a group for each of its words, and how many letters it has."""
    folded = "".join(SYMBOLS.get(character, character) for character in fold(term).text)
    words = re.split(rf"[{SPACE}{MARK}]+", folded.strip(SPACE + MARK))
    letters = "".join(words)
    is_cjk = re.fullmatch(rf"[{CJK}]+", letters) is not None
    least = LEAST_IDEOGRAPHS if is_cjk else LEAST_LETTERS
    if len(letters) < least or letters.isdigit():
        raise NotATerm(f"{term!r} is too short to look for: a term needs {least} letters or more.")
    gap = rf"[{SPACE}{MARK}]*"
    body = gap.join("(" + gap.join(_ways_to_write(letter, len(letters)) for letter in word) + ")" for word in words)
    if not is_cjk:
        before = rf"(?<!{LETTER})(?<!{LETTER}{LEET_CHARACTER})"
        body = rf"{before}{body}(?!{LETTER}|{LEET_CHARACTER}+{LETTER})"
    return re.compile(body), len(letters)


def _ways_to_write(letter: str, letter_count: int) -> str:
    ways = letter + LEET.get(letter, "")
    if letter in "il" and letter_count >= SWAPPED_FROM:
        ways += "il"
    return f"[{re.escape(ways)}]"
