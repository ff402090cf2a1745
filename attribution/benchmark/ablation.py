"""What each part of the encoder's recipe and of the method buys: one row for each, in which only that part differs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from attribution.benchmark.embedding import EmbeddedQueries, KeptEncoder, due_to_originals
from attribution.benchmark.ingest import Ingest
from attribution.benchmark.measure import misallocated, paid_on_unrelated, paid_to_collage_sources
from attribution.benchmark.methods import (
    Explain,
    Images,
    explained,
    macro,
    share_errors,
    shares_at,
    tuned_energy,
)
from attribution.benchmark.retraining import Ppm
from attribution.benchmark.trial import Images as Pictures
from attribution.benchmark.trial import Query, Trial
from attribution.core.background import usual_similarity
from attribution.core.shares import Candidates, EnergyParameters
from attribution.statistics import Outputs, Statistics
from attribution.tiles import SMALL, WHITENED, WINDOWS, Rows, TileStatistics, quantised, unit
from marketplace.core.ppm import WHOLE_PPM

SHIPPED = (2, 4, 6)
TOWER_BLOCKS = (2, 3, 4, 6, 7, 9, 10, 11)
"""All that a row reads: the tower sees each picture once."""
EVERY = range(len(WINDOWS))
SMALL_ONES = EVERY[SMALL]
LARGE = EVERY[: -len(SMALL_ONES)]
GEM_POWER = 3
BANK_STEP = 16
"""One background tile in so many is in the bank of the score normalisation."""

Numbers = NDArray[Any]
Float64 = NDArray[np.float64]
Train = Callable[[Statistics], Statistics]


@dataclass(frozen=True)
class Variant:
    """The shipped recipe and method but for what is given: tower's `blocks`, how they are pooled for the vector, the
    tiles of a generation (`own`) and of an asset (`theirs`) or None for whole pictures, the stored `width`."""

    name: str
    blocks: tuple[int, ...] = SHIPPED
    gem: bool = False
    own: range | None = SMALL_ONES
    theirs: range = EVERY
    width: int = 512
    in_bytes: bool = True
    k: int = EnergyParameters().k
    normalised: bool = False
    head: bool = False


VARIANTS = (
    Variant("as shipped: tiles of blocks 2, 4, 6"),
    Variant("final embedding alone, whole pictures", blocks=(), own=None),
    Variant("blocks and final embedding, whole pictures, mean token", own=None),
    Variant("blocks and final embedding, whole pictures, GeM (p = 3)", own=None, gem=True),
    Variant("large tiles only", own=LARGE, theirs=LARGE),
    Variant("small tiles only", theirs=SMALL_ONES),
    Variant("tiles of blocks 2, 4", blocks=(2, 4)),
    Variant("tiles of blocks 2, 3, 4, 6", blocks=(2, 3, 4, 6)),
    Variant("tiles of blocks 2, 6, 10", blocks=(2, 6, 10)),
    Variant("tiles of blocks 3, 7, 9", blocks=(3, 7, 9)),
    Variant("tiles of the last block", blocks=(11,)),
    Variant("128 numbers a tile", width=128),
    Variant("256 numbers a tile", width=256),
    Variant("768 numbers a tile, no projection", width=768),
    Variant("floats, not bytes", in_bytes=False),
    Variant("10 candidates", k=10),
    Variant("20 candidates", k=20),
    Variant("40 candidates", k=40),
    Variant("score normalisation (CSLS) of tiles", normalised=True),
    Variant("trained head", head=True),
)
OTHER_DEAL = (
    Variant("another deal of the photographs, as shipped"),
    Variant("another deal of the photographs, trained head", head=True),
)


@dataclass(frozen=True)
class Figures:
    """What is measured on the test half; `report.NOTES` says what each figure means."""

    macro_error: float
    misallocated: float
    paid_on_unrelated: float
    paid_to_collage_sources: float


@dataclass(frozen=True)
class Ablated:
    """One row: with the shipped parameters, and with those whose macro share error is smallest on the tuning half."""

    name: str
    shipped: Figures
    tuned: Figures


class AblationEncoder(KeptEncoder):
    """A tower of which each block's GeM pooling is kept behind its mean."""

    @staticmethod
    def pooled(tokens: Any) -> Rows:
        """(n, 2 d)."""
        gem = tokens.clamp(min=1e-6).pow(GEM_POWER).mean((2, 3)).pow(1 / GEM_POWER)
        return np.concatenate([KeptEncoder.pooled(tokens), gem.cpu().numpy()], axis=1)


class Ablation:
    """One trial, seen once by an encoder with TOWER_BLOCKS, and measured for each variant of the recipe."""

    def __init__(self, trial: Trial, background: Pictures, encoder: AblationEncoder, train: Train) -> None:
        self.trial, self.train = trial, train
        self.background = encoder.outputs_of(background)
        self.catalogue = encoder.outputs_of(trial.catalogue)
        self.sides = [encoder.outputs_of([query.image for query in side]) for side in (trial.tuning, trial.test)]
        vectors = unit(self.fitted(VARIANTS[0]).joined(_read(self.catalogue, VARIANTS[0]).parts))
        self.originals = Ingest().after(trial.catalogue, vectors).originals
        numbers = {author: number for number, author in enumerate(sorted(set(trial.authors)))}
        self.authors = [numbers[author] for author in trial.authors]

    @staticmethod
    def picture_count(trial: Trial, background: Pictures) -> int:
        """How many pictures are embedded, without those that the head learns from."""
        return len(background) + len(trial.catalogue) + len(trial.tuning) + len(trial.test)

    def fitted(self, variant: Variant) -> Statistics:
        """The variant's statistics, on the background."""
        outputs = _read(self.background, variant)
        statistics = Statistics.fitted(outputs, VARIANTS[0].width, WHITENED)
        if variant.width != VARIANTS[0].width:
            statistics = replace(statistics, tiles=TileStatistics.fitted(outputs.tiles, variant.width))
        return self.train(statistics) if variant.head else statistics

    def measure(self, variant: Variant) -> Ablated:
        """Its row, from the test half."""
        statistics = self.fitted(variant)
        vectors, tiles = _embedded(statistics, _read(self.catalogue, variant), variant, variant.theirs)
        kept = np.unique(self.originals)
        images = Images(Candidates(kept, vectors[kept], kept), tiles[kept])
        tuning, test = (
            self._queries(statistics, outputs, side, variant)
            for outputs, side in zip(self.sides, (self.trial.tuning, self.trial.test), strict=True)
        )
        explain: Explain = partial(explained, k=variant.k)
        if variant.normalised:
            bank = _embedded(statistics, _read(self.background, variant), variant, EVERY)[1]
            explain = partial(_normalised, bank=unit(bank.reshape(-1, bank.shape[-1])[::BANK_STEP]))
        parameters = EnergyParameters(), tuned_energy(tuning, images, explain)
        return Ablated(variant.name, *(self._figures(test, images, each, explain) for each in parameters))

    def _figures(
        self, queries: EmbeddedQueries, images: Images, parameters: EnergyParameters, explain: Explain
    ) -> Figures:
        parts = explain(queries, images, parameters.lo, parameters.r0)
        paid = shares_at(parts, parameters.support, parameters.whole)
        return Figures(
            macro(share_errors(paid, queries)),
            misallocated(paid, queries.truth_ppm, self.authors),
            paid_on_unrelated(paid, queries),
            paid_to_collage_sources(paid, queries),
        )

    def _queries(
        self, statistics: Statistics, outputs: Outputs, queries: list[Query], variant: Variant
    ) -> EmbeddedQueries:
        vectors, tiles = _embedded(statistics, _read(outputs, variant), variant, variant.own or EVERY)
        truth = [due_to_originals(query.truth_ppm, self.originals) for query in queries]
        return EmbeddedQueries([query.family for query in queries], vectors, tiles, truth)


def _read(outputs: Outputs, variant: Variant) -> Outputs:
    """What the variant reads of TOWER_BLOCKS and the final embedding."""
    places = [TOWER_BLOCKS.index(block) for block in variant.blocks]
    halves = [np.split(outputs.parts[place], 2, axis=1)[variant.gem] for place in places]
    return Outputs([*halves, outputs.parts[-1]], [outputs.tiles[place] for place in places])


def _embedded(statistics: Statistics, outputs: Outputs, variant: Variant, windows: range) -> tuple[Rows, Numbers]:
    """Vectors (n, 512) and tiles (n, t, width) of n pictures; one tile each, where pictures are taken whole."""
    vectors = unit(statistics.joined(outputs.parts))
    if variant.own is None:
        return vectors, vectors[:, None]
    assert statistics.tiles is not None
    tiles = statistics.tiles.projected(outputs.tiles)[:, windows]
    return vectors, quantised(tiles) if variant.in_bytes else tiles


def _normalised(queries: EmbeddedQueries, images: Images, lo: float, r0: float, *, bank: Rows) -> list[Ppm]:
    """Like `explained`, with similarities less what is usual for both tiles (CSLS; Conneau et al., ICLR 2018).

    What is usual is the mean cosine with the nearest tiles of the `bank`; the catalogue's mean of it is put back.
    """
    tiles = unit(images.tiles.astype(np.float32))
    usual = usual_similarity(tiles.reshape(-1, tiles.shape[-1]), bank).reshape(tiles.shape[:2])
    return [_explained_by(unit(own), tiles, usual - usual.mean() * 2, images, bank, lo, r0) for own in queries.tiles]


def _explained_by(own: Rows, tiles: Rows, usual: Float64, images: Images, bank: Rows, lo: float, r0: float) -> Ppm:
    cosines = (tiles @ own.T).astype(np.float64)
    scaled = cosines - (usual[..., None] + usual_similarity(own, bank)) / 2
    best = scaled.argmax(axis=1)
    parts = np.zeros(len(tiles))
    for number, query in enumerate(own):
        rows = np.flatnonzero(np.take_along_axis(scaled[:, :, number], best[:, [number]], axis=1)[:, 0] > lo)
        if len(rows):
            nearest = tiles[rows, best[rows, number]]
            energies = nnls(nearest.T.astype(np.float64), query.astype(np.float64))[0] * (nearest @ query)
            parts[rows] += energies / max(energies.sum(), r0**2) / len(own)
    ppm = np.rint(parts * WHOLE_PPM).astype(int).tolist()
    return {asset: part for asset, part in zip(images.candidates.asset_ids.tolist(), ppm, strict=True) if part}
