"""Energy shares: how much of a generated image's embedding each training image explains, as integers that sum to one.

The method is specified in attribution/README.md. It measures resemblance within an embedding, not proof of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from attribution.core.similarity import rerank
from marketplace.core.apportion import apportion

METHOD = "energy-share"
VERSION = 2
"""Version 1 did not know near-duplicate groups: `clone` was 0.95 then, and its lists were computed with all images."""
WHOLE_PPM = 1_000_000

_DECIMALS = 9  # finer differences are rounding noise of the processor and must not decide who is paid
_LAST = (1, 0)  # sorts after every (0, asset_id): an asset wins a tie against the unattributed remainder

Float64 = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class EnergyParameters:
    """What a stored share is recomputed with.

    `k`: how many distinct candidates may share. `lo`: the similarity that a candidate must exceed. `r0`: the length of
    the explained part of the picture above which nothing stays unattributed. `clone`: the cosine from which two
    embeddings are the same one, and the later image does not share. An embedding cannot tell a copy from a look-alike;
    copies that are not exact are found by their pixels, and are no candidates.
    """

    k: int = 60
    lo: float = 0.2
    r0: float = 0.5
    clone: float = 0.999999

    def __post_init__(self) -> None:
        """Raise ValueError for parameters outside their range."""
        if not (self.k >= 1 and 0 <= self.lo < 1 and 0 < self.r0 <= 1 and 0 < self.clone < 1):
            raise ValueError(f"Out of range (k >= 1, 0 <= lo < 1, 0 < r0 <= 1, 0 < clone < 1): {self}.")


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Images of one training set: ids (n,) int64, embeddings (n, d), order of first ingest (n,), earlier is smaller.

    Of each near-duplicate group only the image that stands for it may be among them. Give more than `k` candidates, so
    that exact copies which drop out do not leave places empty.
    """

    asset_ids: NDArray[np.int64]
    vectors: NDArray[np.floating]
    first_ingest: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Raise ValueError for shapes that do not match or an id that comes twice."""
        n = len(self.asset_ids)
        if self.vectors.shape != (n, self.vectors.shape[-1]) or self.first_ingest.shape != (n,):
            raise ValueError(f"{n} asset ids need {n} vectors and {n} places in the order of ingest.")
        if len(np.unique(self.asset_ids)) != n:
            raise ValueError("Each asset may be a candidate once; an id comes twice.")


@dataclass(frozen=True, slots=True)
class Shares:
    """One inspiration list, largest share first; the shares and the unattributed remainder sum to 1,000,000 ppm."""

    asset_ids: tuple[int, ...]
    similarities: tuple[float, ...]
    share_ppm: tuple[int, ...]
    unattributed_ppm: int


def energy_shares(query: NDArray[np.floating], candidates: Candidates, parameters: EnergyParameters) -> Shares:
    """Share one generation, embedded as `query` (d,), among the candidates.

    1. keep candidates whose similarity s exceeds `lo`; 2. in order of first ingest, drop each whose cosine to an
    earlier kept one reaches `clone`, then keep the `k` most similar; 3. non-negative least squares min |q - Xw|^2,
    energy x = w * s, whose sum is R^2 at the optimum; 4. share = x / max(R^2, r0^2), the rest is
    unattributed; 5. integer ppm by largest remainder, ties by asset id.
    Copies drop out before the cut at `k`, so that any number of them takes no place from others.
    Vectors are normalised here in float64. Raises ValueError for vectors that are zero, not finite or of another width.
    """
    unit_query, vectors = _unit(query[None, :])[0], _unit(candidates.vectors)
    if vectors.shape[1] != len(unit_query):
        raise ValueError(f"The query has {len(unit_query)} dimensions, the candidates have {vectors.shape[1]}.")
    similarities = np.round(rerank(unit_query, vectors), _DECIMALS)
    originals = _originals(candidates, vectors, np.flatnonzero(similarities > parameters.lo), parameters.clone)
    kept = originals[np.argsort(-similarities[originals], kind="stable")][: parameters.k]
    energies = _energies(unit_query, vectors[kept], similarities[kept])
    asset_ids = candidates.asset_ids[kept].tolist()
    return _in_ppm(
        dict(zip(asset_ids, energies, strict=True)),
        dict(zip(asset_ids, similarities[kept].tolist(), strict=True)),
        parameters.r0,
    )


def _originals(candidates: Candidates, vectors: Float64, eligible: Indices, clone: float) -> Indices:
    """Return those of the eligible candidates that copy no earlier one, in order of first ingest."""
    ordered = eligible[np.lexsort((candidates.asset_ids[eligible], candidates.first_ingest[eligible]))]
    eligible_vectors = vectors[ordered]
    copies = np.tril(eligible_vectors @ eligible_vectors.T >= clone, -1)  # by itself: half the work
    is_original = np.ones(len(ordered), np.bool_)
    for i in np.flatnonzero(copies.any(axis=1)):
        is_original[i] = not (copies[i] & is_original).any()
    return ordered[is_original]


def _energies(query: Float64, vectors: Float64, similarities: Float64) -> list[int]:
    """Return each vector's explained energy in units of 1e-9, at the optimum of min |q - Xw|^2 with w >= 0."""
    if not len(vectors):
        return []
    weights, _ = nnls(vectors.T, query)
    return [round(energy) for energy in (weights * similarities * 10**_DECIMALS).tolist()]


def _in_ppm(energies: Mapping[int, int], similarities: Mapping[int, float], r0: float) -> Shares:
    explained = sum(energies.values())
    claims = {(0, asset_id): energy for asset_id, energy in energies.items()}
    claims[_LAST] = max(round(r0**2 * 10**_DECIMALS) - explained, 0)
    ppm = apportion(WHOLE_PPM, claims)
    unattributed_ppm = ppm.pop(_LAST)
    ranked = sorted((-share, asset_id) for (_, asset_id), share in ppm.items() if share)
    return Shares(
        asset_ids=tuple(asset_id for _, asset_id in ranked),
        similarities=tuple(similarities[asset_id] for _, asset_id in ranked),
        share_ppm=tuple(-negative for negative, _ in ranked),
        unattributed_ppm=unattributed_ppm,
    )


def _unit(vectors: NDArray[np.floating]) -> Float64:
    exact = vectors.astype(np.float64)  # a copy, which is then divided in place
    lengths = np.sqrt(np.vecdot(exact, exact))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("An embedding is zero or not finite; embed the image again.")
    exact /= lengths[:, None]
    return exact
