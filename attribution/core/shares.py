"""Energy shares: how much of a generated image each training image explains, as integers that sum to one.

The method is specified in attribution/README.md. It measures resemblance within an embedding, not proof of use.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from attribution.core.similarity import rerank
from marketplace.core.apportion import apportion
from marketplace.core.ppm import WHOLE_PPM

METHOD = "energy-share"
VERSION = 2
"""Version 1 compared whole pictures, and did not know near-duplicate groups."""

_DECIMALS = 9  # finer differences are rounding noise of the processor and must not decide who is paid
_LAST = (1, 0)  # sorts after every (0, asset_id): an asset wins a tie against the unattributed remainder
_SAME = 0.999999  # the cosine from which two embeddings are one

Float64 = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class EnergyParameters:
    """What a stored share is recomputed with.

    `k`: how many distinct images are compared tile by tile. `lo`: the similarity that two tiles must exceed. `r0`: the
    length of the explained part of a tile above which all of it is explained. `support`: the part of the picture that
    an image must explain to share at all. `whole`: the explained part of the picture above which nothing stays
    unattributed.
    """

    k: int = 60
    lo: float = 0.35
    r0: float = 0.45
    support: float = 0.1
    whole: float = 0.75

    def __post_init__(self) -> None:
        """Raise ValueError for parameters outside their range."""
        in_range = (0 <= self.lo < 1, 0 < self.r0 <= 1, 0 <= self.support < 1, 0 < self.whole <= 1)
        if self.k < 1 or not all(in_range):
            raise ValueError(
                f"Out of range (k >= 1, 0 <= lo < 1, 0 < r0 <= 1, 0 <= support < 1, 0 < whole <= 1): {self}."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Images of one training set: ids (n,) int64, embeddings (n, d), order of first ingest (n,), earlier is smaller.

    Of each near-duplicate group only the image that stands for it may be among them.
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


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The distinct images that a generation resembles most as a whole, best first: ids (n,) and cosines (n,)."""

    asset_ids: NDArray[np.int64]
    similarities: Float64


@dataclass(frozen=True, slots=True)
class Shares:
    """One inspiration list, largest share first; the shares and the unattributed remainder sum to 1,000,000 ppm.

    `similarities` are those of the whole pictures.
    """

    asset_ids: tuple[int, ...]
    similarities: tuple[float, ...]
    share_ppm: tuple[int, ...]
    unattributed_ppm: int


def nearest(query: NDArray[np.floating], candidates: Candidates, k: int) -> Nearest:
    """The `k` candidates whose embeddings are most similar to `query` (d,), without later exact copies.

    In order of first ingest, each drops out whose embedding is that of an earlier kept one; so any number of copies
    takes no place from others. Vectors are normalised here in float64. Raises ValueError for vectors that are zero, not
    finite or of another width.
    """
    unit_query, vectors = _unit(query[None, :])[0], _unit(candidates.vectors)
    if vectors.shape[1] != len(unit_query):
        raise ValueError(f"The query has {len(unit_query)} dimensions, the candidates have {vectors.shape[1]}.")
    similarities = np.round(rerank(unit_query, vectors), _DECIMALS)
    originals = _originals(candidates, vectors, similarities)
    best = originals[np.argsort(-similarities[originals], kind="stable")[:k]]
    return Nearest(candidates.asset_ids[best], similarities[best])


def energy_shares(
    tiles: NDArray[np.number], images: Nearest, image_tiles: NDArray[np.number], parameters: EnergyParameters
) -> Shares:
    """Share one generation, cut into `tiles` (t, d), among images whose tiles are `image_tiles` (n, u, d).

    1. For each tile of the generation, take each image's most similar tile, and keep those whose similarity s exceeds
    `lo`; 2. non-negative least squares min |q - Xw|^2, energy x = w * s, whose sum is R^2 at the optimum; the image
    explains x / max(R^2, r0^2) of the tile; 3. it explains the mean of that of the picture, and nothing where that is
    less than `support`; 4. share = explained / max(all that is explained, `whole`), the rest is unattributed;
    5. integer ppm by largest remainder, ties by asset id.
    Tiles are normalised here in float64. Raises ValueError for tiles that are zero, not finite or of another width.
    """
    if len(image_tiles) != len(images.asset_ids) or image_tiles.shape[-1] != tiles.shape[-1]:
        raise ValueError(f"Tiles {tiles.shape} of {len(images.asset_ids)} images do not go with {image_tiles.shape}.")
    explained = _explained(tiles, image_tiles, parameters)
    explained[explained < parameters.support * len(tiles) * 10**_DECIMALS] = 0
    whole = round(parameters.whole * len(tiles) * 10**_DECIMALS)
    asset_ids = images.asset_ids.tolist()
    return _in_ppm(
        dict(zip(asset_ids, explained.tolist(), strict=True)),
        dict(zip(asset_ids, images.similarities.tolist(), strict=True)),
        whole,
    )


def _originals(candidates: Candidates, vectors: Float64, similarities: Float64) -> Indices:
    """Return the candidates whose embedding is no earlier one's, in order of first ingest."""
    copies: dict[int, list[int]] = defaultdict(list)
    rank = np.empty(len(vectors), np.intp)
    ordered = np.lexsort((candidates.asset_ids, candidates.first_ingest))
    rank[ordered] = np.arange(len(ordered))
    for pair in _same(vectors, similarities):
        earlier, later = sorted(rank[pair].tolist())
        copies[later].append(earlier)
    is_original = np.ones(len(ordered), np.bool_)
    for later in sorted(copies):
        is_original[later] = not is_original[copies[later]].any()
    return ordered[is_original]


def _same(vectors: Float64, similarities: Float64) -> NDArray[np.intp]:
    """Return the pairs (p, 2) of vectors that are one embedding.

    Only those are multiplied that have about the same product with the query, and about the same first number:
    |x.q - y.q| <= |x - y| = (2 - 2 x.y)^1/2 for any unit vector q.
    """
    reach = (2 - 2 * _SAME) ** 0.5 + 2 * 10.0**-_DECIMALS
    ordered = np.argsort(similarities, kind="stable")
    last = np.searchsorted(similarities[ordered], similarities[ordered] + reach, side="right")
    count = last - np.arange(1, len(ordered) + 1)
    first = np.repeat(np.arange(len(ordered)), count)
    second = first + 1 + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    pairs = np.stack([ordered[first], ordered[second]], axis=1)
    pairs = pairs[np.abs(np.subtract(*vectors[pairs, 0].T)) <= reach]
    return np.asarray(pairs[np.vecdot(vectors[pairs[:, 0]], vectors[pairs[:, 1]]) >= _SAME])


def _explained(
    tiles: NDArray[np.number], image_tiles: NDArray[np.number], parameters: EnergyParameters
) -> NDArray[np.int64]:
    """Return what each image (n,) explains of all tiles together, in units of 1e-9 of a tile."""
    similarities = _cosines(image_tiles, tiles)
    best = similarities.argmax(axis=1)  # among equally similar tiles of one image the first
    explained = np.zeros(len(image_tiles), np.int64)
    for number, query in enumerate(_unit(tiles)):
        own = np.take_along_axis(similarities[:, :, number], best[:, number, None], axis=1)[:, 0]
        eligible = np.flatnonzero(own > parameters.lo)
        energies = _energies(query, _unit(image_tiles[eligible, best[eligible, number]]), own[eligible])
        parts = energies / max(energies.sum(), parameters.r0**2)
        explained[eligible] += np.rint(parts * 10**_DECIMALS).astype(np.int64)
    return explained


def _cosines(image_tiles: NDArray[np.number], tiles: NDArray[np.number]) -> Float64:
    """Return the similarities (n, u, t) of the images' tiles to the generation's, to nine decimals."""
    # Sums of 512 products of whole numbers up to 127 stay below 2^24, so that single precision is exact.
    numbers = np.dtype(np.float32 if image_tiles.dtype == tiles.dtype == np.int8 else np.float64)
    flat: NDArray[np.floating] = image_tiles.reshape(-1, image_tiles.shape[-1]).astype(numbers)
    queries: NDArray[np.floating] = tiles.astype(numbers)
    lengths = _lengths(flat)[:, None] * _lengths(queries)
    cosines = np.round((flat @ queries.T).astype(np.float64) / lengths, _DECIMALS)
    return np.asarray(cosines.reshape(*image_tiles.shape[:2], len(tiles)))


def _energies(query: Float64, vectors: Float64, similarities: Float64) -> Float64:
    """Return each vector's explained energy, at the optimum of min |q - Xw|^2 with w >= 0, to nine decimals."""
    if not len(vectors):
        return np.empty(0)
    weights, _ = nnls(vectors.T, query)
    return np.asarray(np.round(weights * similarities, _DECIMALS))


def _in_ppm(explained: Mapping[int, int], similarities: Mapping[int, float], whole: int) -> Shares:
    claims = {(0, asset_id): part for asset_id, part in explained.items()}
    claims[_LAST] = max(whole - sum(explained.values()), 0)
    ppm = apportion(WHOLE_PPM, claims)
    unattributed_ppm = ppm.pop(_LAST)
    ranked = sorted((-share, asset_id) for (_, asset_id), share in ppm.items() if share)
    return Shares(
        asset_ids=tuple(asset_id for _, asset_id in ranked),
        similarities=tuple(similarities[asset_id] for _, asset_id in ranked),
        share_ppm=tuple(-negative for negative, _ in ranked),
        unattributed_ppm=unattributed_ppm,
    )


def _unit(vectors: NDArray[np.number]) -> Float64:
    exact = vectors.astype(np.float64)  # a copy, which is then divided in place
    exact /= _lengths(exact)[:, None]
    return exact


def _lengths(rows: NDArray[np.floating]) -> Float64:
    lengths = np.sqrt(np.vecdot(rows, rows).astype(np.float64))
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("An embedding is zero or not finite; embed the image again.")
    return np.asarray(lengths)
