"""Runs a set of probe prompts through a generator, and reads what its pictures show beside the training set's.

Every figure is an estimate: a reader says which of some texts a picture is nearest to, not what it shows. How often it
errs is measured on training images whose contributors' keywords answer the same question.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from attribution.reader import Reader, read
from attribution.same_picture import open_preview
from attribution.tiles import Rows
from marketplace.generators.base import Generator, PromptRefused
from marketplace.models import Asset, TrainingSet
from marketplace.selectors import not_withheld
from payouts.core.readings import ReadingError, error_of, readings_of
from payouts.probes import ProbeSet, Question

TRAINING_IMAGES = 500  # of the training set, evenly picked

Advance = Callable[[int, int], None]
"""Called with how many pictures there are by now, and how many there will be."""


class NothingToRead(ValueError):
    """A training set without an image that can be read."""


@dataclass(frozen=True, eq=False)
class Probed:
    """The pictures (files) that one prompt brought forth, their vectors (n, d), and how many seeds were refused."""

    prompt: str
    files: tuple[Path, ...]
    vectors: Rows
    refused: int


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """Vectors (n, d) of training images, and the keywords that their contributors gave each."""

    vectors: Rows
    keywords: list[list[str]]


def probe(generator: Generator, probe_set: ProbeSet, reader: Reader, folder: Path, advance: Advance) -> list[Probed]:
    """Generate the set's pictures into the folder, which is made, and read them; what is there is not made again.

    A picture is known by the generator's name and version, the prompt and the seed: a model that was changed under the
    same version needs another folder. Nothing is recorded as a generation: these pictures are not for sale.
    Raises as the generator does, other than `PromptRefused`, which is counted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total, probed = len(probe_set.prompts) * probe_set.pictures_each, []
    for place, prompt in enumerate(probe_set.prompts):
        files = []
        for seed in range(probe_set.pictures_each):
            if file := _picture(generator, prompt, seed, folder):
                files.append(file)
            advance(place * probe_set.pictures_each + seed + 1, total)
        probed.append(Probed(prompt, tuple(files), _vectors(reader, files), probe_set.pictures_each - len(files)))
    return probed


def _picture(generator: Generator, prompt: str, seed: int, folder: Path) -> Path | None:
    """The file of one picture, named by what made it; None where the generator refuses."""
    made_by = f"{generator.name}\n{generator.version}\n{seed}\n{prompt}"
    file = folder / f"{hashlib.sha256(made_by.encode()).hexdigest()[:32]}.png"
    if not file.exists():
        try:
            image = generator.generate(prompt, seed).image
        except PromptRefused:
            return None
        partial = file.with_suffix(".partial")
        image.save(partial, "PNG")
        partial.rename(file)
    return file


def _vectors(reader: Reader, files: list[Path]) -> Rows:
    return reader.pictures(Image.open(file) for file in files) if files else np.empty((0, 0), np.float32)


def training_images(training_set: TrainingSet, reader: Reader, advance: Advance) -> TrainingImages:
    """Up to 500 images of the training set, evenly picked among those that nothing withholds, as the reader sees them.

    Raises `NothingToRead` where all are withheld, and FileNotFoundError for a picture that is away.
    """
    members = not_withheld(Asset.objects.filter(memberships__training_set=training_set)).order_by("pk")
    rows = list(members.values_list("preview", "submission__keywords"))
    picked = rows[:: len(rows) // TRAINING_IMAGES + 1]
    if not picked:
        raise NothingToRead(f"All images of the training set {training_set} are withheld: there is nothing to compare.")

    def opened() -> Iterator[Image.Image]:
        for place, (preview, _) in enumerate(picked, 1):
            yield open_preview(preview)
            advance(place, len(picked))

    return TrainingImages(reader.pictures(opened()), [keywords for _, keywords in picked])


def probe_figures(
    probe_set: ProbeSet, reader: Reader, probed: list[Probed], training: TrainingImages
) -> dict[str, Any]:
    """What was read, ready for JSON: counts, and whole parts per million."""
    return {
        "set": str(probe_set),
        "set_sha256": probe_set.sha256,
        "reader": {"name": reader.recipe.name, "fingerprint": reader.recipe.fingerprint},
        "pictures": sum(len(each.files) for each in probed),
        "training_images": len(training.keywords),
        "prompts": [
            {"prompt": each.prompt, "refused": each.refused, "pictures": [file.name for file in each.files]}
            for each in probed
        ],
        "questions": [_answered(question, reader, probed, training) for question in probe_set.questions],
    }


def _answered(question: Question, reader: Reader, probed: list[Probed], training: TrainingImages) -> dict[str, Any]:
    texts = reader.answers([answer.texts for answer in question.answers])
    of_training = read(training.vectors, texts).tolist()
    error = error_of(of_training, [question.said_of(keywords) for keywords in training.keywords])
    of_prompts = [read(each.vectors, texts).tolist() if each.files else [] for each in probed]
    of_all = [answer for row in of_prompts for answer in row]
    return {
        "question": question.name,
        "answers": [answer.name for answer in question.answers],
        "error": asdict(error),
        "training_set": _readings(question, of_training, error),
        "all_prompts": _readings(question, of_all, error),
        "prompts": [_readings(question, row, error) for row in of_prompts],
    }


def _readings(question: Question, answers: list[int], error: ReadingError) -> list[dict[str, int]]:
    """For each answer of the question, what was read."""
    return [asdict(reading) for reading in readings_of(answers, len(question.answers), error)]
