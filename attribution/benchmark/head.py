"""A trained head: a projection of the tiles that pulls derived pictures to their sources, and whether it is any better.

It learns from collages and single changes of background photographs and drawn works, and is judged on other families of
derived pictures, by authors that it has not seen.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attribution.benchmark.derive import EASY, collage
from attribution.benchmark.embedding import EmbeddedQueries, KeptEncoder, due_to_originals
from attribution.benchmark.ingest import Ingest
from attribution.benchmark.methods import Images, pictures_of, tiled_method
from attribution.benchmark.photographs import Parts
from attribution.benchmark.trial import Images as Pictures
from attribution.benchmark.trial import Query, make_queries, open_all
from attribution.core.evaluation import total_variation
from attribution.core.shares import Candidates, EnergyParameters
from attribution.statistics import Outputs, Statistics
from attribution.tiles import GRID, SMALL, WINDOWS, Rows, cut, trained_projection, unit
from marketplace.sample_catalogue import STYLES, draw_work

HELD_OUT_CHANGES = ("flip", "edges", "overlay", "downscale")
HELD_OUT_FAMILIES = ("blend 2", "blend 3", "inpainted", "single", "unrelated")
"""What the head is judged on; of single changes, those above."""
DRAWN_FROM = 3_000_000
"""Works of each style from this number on are learned from, and are in no catalogue."""
COLLAGES = (2, 3, 4)
"""Of so many sources."""
OWNED = 0.9
"""The part of a tile that its source must fill, for the two to be compared."""
STANDARD_ERRORS = 2
"""How many of them the gain must exceed."""


@dataclass(frozen=True)
class Lessons:
    """How much is learned from, and judged on: derived pictures of each kind, and drawn works of each style."""

    collages: int = 90
    single: int = 14
    drawn: int = 8
    judged: int = 48


@dataclass(frozen=True)
class Verdict:
    """Mean share errors on held-out families, of the plain encoder and of the head; `gain` is the difference of their
    means over families, and `error` its standard error."""

    plain: dict[str, float]
    head: dict[str, float]
    gain: float
    error: float

    @property
    def wins(self) -> bool:
        """Whether the head is better by more than chance."""
        return self.gain > STANDARD_ERRORS * self.error


def lesson_count(parts: Parts, lessons: Lessons) -> int:
    """How many pictures `trained_head` embeds."""
    changes = len(EASY) - len(HELD_OUT_CHANGES)
    return (
        len(parts.background)
        + len(STYLES) * lessons.drawn
        + len(COLLAGES) * lessons.collages
        + changes * lessons.single
    )


def trained_head(encoder: KeptEncoder, statistics: Statistics, parts: Parts, lessons: Lessons) -> Statistics:
    """The statistics with a trained projection of the tiles in place of the plain one; the same parts give the same.

    Raises ValueError where the recipe projects no tiles, or there are too few photographs for a collage.
    """
    tiles = statistics.tiles
    if tiles is None or tiles.projection is None:
        raise ValueError(f"recipe {encoder.recipe.name} projects no tiles, so that there is no place for a head")
    if len(parts.background) < max(COLLAGES):
        raise ValueError(
            f"{len(parts.background)} background photographs cannot make a collage of {max(COLLAGES)}: "
            "the folder needs photographs by more authors"
        )
    sources = open_all(parts.background)
    photographs = range(len(sources))
    numbers = range(DRAWN_FROM, DRAWN_FROM + lessons.drawn)
    sources += [draw_work(style, number).image for style in STYLES for number in numbers]
    images, owners = _derived(sources, photographs, lessons)
    known = tiles.joined(encoder.outputs_of(sources).tiles)
    derived = tiles.joined(encoder.outputs_of(images).tiles)[:, SMALL]
    changes = _changes(derived, owners, known, tiles.projection)
    trained = trained_projection(known.reshape(-1, known.shape[-1]), changes, encoder.recipe.width)
    return replace(statistics, tiles=replace(tiles, projection=trained))


def judged_pictures(parts: Parts, lessons: Lessons) -> tuple[Pictures, list[Query]]:
    """The benchmark's catalogue, and pictures of held-out families derived from its tuning authors."""
    catalogue = open_all([*parts.sources, *parts.tuning_sources, *parts.bystanders])
    own = range(len(parts.sources), len(parts.sources) + len(parts.tuning_sources))
    outside = open_all(parts.tuning_outside)
    single = -(-lessons.judged // len(HELD_OUT_CHANGES))
    return catalogue, make_queries(
        "judge", catalogue, own, outside, single, lessons.judged, HELD_OUT_CHANGES, HELD_OUT_FAMILIES
    )


def judge(
    encoder: KeptEncoder, plain: Statistics, head: Statistics, catalogue: Pictures, queries: list[Query]
) -> Verdict:
    """Energy shares as shipped with the plain statistics and with the head's, on the same pictures."""
    known, seen = encoder.outputs_of(catalogue), encoder.outputs_of([query.image for query in queries])
    originals = Ingest().after(catalogue, unit(plain.joined(known.parts))).originals
    truth = [due_to_originals(query.truth_ppm, originals) for query in queries]
    families = np.array([query.family for query in queries])
    errors = [_errors(statistics, known, seen, originals, truth) for statistics in (plain, head)]
    rows = [families == family for family in HELD_OUT_FAMILIES]
    gains = [errors[0][row] - errors[1][row] for row in rows]
    by_family = [
        {family: float(own[row].mean()) for family, row in zip(HELD_OUT_FAMILIES, rows, strict=True)} for own in errors
    ]
    variance = sum(gain.var(ddof=1) / len(gain) for gain in gains) / len(gains) ** 2
    gain = float(np.mean([gain.mean() for gain in gains]))
    return Verdict(by_family[0], by_family[1], gain, float(variance**0.5))


def _derived(sources: Pictures, photographs: range, lessons: Lessons) -> tuple[Pictures, NDArray[np.intp]]:
    """Collages and single changes, and the source of each of their small tiles (n, 16), -1 where none fills it."""
    images, owners = [], []
    for count in COLLAGES:
        for number in range(lessons.collages):
            rng = random.Random(f"head/collage {count}/{number}")  # noqa: S311 -- repeatable, not secret
            chosen = rng.sample(_kind(photographs, len(sources), rng), count)
            images.append(collage([sources[each] for each in chosen], _again(rng))[0])
            owners.append(_owners(chosen, [sources[each].size for each in chosen], rng))
    for change in [change for change in EASY if change not in HELD_OUT_CHANGES]:
        for number in range(lessons.single):
            rng = random.Random(f"head/{change}/{number}")  # noqa: S311 -- repeatable, not secret
            source = rng.choice(_kind(photographs, len(sources), rng))
            images.append(EASY[change](sources[source], rng))
            owners.append(np.full(len(WINDOWS[SMALL]), source))
    return images, np.stack(owners)


def _kind(photographs: range, count: int, rng: random.Random) -> range:
    """Photographs are mixed with photographs, and drawn works with drawn works; two in three are photographs."""
    return photographs if rng.random() < 2 / 3 else range(len(photographs), count)


def _again(rng: random.Random) -> random.Random:
    """Another that draws the same from here on."""
    copy = random.Random()  # noqa: S311
    copy.setstate(rng.getstate())
    return copy


def _owners(chosen: Sequence[int], sizes: Sequence[tuple[int, int]], rng: random.Random) -> NDArray[np.intp]:
    """Whose each small tile of the collage is: the same cuts are made through white and black."""
    grids = []
    for own in range(len(chosen)):
        sheets = [Image.new("RGB", size, "white" if each == own else "black") for each, size in enumerate(sizes)]
        cells = collage(sheets, _again(rng))[0].convert("L").resize((GRID, GRID), Image.Resampling.BOX)
        grids.append(np.asarray(cells, np.float32)[..., None] / 255)
    parts = cut(np.stack(grids))[:, SMALL, 0]
    return np.where(parts.max(axis=0) >= OWNED, np.array(chosen)[parts.argmax(axis=0)], -1)


def _changes(derived: Rows, owners: NDArray[np.intp], sources: Rows, onto: Rows) -> Rows:
    """Each owned tile less the most similar one of its source, (m, d)."""
    changes = []
    for tiles, own in zip(derived, owners, strict=True):
        for tile, source in zip(tiles[own >= 0], own[own >= 0], strict=True):
            nearest = (unit(sources[source] @ onto) @ unit(tile @ onto)).argmax()
            changes.append(tile - sources[source, nearest])
    return np.stack(changes)


def _errors(
    statistics: Statistics, known: Outputs, seen: Outputs, originals: list[int], truth: list[dict[int, int]]
) -> NDArray[np.float64]:
    """The share error of each picture."""
    assert statistics.tiles is not None
    numbers = np.unique(originals)
    vectors = unit(statistics.joined(known.parts))[numbers]
    images = Images(Candidates(numbers, vectors, numbers), statistics.tiles.tiles(known.tiles)[numbers])
    tiles = statistics.tiles.tiles(seen.tiles)[:, SMALL]
    queries = EmbeddedQueries([], unit(statistics.joined(seen.parts)), tiles, truth)
    method = tiled_method(EnergyParameters())
    paid = [method.share(picture, images) for picture in pictures_of(queries)]
    return np.array([total_variation(own, due) for own, due in zip(paid, truth, strict=True)])
