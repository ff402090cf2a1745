"""Methods that the axioms must refuse, and the shape of a method under test."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution.core.baselines import SoftmaxParameters, softmax_shares
from attribution.core.shares import Candidates, EnergyParameters, Shares, energy_shares

Method = Callable[[NDArray[np.floating], Candidates], Shares]


@dataclass(frozen=True)
class SoftmaxShares:
    """A negative control, not a method: pays all of every picture out by exp(similarity / temperature)."""

    temperature: float = 0.1

    def __call__(self, query: NDArray[np.floating], candidates: Candidates) -> Shares:
        return softmax_shares(query, candidates, SoftmaxParameters(self.temperature))


def energy(query: NDArray[np.floating], candidates: Candidates) -> Shares:
    """Return energy shares at the default parameters."""
    return energy_shares(query, candidates, EnergyParameters())


def share_of(shares: Shares) -> dict[int, int]:
    """Return the shares in ppm by asset id."""
    return dict(zip(shares.asset_ids, shares.share_ppm, strict=True))
