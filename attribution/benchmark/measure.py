"""What is measured on the test half: of each method with each encoder, and of each encoder alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from attribution.benchmark.embedding import EmbeddedQueries, EmbeddedTrial
from attribution.benchmark.methods import (
    SUPPORTS,
    WHOLES,
    Images,
    Method,
    Picture,
    contenders,
    explained,
    images_of,
    macro,
    pictures_of,
    share_errors,
    shares_at,
)
from attribution.benchmark.retraining import Ppm, datamodelling
from attribution.benchmark.trial import COPIES, FAMILIES
from attribution.core.evaluation import recall_at
from attribution.core.shares import Candidates, EnergyParameters
from attribution.encoders import Embedded
from marketplace.core.ppm import WHOLE_PPM

MONTHS = 200
"""Random months that the misallocated money is averaged over."""
RECALL_RANKS = (1, 10)

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """One row of the table; `report.NOTES` says what each figure means."""

    method: str
    parameters: str
    share_error: dict[str, float]
    macro_error: float
    misallocated: float
    paid_on_unrelated: float
    paid_to_collage_sources: float
    clone_gain: float
    variant_gain: float
    taken_by_strangers_variants: float
    datamodelling: float


@dataclass(frozen=True)
class CurvePoint:
    """Energy shares at one (support, whole): `precision` is the part of what is paid that goes to the right image,
    `coverage` the part of what is due that is paid to the right image."""

    support: float
    whole: float
    precision: float
    coverage: float
    macro_error: float
    paid_on_unrelated: float
    paid_to_collage_sources: float


@dataclass(frozen=True)
class EncoderResult:
    """All that is measured with one encoder; `recall` maps a rank to recall by family, and
    `best_datamodelling` is what the true shares would reach."""

    encoder: str
    fingerprint: str
    recall: dict[int, dict[str, float]]
    best_datamodelling: float
    methods: list[Measured]
    curve: list[CurvePoint]


def measure_encoder(encoder: str, fingerprint: str, trial: EmbeddedTrial) -> EncoderResult:
    """Every contender and the whole curve on the test half."""
    measured = [measure(method, trial) for method in contenders(trial)]
    recalls = {rank: recall(trial, rank) for rank in RECALL_RANKS}
    best = datamodelling(trial.generated.truth_ppm, trial.kept, trial.likeness)
    return EncoderResult(encoder, fingerprint, recalls, best, measured, curve(trial))


def measure(method: Method, trial: EmbeddedTrial) -> Measured:
    """One method on the test half."""
    images = images_of(trial)
    paid = [method.share(picture, images) for picture in pictures_of(trial.test)]
    errors = share_errors(paid, trial.test)
    generated = [method.share(picture, images) for picture in pictures_of(trial.generated)]
    gain, taken = attack(method, trial, variants_of(trial), trial.found)
    return Measured(
        method.name,
        method.parameters,
        errors,
        macro(errors),
        misallocated(paid, trial.test.truth_ppm, trial.authors),
        paid_on_unrelated(paid, trial.test),
        paid_to_collage_sources(paid, trial.test),
        clone_gain=attack(method, trial, _clones(trial), np.zeros_like(trial.found))[0],
        variant_gain=gain,
        taken_by_strangers_variants=taken,
        datamodelling=datamodelling(generated, trial.kept, trial.likeness),
    )


def recall(trial: EmbeddedTrial, rank: int) -> dict[str, float]:
    """The part of the true sources among the `rank` most similar assets, by family that has sources."""
    ranked = np.argsort(-(trial.test.vectors @ trial.catalogue.T), axis=1, kind="stable")
    found = {}
    for family in FAMILIES:
        rows = [row for row in trial.test.rows_of(family) if trial.test.truth_ppm[row]]
        if rows:
            sources = [recall_at(rank, ranked[row].tolist(), trial.test.truth_ppm[row].keys()) for row in rows]
            found[family] = float(np.mean(sources))
    return found


def misallocated(paid: Sequence[Ppm], due: Sequence[Ppm], authors: Sequence[int]) -> float:
    """The part of a month's money that goes to the wrong contributor, or wrongly to or from the common fund.

    Customers prefer contributors by Zipf's law (the r-th most popular has 1/r of the first's downloads), and a picture
    is downloaded as often as its true sources together deserve, with the mean of all contributors for what is nobody's.
    Who is how popular is drawn for each of 200 months; the mean is returned.
    """
    paid_parts, due_parts = _by_contributor(paid, authors), _by_contributor(due, authors)
    random = np.random.default_rng(0)
    zipf = 1 / np.arange(1, due_parts.shape[1])
    popularity = np.stack([np.append(random.permutation(zipf), zipf.mean()) for _ in range(MONTHS)])
    downloads = popularity @ due_parts.T
    downloads /= downloads.sum(axis=1, keepdims=True)
    return float((np.abs(downloads @ (paid_parts - due_parts)).sum(axis=1) / 2).mean())


def paid_on_unrelated(paid: Sequence[Ppm], queries: EmbeddedQueries) -> float:
    """The mean part paid for pictures that nothing in the catalogue went into."""
    return float(np.mean([sum(paid[row].values()) for row in queries.rows_of("unrelated")]) / WHOLE_PPM)


def paid_to_collage_sources(paid: Sequence[Ppm], queries: EmbeddedQueries) -> float:
    """The mean part of a collage of three that is paid to its three sources."""
    parts = [sum(paid[row].get(asset, 0) for asset in queries.truth_ppm[row]) for row in queries.rows_of("collage 3")]
    return float(np.mean(parts) / WHOLE_PPM)


def attack(
    method: Method, trial: EmbeddedTrial, uploads: Sequence[Embedded], found: NDArray[np.bool_]
) -> tuple[float, float]:
    """Mean over attacked collages, as parts of 1: what the source and its uploads, for each attack, together get
    more than the source alone did, and what the uploads get, who may be a stranger's.

    `found` (attacks, copies) says which uploads are proved to be copies.
    """
    gains, taken = [], []
    images, count = images_of(trial), len(trial.catalogue)
    for query, asset, uploaded_now, known in zip(
        trial.attacked_queries, trial.attacked_assets, uploads, found, strict=True
    ):
        picture = Picture(trial.test.vectors[query], trial.test.tiles[query])
        before = method.share(picture, images)
        is_new = ~known if method.knows_copies else np.ones_like(known)
        after = method.share(picture, _with(images, count, Embedded(*(rows[is_new] for rows in uploaded_now))))
        uploaded = sum(share for number, share in after.items() if number >= count)
        gains.append(after.get(asset, 0) + uploaded - before.get(asset, 0))
        taken.append(uploaded)
    return float(np.mean(gains) / WHOLE_PPM), float(np.mean(taken) / WHOLE_PPM)


def variants_of(trial: EmbeddedTrial) -> list[Embedded]:
    """The uploads of each attack."""
    return [Embedded(*each) for each in zip(trial.variants, trial.variant_tiles, strict=True)]


def _clones(trial: EmbeddedTrial) -> list[Embedded]:
    return [
        Embedded(np.repeat(trial.catalogue[[asset]], COPIES, axis=0), np.repeat(trial.tiles[[asset]], COPIES, axis=0))
        for asset in trial.attacked_assets
    ]


def _with(images: Images, first: int, uploaded: Embedded) -> Images:
    """The images with later ones, numbered from `first` on."""
    numbers = np.concatenate([images.candidates.asset_ids, first + np.arange(len(uploaded.vectors))])
    vectors = np.concatenate([images.candidates.vectors, uploaded.vectors])
    return Images(Candidates(numbers, vectors, numbers), np.concatenate([images.tiles, uploaded.tiles]))


def curve(trial: EmbeddedTrial) -> list[CurvePoint]:
    """Energy shares on the test half over the grid of support and whole, with lo and R0 as shipped."""
    shipped = EnergyParameters()
    parts = explained(trial.test, images_of(trial), shipped.lo, shipped.r0)
    return [
        _point(support, whole, shares_at(parts, support, whole), trial.test)
        for support, whole in product(SUPPORTS, WHOLES)
    ]


def _point(support: float, whole: float, paid: list[Ppm], queries: EmbeddedQueries) -> CurvePoint:
    right = sum(
        min(share, due.get(asset, 0))
        for own, due in zip(paid, queries.truth_ppm, strict=True)
        for asset, share in own.items()
    )
    return CurvePoint(
        support,
        whole,
        precision=right / max(sum(sum(own.values()) for own in paid), 1),
        coverage=right / sum(sum(due.values()) for due in queries.truth_ppm),
        macro_error=macro(share_errors(paid, queries)),
        paid_on_unrelated=paid_on_unrelated(paid, queries),
        paid_to_collage_sources=paid_to_collage_sources(paid, queries),
    )


def _by_contributor(shares: Sequence[Ppm], authors: Sequence[int]) -> Float64:
    """(pictures, contributors + 1) parts of 1; the last column is the common fund's."""
    table = np.zeros((len(shares), max(authors) + 2))
    for row, own in zip(table, shares, strict=True):
        for asset, share in own.items():
            row[authors[asset]] += share / WHOLE_PPM
    table[:, -1] = 1 - table.sum(axis=1)
    return table
