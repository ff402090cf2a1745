"""What the compact encoder learns from: the sample catalogue's drawn works and licence-clean photographs.

Photographs are split by author, so that nothing by a held-out author is ever trained on.
"""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from marketplace.sample_catalogue import STYLES, draw_work

EDGE_PX = 176
"""Stored edge of every training picture: the model's input and room for crops."""
HELD_OUT_PHOTOGRAPHS = 60
HELD_OUT_WORKS_FROM = 1_000_000
"""Works of each style with this number or a higher one are never trained on."""
SPLIT_SEED = 7


@dataclass(frozen=True)
class Photograph:
    """One row of the photographs' manifest."""

    path: Path
    author: str
    licence: str
    source: str


@dataclass(frozen=True)
class Pictures:
    """`pixels` is uint8 (n, 3, EDGE_PX, EDGE_PX); pictures with equal `group` are cut from the same original."""

    pixels: NDArray[np.uint8]
    group: NDArray[np.int64]


def read_manifest(folder: Path) -> list[Photograph]:
    """The photographs listed in `folder`/manifest.csv (columns file, contributor, licence, source)."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [
            Photograph(folder / row["file"], row["contributor"], row["licence"], row["source"])
            for row in csv.DictReader(file)
        ]


def split_by_author(photographs: list[Photograph]) -> tuple[list[Photograph], list[Photograph]]:
    """(training, held out): whole authors, drawn with a fixed seed, until enough photographs are held out."""
    authors = sorted({photograph.author for photograph in photographs})
    random.Random(SPLIT_SEED).shuffle(authors)  # noqa: S311 -- repeatable, not secret
    held_out: set[str] = set()
    for author in authors:
        if sum(photograph.author in held_out for photograph in photographs) >= HELD_OUT_PHOTOGRAPHS:
            break
        held_out.add(author)
    training = [photograph for photograph in photographs if photograph.author not in held_out]
    return training, [photograph for photograph in photographs if photograph.author in held_out]


def open_photograph(photograph: Photograph) -> Image.Image:
    """Decoded, upright, RGB."""
    with Image.open(photograph.path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def photograph_pictures(photographs: list[Photograph], seed: int) -> Pictures:
    """Every photograph whole, and square windows of it: more of them the larger it is."""
    rng = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    squares: list[Image.Image] = []
    group: list[int] = []
    for number, photograph in enumerate(photographs):
        image = open_photograph(photograph)
        windows = [_random_window(image, rng) for _ in range(_window_count(image))]
        squares += [image, *windows]
        group += [number] * (1 + len(windows))
    return Pictures(_stack(squares), np.array(group, dtype=np.int64))


def drawn_pictures(works_per_style: int) -> Pictures:
    """The first works of every style of the sample catalogue."""
    works = [draw_work(style, number, EDGE_PX).image for style in STYLES for number in range(works_per_style)]
    return Pictures(_stack(works), np.arange(len(works), dtype=np.int64))


def joined(first: Pictures, second: Pictures) -> Pictures:
    """Both sets as one, their groups kept apart."""
    return Pictures(
        np.concatenate([first.pixels, second.pixels]),
        np.concatenate([first.group, second.group + first.group.max() + 1]),
    )


def _window_count(image: Image.Image) -> int:
    return min(10, min(image.size) // 100)


def _random_window(image: Image.Image, rng: random.Random) -> Image.Image:
    edge = round(min(image.size) * rng.uniform(0.4, 0.8))
    left, top = rng.randint(0, image.width - edge), rng.randint(0, image.height - edge)
    return image.crop((left, top, left + edge, top + edge))


def _stack(images: list[Image.Image]) -> NDArray[np.uint8]:
    squares = [image.convert("RGB").resize((EDGE_PX, EDGE_PX), Image.Resampling.BICUBIC) for image in images]
    return np.ascontiguousarray(np.stack([np.asarray(square) for square in squares]).transpose(0, 3, 1, 2))
