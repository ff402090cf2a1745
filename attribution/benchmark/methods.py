"""The contenders: each method with its parameters as shipped, or as they do best on the tuning half."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from attribution.benchmark.embedding import EmbeddedQueries, EmbeddedTrial
from attribution.benchmark.retraining import Ppm
from attribution.benchmark.trial import FAMILIES
from attribution.core.baselines import (
    CalibratedParameters,
    SoftmaxParameters,
    TopParameters,
    calibrated_shares,
    pro_rata_shares,
    softmax_shares,
    top_shares,
)
from attribution.core.evaluation import total_variation
from attribution.core.shares import Candidates, EnergyParameters, Shares, energy_shares, nearest
from marketplace.core.ppm import WHOLE_PPM

FLOORS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
"""The values of lo that are tried."""
LENGTHS = (0.3, 0.4, 0.45, 0.5, 0.6)
"""The values of R0 that are tried."""
SUPPORTS = (0.0, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.3)
WHOLES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 1.0)
TEMPERATURES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
SLOPES = (2.0, 4.0, 7.0, 10.0, 15.0, 25.0)
CUTS = (-0.05, -0.1, -0.2, -0.3, -0.5, -0.7)
PLACES = (1, 2, 3, 4, 5, 10, 20)

Vector = NDArray[np.floating]


@dataclass(frozen=True)
class Picture:
    """What is to be shared: its embedding (d,) and its tiles (t, d)."""

    vector: Vector
    tiles: NDArray[np.number]


@dataclass(frozen=True)
class Images:
    """Among what it is shared: candidates and their tiles (n, u, d)."""

    candidates: Candidates
    tiles: NDArray[np.number]


@dataclass(frozen=True)
class Method:
    """A way to share one picture among images; `parameters` says in the table which were used.

    What is proved to be a copy is no candidate of a method that `knows_copies`.
    """

    name: str
    parameters: str
    inspirations: Callable[[Picture, Images], Shares]
    knows_copies: bool = False

    def share(self, picture: Picture, images: Images) -> Ppm:
        """Shares in ppm by asset id."""
        listed = self.inspirations(picture, images)
        return dict(zip(listed.asset_ids, listed.share_ppm, strict=True))


def tiled_method(parameters: EnergyParameters) -> Method:
    """Energy shares, the method that people are paid by."""
    return Method("energy shares", _in_words(parameters), partial(_by_tiles, parameters=parameters), knows_copies=True)


def whole_method(parameters: EnergyParameters) -> Method:
    """Energy shares where the whole picture is its only tile."""

    def by_whole_pictures(picture: Picture, images: Images) -> Shares:
        whole = Images(images.candidates, images.candidates.vectors[:, None])
        return _by_tiles(Picture(picture.vector, picture.vector[None]), whole, parameters)

    return Method("energy shares of whole pictures", _in_words(parameters), by_whole_pictures, knows_copies=True)


def _by_tiles(picture: Picture, images: Images, parameters: EnergyParameters) -> Shares:
    found = nearest(picture.vector, images.candidates, parameters.k)
    rows = np.searchsorted(images.candidates.asset_ids, found.asset_ids)
    return energy_shares(picture.tiles, found, images.tiles[rows], parameters)


def _in_words(parameters: EnergyParameters) -> str:
    words = f"lo {parameters.lo:g}, R₀ {parameters.r0:g}"
    if parameters.support or parameters.whole < 1:
        words += f", support {parameters.support:g}, whole {parameters.whole:g}"
    return words


def _by_vectors(name: str, parameters: str, shares: Callable[[Vector, Candidates], Shares]) -> Method:
    return Method(name, parameters, lambda picture, images: shares(picture.vector, images.candidates))


Explain = Callable[[EmbeddedQueries, Images, float, float], list[Ppm]]
"""What each asset explains of each picture, at a lo and an R0."""
PRO_RATA = _by_vectors("pro rata", "", pro_rata_shares)
BASELINES: dict[str, list[Method]] = {
    "softmax": [
        _by_vectors("softmax", f"T {t:g}", partial(softmax_shares, parameters=SoftmaxParameters(t)))
        for t in TEMPERATURES
    ],
    "AbC": [
        _by_vectors("AbC", f"τ {tau:g}, b {b:g}", partial(calibrated_shares, parameters=CalibratedParameters(tau, b)))
        for tau, b in product(SLOPES, CUTS)
    ],
    "top-k linear": [
        _by_vectors("top-k linear", f"k {k}", partial(top_shares, parameters=TopParameters(k))) for k in PLACES
    ],
    "energy shares of whole pictures": [
        whole_method(EnergyParameters(lo=lo, r0=r0, support=0.0, whole=1.0)) for lo, r0 in product(FLOORS, LENGTHS)
    ],
}


def contenders(trial: EmbeddedTrial) -> list[Method]:
    """Pro rata, each baseline and energy shares at what does best on the tuning half, and energy shares as shipped."""
    images = images_of(trial)
    tuned = [min(grid, key=lambda method: _macro(method, trial.tuning, images)) for grid in BASELINES.values()]
    return [PRO_RATA, *tuned, tiled_method(EnergyParameters()), tiled_method(tuned_energy(trial.tuning, images))]


def tuned_energy(tuning: EmbeddedQueries, images: Images, explain: Explain | None = None) -> EnergyParameters:
    """The parameters with the smallest macro share error on the tuning half, of what `explain` or `explained` gives."""
    errors = {}
    for lo, r0 in product(FLOORS, LENGTHS):
        parts = (explain or explained)(tuning, images, lo, r0)
        for support, whole in product(SUPPORTS, WHOLES):
            errors[lo, r0, support, whole] = macro(share_errors(shares_at(parts, support, whole), tuning))
    lo, r0, support, whole = min(errors, key=lambda each: errors[each])
    return EnergyParameters(lo=lo, r0=r0, support=support, whole=whole)


def pictures_of(queries: EmbeddedQueries) -> list[Picture]:
    """Each query, to be shared."""
    return [Picture(vector, tiles) for vector, tiles in zip(queries.vectors, queries.tiles, strict=True)]


def images_of(trial: EmbeddedTrial) -> Images:
    """The catalogue without copies as candidates, ingested in the order in which it is listed."""
    numbers = np.unique(trial.originals)
    return Images(Candidates(numbers, trial.catalogue[numbers], numbers), trial.tiles[numbers])


def explained(
    queries: EmbeddedQueries, images: Images, lo: float, r0: float, k: int = EnergyParameters().k
) -> list[Ppm]:
    """What each asset explains of each picture, in ppm: its share where nothing more is asked for."""
    method = tiled_method(EnergyParameters(k=k, lo=lo, r0=r0, support=0.0, whole=1.0))
    return [method.share(picture, images) for picture in pictures_of(queries)]


def shares_at(parts: list[Ppm], support: float, whole: float) -> list[Ppm]:
    """The shares, to a millionth or so, that explained parts give at other values of support and whole."""
    paid = []
    for each in parts:
        supported = {asset: part for asset, part in each.items() if part >= support * WHOLE_PPM}
        total = max(sum(supported.values()), round(whole * WHOLE_PPM))
        paid.append({asset: part * WHOLE_PPM // total for asset, part in supported.items()})
    return paid


def share_errors(paid: Sequence[Ppm], queries: EmbeddedQueries) -> dict[str, float]:
    """Mean total variation between paid and true shares, by family."""
    errors = [total_variation(own, due) for own, due in zip(paid, queries.truth_ppm, strict=True)]
    return {family: float(np.mean([errors[row] for row in queries.rows_of(family)])) for family in FAMILIES}


def macro(by_family: dict[str, float]) -> float:
    """The mean over families, each with the same weight."""
    return float(np.mean(list(by_family.values())))


def _macro(method: Method, queries: EmbeddedQueries, images: Images) -> float:
    return macro(share_errors([method.share(picture, images) for picture in pictures_of(queries)], queries))
