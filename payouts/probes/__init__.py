"""Prompt-probe sets: prompts that say nothing of what is asked, and what is read in the pictures they bring forth.

Each is a dated JSON file. A changed set gets a new date, so that reports of one date can be compared.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from attribution.recipes import file_sha256

NAMED_SETS = Path(__file__).parent


class NotAProbeSet(ValueError):
    """A name or file that is no probe set; the message says what is wrong with it."""


@dataclass(frozen=True)
class Answer:
    """One answer to a question: the texts that a picture is held against, and the keywords by which contributors say
    the same of theirs, in lower case."""

    name: str
    texts: tuple[str, ...]
    keywords: frozenset[str]


@dataclass(frozen=True)
class Question:
    """What is asked of each picture, with at least two answers."""

    name: str
    answers: tuple[Answer, ...]

    def said_of(self, keywords: list[str]) -> int | None:
        """Which answer a contributor's keywords give; None where they give none or several."""
        words = {keyword.casefold() for keyword in keywords}
        given = [place for place, answer in enumerate(self.answers) if words & answer.keywords]
        return given[0] if len(given) == 1 else None


@dataclass(frozen=True)
class ProbeSet:
    """Prompts, each to be generated with the seeds 0 to `pictures_each` - 1, and questions of every picture."""

    name: str
    dated: date
    pictures_each: int
    prompts: tuple[str, ...]
    questions: tuple[Question, ...]
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} of {self.dated}"


def find_probe_set(name_or_path: str) -> ProbeSet:
    """The set of that name in this folder, or in the JSON file at that path. Raises `NotAProbeSet`."""
    named = {path.stem: path for path in NAMED_SETS.glob("*.json")}
    path = named.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        raise NotAProbeSet(f'There is no probe set "{name_or_path}": give one of {", ".join(sorted(named))} or a file.')
    try:
        return _read(path)
    except (KeyError, TypeError, ValueError) as error:
        raise NotAProbeSet(
            f"{path} is no probe set ({type(error).__name__}: {error}). It needs name, dated, pictures_each, prompts, "
            "and questions with two or more answers, each with name, texts and keywords, as everyday.json has them."
        ) from error


def _read(path: Path) -> ProbeSet:
    values = json.loads(path.read_text(encoding="utf-8"))
    probe_set = ProbeSet(
        name=values["name"],
        dated=date.fromisoformat(values["dated"]),
        pictures_each=int(values["pictures_each"]),
        prompts=tuple(values["prompts"]),
        questions=tuple(_question(each) for each in values["questions"]),
        sha256=file_sha256(path),
    )
    if probe_set.pictures_each < 1 or not probe_set.prompts or not probe_set.questions:
        raise ValueError("it asks for no picture, or nothing of it")
    return probe_set


def _question(values: dict[str, list[dict[str, list[str]]]]) -> Question:
    answers = tuple(
        Answer(str(each["name"]), tuple(each["texts"]), frozenset(keyword.casefold() for keyword in each["keywords"]))
        for each in values["answers"]
    )
    if len(answers) < 2 or not all(answer.texts for answer in answers):  # noqa: PLR2004
        raise ValueError(f"question {values['name']!r} has fewer than two answers, or one without texts")
    return Question(str(values["name"]), answers)
