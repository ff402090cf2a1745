"""Nearest neighbours by cosine: all vectors are compared, and what rounding may hide is bounded."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

NO_ASSET = -1
UNIT_TOLERANCE = 0.01  # storage in half precision changes a squared length by less than this
_QUERY_ROWS, _VECTOR_ROWS = 1024, 4096  # multiplied at once: on two cores better than faiss's own 4096 and 1024

Vectors = NDArray[np.floating]
Ids = NDArray[np.int64]
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


def rounding(dimensions: int) -> float:
    """The most by which a cosine from `top_k` can be off.

    |float32 product - exact one| <= d * 2^-24 for unit vectors (Higham, Accuracy and Stability of Numerical Algorithms,
    2002, eq. 3.5); doubled, since their lengths are rounded too.
    """
    return dimensions * 2.0**-23


def top_k(queries: Vectors, blocks: Iterable[tuple[Ids, Vectors]], k: int) -> tuple[Ids, Float32]:
    """Find the k nearest assets of each query, in blocks of vectors that are read once each.

    `queries` is (m, d), a block is `(ids (n,), vectors (n, d))`; vectors are float16 or float32 of unit length, ids are
    not negative and each comes once. Returns ids (m, k) and cosines (m, k), best first, padded with -1 and -inf where
    there are fewer than k assets. Every vector is compared, in single precision: an asset that is not returned has a
    cosine of at most the last one returned and `rounding`. Memory grows with the largest block and m * k.
    Raises ValueError for k below 1, shapes that do not match, negative ids, or vectors that are not of unit length.
    """
    import faiss  # loads a BLAS and OpenMP of its own, for the few who search

    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}.")
    faiss.cvar.distance_compute_blas_query_bs = _QUERY_ROWS
    faiss.cvar.distance_compute_blas_database_bs = _VECTOR_ROWS
    queries32 = _unit32(queries)
    nearest = faiss.ResultHeap(len(queries32), k, keep_max=True)
    for ids, vectors in blocks:
        _require_block(ids, vectors, queries32.shape[1])
        vectors32 = _unit32(vectors)
        if len(queries32) and len(vectors32):
            cosines, rows = faiss.knn(queries32, vectors32, min(k, len(ids)), metric=faiss.METRIC_INNER_PRODUCT)
            nearest.add_result(cosines, ids[rows])
    nearest.finalize()
    return nearest.I, np.where(nearest.I == NO_ASSET, np.float32(-np.inf), nearest.D)


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
    vectors32 /= np.sqrt(np.vecdot(vectors32, vectors32))[
        :, None
    ]  # half precision made them a little longer or shorter
    return vectors32
