"""Both languages are complete: whatever a page says in English, it says in German."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from django.test import Client
from django.utils import translation

from marketplace.said import _known, _templates, said
from tests.translating import APPS, GERMAN, ROOT, german, sentences_of, texts

NAMED = re.compile(r"%\((\w+)\)[sd]")
WRITTEN_ONCE = {"Tributary", "PDF", "CSV", "JSON", "XLSX", "ZIP", "USD", "UTC", "API", "JPEG", "PNG", "URL"}
WRITTEN_ONCE |= {"SHA", "Stripe"}
"""What is the same in both languages."""
NOT_FOR_LOGINS = {"explanation_file.html", "replication_report.html", "500.html"}
"""Files that are handed on, in English, and the page of last resort, which must need nothing."""
DJANGO = re.compile(
    r"\{% blocktranslate.*?%\}.*?\{% endblocktranslate %\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}"
    r"|<(script|style|code)\b.*?</\1>",
    re.DOTALL,
)
SPOKEN_ATTRIBUTE = re.compile(r'(?:aria-label|alt|title|placeholder|data-label)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(autouse=True, scope="module")
def _compiled() -> None:
    """The catalogue as `make` compiles it."""
    with GERMAN.with_suffix(".mo").open("wb") as file:
        write_mo(file, german())
    _templates.cache_clear()
    _known.cache_clear()


def test_every_text_has_a_german_translation_and_no_translation_is_left_over() -> None:
    catalogue, needed = german(), texts()
    missing = [message.id for message in needed if message.id and not _is_translated(catalogue.get(message.id))]
    assert missing == [], "write them into the catalogue after `make messages`"
    assert [message.id for message in catalogue if message.id and message.id not in needed] == []


def _is_translated(message: Message | None) -> bool:
    return message is not None and not message.fuzzy and bool(message.string) and all(message.string or ())


def test_every_translation_has_the_placeholders_of_its_text() -> None:
    differing = [
        message.id
        for message in german()
        if message.id and {*NAMED.findall(str(message.id))} != {*NAMED.findall(str(message.string))}
    ]
    assert differing == []


@pytest.mark.parametrize("app", APPS)
def test_no_template_has_words_that_are_not_marked_for_translation(app: str) -> None:
    unmarked = [
        f"{file.relative_to(ROOT)}: {words}"
        for file in sorted((ROOT / app).rglob("*.html"))
        if file.name not in NOT_FOR_LOGINS
        for words in _unmarked(file.read_text(encoding="utf-8"))
    ]
    assert unmarked == []


def _unmarked(template: str) -> list[str]:
    html = DJANGO.sub(" ", template)
    spoken = [*SPOKEN_ATTRIBUTE.findall(html), *re.split(r"\s*<[^>]*>\s*", html)]
    texts = (re.sub(r"&\w+;", " ", text).strip() for text in spoken)
    return [text for text in texts if set(WORD.findall(text)) - WRITTEN_ONCE]


@pytest.mark.parametrize("template", ["<p>Hello</p>", '<img alt="A picture">', "<p>{{ at }} Hello {{ name }}</p>"])
def test_that_walk_does_find_words_that_are_not_marked(template: str) -> None:
    assert _unmarked(template)


def test_what_the_rules_say_is_found_in_the_code_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "rules.py"
    file.write_text(
        '"""A docstring is none."""\nraise ValueError(f"{balance} of {one.name} is waiting: be patient.")\n'
    )
    assert list(sentences_of(file)) == [(2, "%(balance)s of %(name)s is waiting: be patient.")]


def test_a_german_reader_gets_pages_in_german_and_can_go_back(client: Client, db: None) -> None:
    german_page = client.get("/verify/", headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="de">' in german_page
    assert "Datei" in german_page
    client.post("/language/", {"language": "en", "next": "/verify/"})
    assert "Check the file" in client.get("/verify/", headers={"Accept-Language": "de"}).content.decode()


def test_a_sentence_that_was_stored_in_english_is_said_in_german() -> None:
    stored = "The balance of 3.10 USD is below the threshold of 10.00 USD and is carried over."
    assert said(stored) == stored
    with translation.override("de"):
        assert "3,10 USD" in said(stored)
        assert "10,00 USD" in said(stored)
        assert "balance" not in said(stored)
        assert said("What nobody has translated stays.") == "What nobody has translated stays."


def test_the_times_in_a_stored_sentence_are_written_as_pages_write_them() -> None:
    stored = "2026-10 ends at 2026-11-01 00:00 UTC: close it after that."
    assert "ends at Nov 1, 2026, 00:00 UTC: close" in said(stored)
    with translation.override("de"):
        assert "01.11.2026, 00:00 UTC" in said(stored)


def test_large_amounts_in_a_stored_sentence_are_written_as_pages_write_them() -> None:
    stored = "country not reached: 1081.31 USD is waiting; of 2026-10 USD nothing is, nor after 23:59 UTC."
    assert said(stored) == stored.replace("1081.31", "1,081.31")


def test_a_list_of_what_is_known_is_said_in_german_and_what_somebody_wrote_is_left_alone() -> None:
    with translation.override("de"):
        assert said("Stripe still asks for first name, last name") == "Stripe verlangt noch: Vorname, Nachname"
        assert said("Send us your tax form: W-8BEN or W-8BEN-E.").endswith(": W-8BEN oder W-8BEN-E.")
        for written in ("The name is wrong.", "The date, or the signature", ", ", "Send it to us now"):
            assert said(written) == written


def test_sentences_in_lines_are_each_said_in_german() -> None:
    with translation.override("de"):
        lines = said("Image 7: 40 points agree; 9 % of the generation is 8 % of the image.\nImage 7 is mirrored.")
    assert lines.splitlines() == [
        "Bild 7: 40 Punkte stimmen überein; 9 % des generierten Bilds sind 8 % dieses Bilds.",
        "Bild 7 ist gespiegelt.",
    ]
