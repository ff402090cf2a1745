"""What others divide by, as rows beside energy shares in the benchmark: none of them leaves anything unattributed.

They take what `energy_shares` takes and give the same kind of list. Nobody is paid by them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution.core.shares import Candidates, Shares
from attribution.core.similarity import rerank
from marketplace.core.apportion import apportion
from marketplace.core.ppm import WHOLE_PPM

_UNITS = 10**9  # weights are whole billionths of the largest, as energies are in `energy_shares`

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SoftmaxParameters:
    """`temperature`: the difference of similarity that multiplies a share by e."""

    temperature: float = 0.1

    def __post_init__(self) -> None:
        """Raise ValueError for a temperature that is not above zero."""
        if not self.temperature > 0:
            raise ValueError(f"The temperature must be above 0: {self}.")


@dataclass(frozen=True, slots=True)
class CalibratedParameters:
    """`tau`: how fast a share falls with the distance from the nearest image; `b`: what is then taken off it."""

    tau: float = 10.0
    b: float = -0.1

    def __post_init__(self) -> None:
        """Raise ValueError for parameters by which even the nearest image would get nothing, or all get the same."""
        if not (self.tau > 0 and self.b > -1):
            raise ValueError(f"Out of range (tau > 0, b > -1): {self}.")


@dataclass(frozen=True, slots=True)
class TopParameters:
    """`k`: how many of the nearest images share."""

    k: int = 10

    def __post_init__(self) -> None:
        """Raise ValueError unless at least one image may share."""
        if self.k < 1:
            raise ValueError(f"At least one image must share: {self}.")


def softmax_shares(query: NDArray[np.floating], candidates: Candidates, parameters: SoftmaxParameters) -> Shares:
    """Share by exp(s / temperature) over the similarities s. Raises ValueError as `energy_shares` does."""
    similarities = _similarities(query, candidates)
    return _all_paid(candidates, similarities, np.exp((similarities - _largest(similarities)) / parameters.temperature))


def calibrated_shares(query: NDArray[np.floating], candidates: Candidates, parameters: CalibratedParameters) -> Shares:
    """Share by relu(exp(tau * (s - max s)) + b), the calibration of Wang et al., "Evaluating Data Attribution for
    Text-to-Image Models", ICCV 2023. Raises ValueError as `energy_shares` does."""
    similarities = _similarities(query, candidates)
    raised = np.exp(parameters.tau * (similarities - _largest(similarities))) + parameters.b
    return _all_paid(candidates, similarities, np.maximum(raised, 0))


def top_shares(query: NDArray[np.floating], candidates: Candidates, parameters: TopParameters) -> Shares:
    """Share among the k nearest in proportion to their similarity, where it is above 0; ties by asset id.

    Raises ValueError as `energy_shares` does.
    """
    similarities = _similarities(query, candidates)
    weights = np.zeros(len(similarities))
    nearest = np.lexsort((candidates.asset_ids, -similarities))[: parameters.k]
    weights[nearest] = np.maximum(similarities[nearest], 0)
    return _all_paid(candidates, similarities, weights)


def pro_rata_shares(query: NDArray[np.floating], candidates: Candidates) -> Shares:
    """Share equally, whatever the picture: what a contributor fund does. Raises ValueError as `energy_shares` does."""
    return _all_paid(candidates, _similarities(query, candidates), np.ones(len(candidates.asset_ids)))


def _similarities(query: NDArray[np.floating], candidates: Candidates) -> Float64:
    """Cosines (n,) in float64, to nine decimals."""
    vectors = candidates.vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query.astype(np.float64))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("An embedding is zero or not finite; embed the image again.")
    return np.asarray(np.round(rerank(query, vectors) / lengths, 9))


def _largest(similarities: Float64) -> float:
    return float(similarities.max(initial=-1))


def _all_paid(candidates: Candidates, similarities: Float64, weights: Float64) -> Shares:
    """All of the picture in proportion to the weights, in ppm by largest remainder; nothing where all weights are 0."""
    units = np.rint(weights / max(weights.max(initial=0), np.finfo(float).tiny) * _UNITS).astype(np.int64)
    if not units.any():
        return Shares((), (), (), WHOLE_PPM)
    ppm = apportion(WHOLE_PPM, dict(zip(candidates.asset_ids.tolist(), units.tolist(), strict=True)))
    known = dict(zip(candidates.asset_ids.tolist(), similarities.tolist(), strict=True))
    ranked = sorted((-share, asset_id) for asset_id, share in ppm.items() if share)
    return Shares(
        asset_ids=tuple(asset_id for _, asset_id in ranked),
        similarities=tuple(known[asset_id] for _, asset_id in ranked),
        share_ppm=tuple(-negative for negative, _ in ranked),
        unattributed_ppm=0,
    )
