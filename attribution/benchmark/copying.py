"""How well copies are found: of earlier pictures at ingest, and of training images in generations.

Everything that decides is the product's own: shortlists, proofs and tiers. Each picture is compared with the whole
catalogue, so that a miss of a shortlist can be told from one of the proof.
"""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import methodcaller

import numpy as np
from threadpoolctl import threadpool_limits

from attribution.benchmark.copy_counts import (
    FLAGS,
    NEAR,
    Compared,
    FalseFlags,
    Row,
    check_columns,
    count,
    false_flags,
    ingest_columns,
)
from attribution.benchmark.derive import EASY, VARIANTS
from attribution.benchmark.embedding import Advance, KeptEncoder
from attribution.benchmark.ingest import Ingest
from attribution.benchmark.photographs import Parts, open_small
from attribution.benchmark.trial import Query, Trial, catalogued
from attribution.compact.distort import Transform
from attribution.compact.pictures import Photograph
from attribution.core import geometry
from attribution.core.copies import Tier, rate_of, tier_of
from attribution.core.similarity import top_k
from attribution.proof import SHORTLIST, THRESHOLDS, evidence_of
from attribution.same_picture import Picture, prove_copy, read_picture
from marketplace.core.ppm import WHOLE_PPM
from marketplace.near_hashes import perceptual_hash

CHANGES: dict[str, Transform] = EASY | {change.__name__.replace("_", " "): change for change in VARIANTS}
OTHERS = "by others"
SAME_PICTURE = (
    {"gcompris-categorization-brandenburgGate.webp", "gcompris-explore_monuments-brandenburgGate.webp"},
    {"gcompris-categorization-colosseum.webp", "gcompris-explore_monuments-colosseum.webp"},
    {"gcompris-categorization-greatPyramid.webp", "gcompris-explore_monuments-greatPyramidOfGiza.webp"},
)
"""Files of shared/photos that show one photograph, by eye; all others are different ones."""

Named = tuple[str, Query]


@dataclass(frozen=True)
class Copying:
    """All figures; `same_photographs` are the pairs that were named to be one, and whether that was found."""

    catalogue: int
    ingest: list[Row]
    checks: list[Row]
    false_flags: list[FalseFlags]
    same_photographs: dict[str, bool]


def measure_copying(
    parts: Parts, trial: Trial, derived: Sequence[Named], encoders: Mapping[str, KeptEncoder], advance: Advance
) -> Copying:
    """Embed, compare and count what `pictures_compared` made; the encoders say how far that is, then `advance`."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as threads:  # as in attribution.proof
        compared = list(_compared(trial, derived, encoders, threads, advance))
        pairs, same = _pairs(everyone(parts), threads, advance)
    own = [picture for picture in compared if picture.family != OTHERS]
    others = [picture for picture in compared if picture.family == OTHERS]
    changed = [picture for picture in own if picture.family in CHANGES]
    flags = [pairs]
    for encoder in encoders:
        flags += [
            false_flags(
                f"changed pictures, copies of another with {encoder}", changed, methodcaller("recognised", encoder)
            ),
            false_flags(
                f"derived pictures, near copies of another with {encoder}", own, methodcaller("flagged", NEAR, encoder)
            ),
            *(
                false_flags(
                    f"photographs {OTHERS}, {flag} with {encoder}", others, methodcaller("flagged", flag, encoder)
                )
                for flag in FLAGS
            ),
        ]
    columns = list(encoders)
    return Copying(
        len(trial.catalogue), count(changed, ingest_columns(columns)), count(own, check_columns(columns)), flags, same
    )


def _compared(
    trial: Trial,
    derived: Sequence[Named],
    encoders: Mapping[str, KeptEncoder],
    threads: ThreadPoolExecutor,
    advance: Advance,
) -> Iterator[Compared]:
    pictures = list(threads.map(read_picture, trial.catalogue))
    hashes = [perceptual_hash(image) for image in trial.catalogue]
    known, vectors, nearest = {}, {}, {}
    for name, encoder in encoders.items():
        own = encoder.encode_all(trial.catalogue).vectors
        known[name] = Ingest(list(range(len(own))), pictures, hashes, list(own))
        vectors[name] = encoder.encode_all([query.image for _, query in derived]).vectors
        nearest[name] = top_k(vectors[name], [(np.arange(len(own)), own)], SHORTLIST)[0]

    def compare(place: int) -> Compared:
        name, query = derived[place]
        seen, sources = read_picture(query.image), frozenset(query.truth_ppm)
        by_hash = frozenset(Ingest(hashes=hashes).by_hash(query.image))
        by_embedding = {name: frozenset(known[name].near(vectors[name][place])) for name in encoders}
        alike = sources.union(by_hash, *by_embedding.values())
        return Compared(
            query.family,
            name,
            sources,
            by_hash,
            by_embedding,
            frozenset(asset for asset in alike if prove_copy(pictures[asset], seen)),
            {name: frozenset(nearest[name][place].tolist()) for name in encoders},
            {asset: _tier(seen, other) for asset, other in enumerate(pictures)},
        )

    for found in threads.map(compare, range(len(derived))):
        advance(1)
        yield found


def _tier(seen: Picture, other: Picture) -> Tier:
    return tier_of(evidence_of(geometry.match(seen.features, other.features), None), THRESHOLDS)


def _pairs(
    photographs: Sequence[Photograph], threads: ThreadPoolExecutor, advance: Advance
) -> tuple[FalseFlags, dict[str, bool]]:
    """Every two photographs as if the later one came in after the earlier."""
    names = [photograph.path.name for photograph in photographs]
    pictures = list(threads.map(lambda photograph: read_picture(open_small(photograph)), photographs))

    def copied(later: int) -> list[set[str]]:
        return [
            {names[earlier], names[later]} for earlier in range(later) if prove_copy(pictures[earlier], pictures[later])
        ]

    proved = []
    for found in threads.map(copied, range(len(photographs))):
        advance(1)
        proved += found
    same = [pair for pair in SAME_PICTURE if pair <= set(names)]
    wrong = [_in_words(pair) for pair in proved if pair not in same]
    different = len(names) * (len(names) - 1) // 2 - len(same)
    return (
        FalseFlags("pairs of different photographs, copies", rate_of(len(wrong), different), wrong),
        {_in_words(pair): pair in proved for pair in same},
    )


def pictures_compared(parts: Parts, trial: Trial) -> list[Named]:
    """By name, each change of each test source, the test half's pictures of several sources, and those of others."""
    changed = [
        (
            f"{change} {parts.sources[asset].path.name}",
            Query(change, transform(trial.catalogue[asset], rng), {asset: WHOLE_PPM}),
        )
        for change, transform in CHANGES.items()
        for asset in range(len(parts.sources))
        for rng in [random.Random(f"copies/{change}/{asset}")]  # noqa: S311 -- repeatable, not secret
    ]
    composed = [query for query in trial.test if query.family not in ("single", "unrelated")]
    return [
        *changed,
        *((f"{query.family}, number {number}", query) for number, query in enumerate(composed)),
        *((other.path.name, Query(OTHERS, open_small(other), {})) for other in _outside(parts)),
    ]


def _outside(parts: Parts) -> list[Photograph]:
    return [*parts.outside, *parts.tuning_outside, *parts.background]


def everyone(parts: Parts) -> list[Photograph]:
    """All photographs, the catalogue's first."""
    return catalogued(parts) + _outside(parts)


def _in_words(pair: set[str]) -> str:
    return " and ".join(sorted(pair))
