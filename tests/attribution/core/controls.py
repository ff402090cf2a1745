"""Methods that the axioms must refuse, and the shape of a method under test."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution.core.baselines import SoftmaxParameters, softmax_shares
from attribution.core.shares import Candidates, EnergyParameters, Shares, energy_shares, nearest

Method = Callable[[NDArray[np.floating], Candidates], Shares]


@dataclass(frozen=True)
class SoftmaxShares:
    """A negative control, not a method: pays all of every picture out by exp(similarity / temperature)."""

    temperature: float = 0.1

    def __call__(self, query: NDArray[np.floating], candidates: Candidates) -> Shares:
        return softmax_shares(query, candidates, SoftmaxParameters(self.temperature))


def energy(
    query: NDArray[np.floating], candidates: Candidates, parameters: EnergyParameters | None = None, tiles: int = 4
) -> Shares:
    """Return energy shares, of pictures whose embedding is that of their tiles one after another."""
    parameters = parameters or EnergyParameters()
    found = nearest(query, candidates, parameters.k)
    rows = [candidates.asset_ids.tolist().index(asset_id) for asset_id in found.asset_ids]
    image_tiles = candidates.vectors[rows].reshape(len(rows), tiles, -1 if rows else len(query) // tiles)
    return energy_shares(query.reshape(tiles, -1), found, image_tiles, parameters)


def energy_of_whole_pictures(query: NDArray[np.floating], candidates: Candidates) -> Shares:
    """Return energy shares where the whole picture is the only tile."""
    return energy(query, candidates, tiles=1)


def share_of(shares: Shares) -> dict[int, int]:
    """Return the shares in ppm by asset id."""
    return dict(zip(shares.asset_ids, shares.share_ppm, strict=True))
