"""Probe prompts run through a generator, what their pictures show is read, and the report calls it an estimate."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from attribution.reader import Reader, load_reader
from attribution.recipes import find_recipe
from marketplace.core.removals import RemovalKind
from marketplace.generators.base import GeneratedImage, GenerationFailed, PromptRefused
from marketplace.models import Asset, Contributor, Generation, GeneratorModel, TrainingSet
from marketplace.removals import ThirdParty, open_case
from payouts.probes import Answer, NotAProbeSet, ProbeSet, Question, find_probe_set
from payouts.probing import NothingToRead, probe, probe_figures, training_images
from tests.attribution.tiny_clip import TEXTS, colour_picture, write_tiny_clip
from tests.builders import CLOSED_AT, make_generator_model, make_training_set, submit

COLOUR = {
    "name": "Which colour",
    "answers": [{"name": colour, "texts": texts, "keywords": [colour.upper()]} for colour, texts in TEXTS.items()],
}
PROBES = {
    "name": "colours",
    "dated": "2026-11-01",
    "pictures_each": 3,
    "prompts": ["a fire", "the sea"],
    "questions": [COLOUR],
}


PARTY = ThirdParty("tom@example.org", "https://example.org/page")


class Painter:
    """A generator that paints fire red and else blue, declines every third sea, and stops where it is told to."""

    name, version = "painter", "1"

    def __init__(self, fails_at: int = -1) -> None:
        self.asked: list[tuple[str, int]] = []
        self._fails_at = fails_at

    def generate(self, prompt: str, seed: int) -> GeneratedImage:
        """Make one picture."""
        if len(self.asked) == self._fails_at:
            raise GenerationFailed("The painter fell asleep.")
        self.asked.append((prompt, seed))
        if prompt == "the sea" and seed == 2:
            raise PromptRefused("No more sea.")
        image = colour_picture("red" if prompt == "a fire" else "blue", 500 + seed)
        return GeneratedImage(image=image, prompt=prompt, seed=seed, parameters={})


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_clip(tmp_path_factory.mktemp("clip")))


@pytest.fixture(scope="session")
def reader(recipe: str) -> Reader:
    return load_reader(find_recipe(recipe))


@pytest.fixture
def probe_set(tmp_path: Path) -> ProbeSet:
    return find_probe_set(_file(tmp_path, PROBES))


@pytest.fixture
def training_set(ana: Contributor) -> TrainingSet:
    """Three red pictures and one blue one; one of the red is said to be blue, and one says both."""
    for number, (colour, keywords) in enumerate(
        [("red", ["Red", "fire"]), ("red", ["blue"]), ("red", ["red", "blue"]), ("blue", ["blue", "sea"])]
    ):
        _submit(ana, colour, 900 + number, keywords)
    return make_training_set()


@pytest.fixture
def model(training_set: TrainingSet) -> GeneratorModel:
    return make_generator_model(training_set)


def _file(folder: Path, values: dict[str, Any]) -> str:
    (folder / "probes.json").write_text(json.dumps(values))
    return str(folder / "probes.json")


def _submit(contributor: Contributor, colour: str, number: int, keywords: list[str]) -> Asset:
    out = BytesIO()
    colour_picture(colour, number, 300).save(out, "JPEG", quality=95)
    asset = Asset.objects.get(submission=submit(contributor, out.getvalue(), title=f"{colour} {number}"))
    asset.submission.keywords = keywords
    asset.submission.save()
    return asset


def _nobody(done: int, total: int) -> None:
    """Somebody who is told of progress and does nothing."""


def test_what_prompts_bring_forth_is_read_beside_the_training_set_with_its_error(
    training_set: TrainingSet, probe_set: ProbeSet, reader: Reader, tmp_path: Path
) -> None:
    probed = probe(Painter(), probe_set, reader, tmp_path / "pictures", _nobody)
    figures = probe_figures(probe_set, reader, probed, training_images(training_set, reader, _nobody))
    (colour,) = figures["questions"]
    assert figures["set"] == "colours of 2026-11-01"
    assert figures["pictures"] == 5
    assert colour["error"]["labelled"] == 3
    assert colour["error"]["wrong"] == 1
    assert [each["count"] for each in colour["training_set"]] == [3, 1]
    assert [each["count"] for each in colour["all_prompts"]] == [3, 2]
    assert [[each["count"] for each in row] for row in colour["prompts"]] == [[3, 0], [0, 2]]
    assert [each["refused"] for each in figures["prompts"]] == [0, 1]


def test_who_is_stopped_goes_on_with_the_picture_that_is_missing(
    probe_set: ProbeSet, reader: Reader, tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    with pytest.raises(GenerationFailed):
        probe(Painter(fails_at=2), probe_set, reader, tmp_path / "pictures", _nobody)
    again = Painter()
    probed = probe(again, probe_set, reader, tmp_path / "pictures", lambda *step: steps.append(step))
    assert again.asked == [("a fire", 2), ("the sea", 0), ("the sea", 1), ("the sea", 2)]
    assert [len(each.files) for each in probed] == [3, 2]
    assert steps[-1] == (6, 6)
    assert not list((tmp_path / "pictures").glob("*.partial"))


def test_another_version_of_the_generator_is_asked_anew(probe_set: ProbeSet, reader: Reader, tmp_path: Path) -> None:
    probe(Painter(), probe_set, reader, tmp_path / "pictures", _nobody)
    newer = Painter()
    newer.version = "2"
    probe(newer, probe_set, reader, tmp_path / "pictures", _nobody)
    assert len(newer.asked) == 6


def test_a_withheld_image_is_not_read(training_set: TrainingSet, reader: Reader) -> None:
    first, *others = Asset.objects.order_by("pk")
    open_case(first, RemovalKind.PRIVACY, "It shows me.", PARTY, CLOSED_AT)
    assert len(training_images(training_set, reader, _nobody).keywords) == 3
    for image in others:
        open_case(image, RemovalKind.PRIVACY, "It shows me.", PARTY, CLOSED_AT)
    with pytest.raises(NothingToRead, match="All images of the training set catalogue 1 are withheld"):
        training_images(training_set, reader, _nobody)


def test_the_report_shows_the_readings_and_the_pictures_and_sells_none_of_them(
    model: GeneratorModel, recipe: str, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    call_command("bias_report", model.name, "--on-card", probes=_file(tmp_path, PROBES), reader=recipe, output=report)
    page, figures = (report / "bias-report.html").read_text(), json.loads((report / "bias-report.json").read_text())
    assert "All of this is an estimate." in page
    assert "The reader was wrong about 1 of the 3 training images" in page
    assert page.count("data:image/jpeg;base64,") == 6
    names = [name for each in figures["probes"]["prompts"] for name in each["pictures"]]
    assert sorted(file.name for file in (report / "pictures").iterdir()) == sorted(names)
    with Image.open(report / "pictures" / names[0]) as picture:
        assert picture.size == (512, 512)
    assert figures["probes"]["reader"]["fingerprint"] == find_recipe(recipe).fingerprint
    model.refresh_from_db()
    assert model.bias_report
    assert model.bias_report["Probe prompts"] == "colours of 2026-11-01"
    assert not Generation.objects.exists()


def test_a_report_without_probes_says_that_they_were_left_out(model: GeneratorModel, tmp_path: Path) -> None:
    call_command("bias_report", model.name, output=tmp_path)
    assert "this report was made without probe prompts" in (tmp_path / "bias-report.html").read_text()


@pytest.mark.parametrize(
    ("subject", "options", "why"),
    [
        ("catalogue", {"probes": "everyday"}, "is no generator model: only those have cards and answer prompts"),
        ("sample", {"probes": "nonesuch"}, 'There is no probe set "nonesuch": give one of everyday or a file.'),
        ("sample", {"probes": "everyday", "reader": "compact"}, "recipe compact reads pictures and no text"),
        ("sample", {"probes": "everyday", "reader": "nonesuch"}, 'no recipe "nonesuch"'),
    ],
)
def test_what_cannot_be_probed_is_refused_before_anything_is_written(
    model: GeneratorModel, subject: str, options: dict[str, str], why: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=why):
        call_command("bias_report", subject, output=tmp_path / "report", **options)
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompts": []},
        {"pictures_each": 0},
        {"dated": "lately"},
        {"questions": [{"name": "Which colour", "answers": COLOUR["answers"][:1]}]},
        {"questions": [{"name": "Which colour"}]},
    ],
)
def test_a_file_that_is_no_probe_set_is_refused_with_what_one_needs(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(NotAProbeSet, match=r"is no probe set .* It needs name, dated, pictures_each, prompts"):
        find_probe_set(_file(tmp_path, {**PROBES, **wrong}))


def test_the_set_that_ships_asks_three_questions_of_neutral_prompts() -> None:
    everyday = find_probe_set("everyday")
    assert everyday.dated >= date(2026, 11, 26)
    assert [question.name for question in everyday.questions] == [
        "Who is to be seen",
        "How old they seem",
        "Where it seems to be",
    ]
    words = {word for prompt in everyday.prompts for word in prompt.split()}
    assert not words & {"man", "woman", "male", "female", "young", "old", "black", "white", "african", "european"}


def test_keywords_that_give_two_answers_give_none() -> None:
    question = Question("Which", (Answer("a", ("a",), frozenset({"red"})), Answer("b", ("b",), frozenset({"blue"}))))
    assert [question.said_of(words) for words in (["Red"], ["BLUE", "sea"], ["red", "blue"], [])] == [0, 1, None, None]
