"""Exact nearest neighbours by cosine: the search that pays people, and the oracle for any faster one."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

NO_ASSET = -1
UNIT_TOLERANCE = 0.01  # storage in half precision changes a squared length by less than this
_MARGIN = 16  # float32 neighbours beyond the k-th: enough unless many are as near, and then more are asked for
_QUERY_ROWS, _VECTOR_ROWS = 1024, 4096  # multiplied at once: on two cores better than faiss's own 4096 and 1024

Vectors = NDArray[np.floating]
Ids = NDArray[np.int64]
Indices = NDArray[np.intp]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def is_unit(vectors: Vectors) -> NDArray[np.bool_]:
    """Return which of the vectors (…, d) are of unit length, to 1 % of its square, as (…)."""
    vectors32 = vectors.astype(np.float32, copy=False)
    return np.asarray(np.abs(np.vecdot(vectors32, vectors32) - 1) <= UNIT_TOLERANCE)


def rerank(query: Vectors, vectors: Vectors) -> Float64:
    """Return the float64 inner product of `query` (d,) with each row of `vectors` (n, d), as (n,).

    Each row is computed alone, so its value is the same to the last bit whatever else is in `vectors`.
    """
    products: Float64 = np.vecdot(vectors.astype(np.float64, copy=False), query.astype(np.float64, copy=False))
    return products


def top_k(queries: Vectors, blocks: Iterable[tuple[Ids, Vectors]], k: int) -> tuple[Ids, Float32]:
    """Find the k nearest assets of each query, exactly, in blocks of vectors that are read once each.

    `queries` is (m, d), a block is `(ids (n,), vectors (n, d))`; vectors are float16 or float32 of unit length, ids are
    not negative and each comes once. Returns ids (m, k) and similarities (m, k), best first, ties by ascending id,
    padded with -1 and -inf where there are fewer than k assets. A float32 product only discards and float64 decides, so
    the answer does not depend on the size or order of the blocks; memory grows with the largest block and m * k.
    Raises ValueError for k below 1, shapes that do not match, negative ids, or vectors that are not of unit length.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}.")
    queries32 = _unit32(queries)
    nearest = np.full((len(queries), k), NO_ASSET, np.int64)
    similarities = np.full((len(queries), k), -np.inf)
    for ids, vectors in blocks:
        _require_block(ids, vectors, queries32.shape[1])
        vectors32 = _unit32(vectors)
        for row, columns in _possible(queries32, vectors32, similarities[:, -1], k):
            found = np.concatenate([nearest[row], ids[columns]])
            exact = np.concatenate([similarities[row], rerank(queries32[row], vectors32[columns])])
            best = np.lexsort((found, -exact))[:k]
            nearest[row], similarities[row] = found[best], exact[best]
    return nearest, similarities.astype(np.float32)


def _possible(queries: Float32, vectors: Float32, floors: Float64, k: int) -> Iterator[tuple[int, Indices]]:
    """Yield each query's row and the rows of those vectors that rounding does not rule out of its best k."""
    import faiss  # loads a BLAS and OpenMP of its own, for the few who search

    faiss.cvar.distance_compute_blas_query_bs = _QUERY_ROWS
    faiss.cvar.distance_compute_blas_database_bs = _VECTOR_ROWS
    # |float32 product - exact one| <= d * 2^-24 for unit vectors (Higham 2002, eq. 3.5); doubled for lengths near 1
    rounding = queries.shape[1] * 2.0**-23
    rows, wanted = np.arange(len(queries)), k + _MARGIN
    while len(rows) and len(vectors):
        wanted = min(wanted, len(vectors))
        rough, columns = faiss.knn(queries[rows], vectors, wanted, metric=faiss.METRIC_INNER_PRODUCT)
        least = floors[rows] - rounding
        if len(vectors) >= k:
            least = np.maximum(least, rough[:, k - 1] - 2 * rounding)
        is_proven = (rough[:, -1] < least) | (wanted == len(vectors))
        is_possible = rough >= least[:, None]
        for place in np.flatnonzero(is_proven & is_possible[:, 0]):
            yield int(rows[place]), columns[place, is_possible[place]]
        rows, wanted = rows[~is_proven], wanted * 4


def _require_block(ids: Ids, vectors: Vectors, dimensions: int) -> None:
    if vectors.shape != (len(ids), dimensions):
        raise ValueError(f"A block of {len(ids)} ids needs vectors ({len(ids)}, {dimensions}), not {vectors.shape}.")
    if (ids < 0).any():
        raise ValueError(f"Asset ids cannot be negative: {ids.min()}.")


def _unit32(vectors: Vectors) -> Float32:
    vectors32 = vectors.astype(np.float32)
    if vectors32.shape != (len(vectors32), vectors32.shape[-1]):
        raise ValueError(f"Similarity needs rows of vectors (n, d), not an array of shape {vectors32.shape}.")
    if not is_unit(vectors32).all():
        raise ValueError("Similarity needs rows of unit length; normalise the embeddings first.")
    return vectors32
