"""Who plays which part in the benchmark: photographs are dealt out by whole authors."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from attribution.compact.pictures import Photograph, open_photograph, split_by_author

EDGE_PX = 384
"""Photographs are worked with at this longer edge."""
SPLIT_SEED = 11
OTHER_SEED = 12
TEST_PARTS = (0.65, 0.35)
TUNING_PARTS = (0.22, 0.1, 0.33, 0.35)


@dataclass(frozen=True)
class Parts:
    """Photographs by part; no two parts share an author.

    `sources` and `tuning_sources` are in the catalogue together with `bystanders`, which nothing is derived from;
    `outside` and `tuning_outside` are in no catalogue; encoders may fit statistics on `background` only.
    """

    sources: list[Photograph]
    outside: list[Photograph]
    tuning_sources: list[Photograph]
    tuning_outside: list[Photograph]
    bystanders: list[Photograph]
    background: list[Photograph]


def read_folder(folder: Path) -> list[Photograph]:
    """The pictures listed in `folder`/manifest.csv, of which the columns file and contributor are needed.

    Raises FileNotFoundError.
    """
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [
            Photograph(folder / row["file"], row["contributor"], row.get("licence", ""), row.get("source", ""))
            for row in csv.DictReader(file)
        ]


def deal_parts(photographs: list[Photograph], seed: int = SPLIT_SEED) -> Parts:
    """Everything tested is by authors whom the compact encoder was not trained on; the same folder gives the same deal.

    Raises ValueError where a part is left without photographs.
    """
    known, held_out = split_by_author(photographs)
    parts = Parts(*_deal(held_out, TEST_PARTS, seed), *_deal(known, TUNING_PARTS, seed))
    sizes = {name: len(getattr(parts, name)) for name in Parts.__dataclass_fields__}
    if not all(sizes.values()):
        raise ValueError(f"the benchmark needs pictures by more authors; its parts would be {sizes}")
    return parts


def open_small(photograph: Photograph) -> Image.Image:
    """Decoded, upright, RGB, its longer edge at most EDGE_PX."""
    image = open_photograph(photograph)
    image.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS)
    return image


def _deal(photographs: Sequence[Photograph], parts: tuple[float, ...], seed: int) -> list[list[Photograph]]:
    """Whole authors in a seeded order, to each part in turn until it has its share; the last gets the rest."""
    authors = sorted({photograph.author for photograph in photographs})
    random.Random(seed).shuffle(authors)  # noqa: S311 -- repeatable, not secret
    dealt: list[list[Photograph]] = [[] for _ in parts]
    part = 0
    for author in authors:
        if part < len(parts) - 1 and len(dealt[part]) >= parts[part] * len(photographs):
            part += 1
        dealt[part] += [photograph for photograph in photographs if photograph.author == author]
    return dealt
