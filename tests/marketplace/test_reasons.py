"""Whoever is refused reads why in a sentence, whatever the screen found, and what looked at it in words."""

import re
from pathlib import Path

import pytest

from marketplace.reasons import _SIGNALS, sentence_of, signal_name
from marketplace.screening import CHECKS
from marketplace.screening.source_types import MEANINGS

ROOT = Path(__file__).parents[2]
SOURCES = [
    *(ROOT / "marketplace" / "screening").glob("*.py"),
    *(ROOT / "marketplace" / name for name in ("images.py", "services.py", "own_generations.py")),
    *(ROOT / "attribution").glob("*.py"),
]
CODE = re.compile(
    r'(?:Verdict\.[A-Z]+, |UnreadableImage\(\s*|unreadable\(\s*|return )"([a-z0-9]+(?:_[a-z0-9]+)+|corrupt)"'
)
NAME = re.compile(r'(?:\bSignal\(\s*|^NAME = (?:SAME_FILE = )?)"([a-z_]+)"', re.MULTILINE)


def codes() -> set[str]:
    """Every reason that the code gives, and those that are put together while it runs."""
    written = {code for source in SOURCES for code in CODE.findall(source.read_text(encoding="utf-8"))}
    named = {"generator_named", "ai_editor_named"}
    said = {reason for _, reason in MEANINGS.values()}
    in_c2pa = {f"c2pa_{part}{reason}" for part in ("", "component_") for reason in said | named}
    return written | named | in_c2pa | {f"xmp_{part}{reason}" for part in ("", "ingredient_") for reason in said}


def test_every_reason_of_the_screen_is_a_sentence() -> None:
    assert len(codes()) > 40
    assert {code for code in codes() if not (sentence_of(code) or "").endswith(".")} == set()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("c2pa_trained_algorithmic_media", "The file says that a generator made the picture."),
        (
            "c2pa_component_trained_algorithmic_media",
            "The file says that a generator made something that was placed into the picture.",
        ),
        (
            "c2pa_edited_after_signing",
            "The picture was edited after its content credentials were signed, as is common.",
        ),
    ],
)
def test_what_is_said_of_a_part_is_not_said_of_the_picture(code: str, sentence: str) -> None:
    assert sentence_of(code) == sentence


def test_a_reason_that_only_another_version_knows_is_no_sentence() -> None:
    assert sentence_of("c2pa_something_new") is None


def test_what_each_signal_looked_at_is_said_in_words() -> None:
    texts = (source.read_text(encoding="utf-8") for source in SOURCES)
    names = {name for text in texts if "Signal(" in text for name in NAME.findall(text)}
    assert set(CHECKS) | {"decoding", "own_generation", "same_bytes", "detector"} == names
    assert names == set(_SIGNALS)


def test_a_signal_that_only_another_version_knows_is_said_by_its_own_words() -> None:
    assert signal_name("something_new") == "something new"
