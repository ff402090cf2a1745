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
from attribution.core.shares import WHOLE_PPM, Candidates, EnergyParameters, Shares, energy_shares

FLOORS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)
"""The values of lo that are tried."""
LENGTHS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""The values of R0 that are tried."""
TEMPERATURES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
SLOPES = (2.0, 4.0, 7.0, 10.0, 15.0, 25.0)
CUTS = (-0.05, -0.1, -0.2, -0.3, -0.5, -0.7)
PLACES = (1, 2, 3, 4, 5, 10, 20)

Vector = NDArray[np.floating]


@dataclass(frozen=True)
class Method:
    """A way to share one picture among candidates; `parameters` says in the table which were used.

    What is proved to be a copy is no candidate of a method that `knows_copies`.
    """

    name: str
    parameters: str
    inspirations: Callable[[Vector, Candidates], Shares]
    knows_copies: bool = False

    def share(self, query: Vector, candidates: Candidates) -> Ppm:
        """Shares in ppm by asset id."""
        listed = self.inspirations(query, candidates)
        return dict(zip(listed.asset_ids, listed.share_ppm, strict=True))


def energy_method(parameters: EnergyParameters) -> Method:
    """Energy shares, the method that people are paid by."""
    return Method(
        "energy shares",
        f"lo {parameters.lo:g}, R₀ {parameters.r0:g}",
        partial(energy_shares, parameters=parameters),
        knows_copies=True,
    )


PRO_RATA = Method("pro rata", "", pro_rata_shares)
BASELINES: dict[str, list[Method]] = {
    "softmax": [
        Method("softmax", f"T {t:g}", partial(softmax_shares, parameters=SoftmaxParameters(t))) for t in TEMPERATURES
    ],
    "AbC": [
        Method("AbC", f"τ {tau:g}, b {b:g}", partial(calibrated_shares, parameters=CalibratedParameters(tau, b)))
        for tau, b in product(SLOPES, CUTS)
    ],
    "top-k linear": [
        Method("top-k linear", f"k {k}", partial(top_shares, parameters=TopParameters(k))) for k in PLACES
    ],
}


def contenders(trial: EmbeddedTrial) -> list[Method]:
    """Pro rata, each baseline and energy shares at what does best on the tuning half, and energy shares as shipped."""
    candidates = catalogue_of(trial)
    tuned = [min(grid, key=lambda method: _macro(method, trial.tuning, candidates)) for grid in BASELINES.values()]
    return [PRO_RATA, *tuned, energy_method(EnergyParameters()), energy_method(tuned_energy(trial))]


def tuned_energy(trial: EmbeddedTrial) -> EnergyParameters:
    """The lo and R0 with the smallest macro share error on the tuning half."""
    errors = {}
    for lo in FLOORS:
        energies = explained(trial.tuning, catalogue_of(trial), lo)
        for r0 in LENGTHS:
            errors[lo, r0] = macro(share_errors(shares_at(energies, r0), trial.tuning))
    lo, r0 = min(errors, key=lambda pair: errors[pair])
    return EnergyParameters(lo=lo, r0=r0)


def catalogue_of(trial: EmbeddedTrial) -> Candidates:
    """The catalogue without copies as candidates, ingested in the order in which it is listed."""
    numbers = np.unique(trial.originals)
    return Candidates(numbers, trial.catalogue[numbers], numbers)


def explained(queries: EmbeddedQueries, candidates: Candidates, lo: float) -> list[Ppm]:
    """The energy of each asset in millionths: its share at R0 = 1, as nothing explains more than the whole picture."""
    method = energy_method(EnergyParameters(lo=lo, r0=1.0))
    return [method.share(query, candidates) for query in queries.vectors]


def shares_at(energies: list[Ppm], r0: float) -> list[Ppm]:
    """The shares, to a millionth or so, that energies give at another R0: energy / max(R², R0²)."""
    paid = []
    for each in energies:
        whole = max(sum(each.values()), round(r0**2 * WHOLE_PPM))
        paid.append({asset: energy * WHOLE_PPM // whole for asset, energy in each.items()})
    return paid


def share_errors(paid: Sequence[Ppm], queries: EmbeddedQueries) -> dict[str, float]:
    """Mean total variation between paid and true shares, by family."""
    errors = [total_variation(own, due) for own, due in zip(paid, queries.truth_ppm, strict=True)]
    return {family: float(np.mean([errors[row] for row in queries.rows_of(family)])) for family in FAMILIES}


def macro(by_family: dict[str, float]) -> float:
    """The mean over families, each with the same weight."""
    return float(np.mean(list(by_family.values())))


def _macro(method: Method, queries: EmbeddedQueries, candidates: Candidates) -> float:
    return macro(share_errors([method.share(query, candidates) for query in queries.vectors], queries))
