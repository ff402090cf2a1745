"""Exact nearest neighbours by cosine: the search that pays people, and the oracle for any faster one."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_ASSET = -1
_QUERY_ROWS = 1024  # queries multiplied at once, so that memory follows the block and not the batch
_PAIR_ROWS = 8192  # pairs compared at once in float64
_UNIT_TOLERANCE = 0.01  # storage in half precision changes a squared length by less than this

Vectors = NDArray[np.floating]
Ids = NDArray[np.int64]
Indices = NDArray[np.intp]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def rerank(query: Vectors, vectors: Vectors) -> Float64:
    """Return the float64 inner product of `query` (d,) with each row of `vectors` (n, d), as (n,).

    Each row is computed alone, so its value is the same to the last bit whatever else is in `vectors`.
    """
    products: Float64 = np.vecdot(vectors.astype(np.float64), query.astype(np.float64))
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
    nearest = _Nearest(np.full((len(queries), k), NO_ASSET, np.int64), np.full((len(queries), k), -np.inf))
    for ids, vectors in blocks:
        _require_block(ids, vectors, queries32.shape[1])
        vectors32 = _unit32(vectors)
        for start in range(0, len(queries32), _QUERY_ROWS):
            rows = slice(start, start + _QUERY_ROWS)
            _add_block(nearest.part(rows), queries32[rows], ids, vectors32)
    return nearest.ids, nearest.similarities.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The best k so far of each query, best first; its arrays are updated in place."""

    ids: Ids
    similarities: Float64

    def part(self, rows: slice) -> "_Nearest":
        return _Nearest(self.ids[rows], self.similarities[rows])


def _add_block(nearest: _Nearest, queries: Float32, ids: Ids, vectors: Float32) -> None:
    rows, columns = _possible(nearest, queries @ vectors.T, queries.shape[1])
    exact = np.empty(len(rows))
    for start in range(0, len(rows), _PAIR_ROWS):
        pairs = slice(start, start + _PAIR_ROWS)
        exact[pairs] = np.vecdot(vectors[columns[pairs]].astype(np.float64), queries[rows[pairs]].astype(np.float64))
    _merge(nearest, rows, ids[columns], exact)


def _possible(nearest: _Nearest, rough: Float32, dimensions: int) -> tuple[Indices, Indices]:
    """Return the (query, asset) pairs that rounding does not rule out of the best k, by query."""
    k = nearest.ids.shape[1]
    # |float32 product - exact one| <= d * 2^-24 for unit vectors (Higham 2002, eq. 3.5); doubled for lengths near 1
    rounding = dimensions * 2.0**-23
    floor = nearest.similarities[:, -1] - rounding
    if np.isneginf(floor).any() and rough.shape[1] > k:
        floor = np.maximum(floor, np.partition(rough, -k, axis=1)[:, -k] - 2 * rounding)
    rows, columns = np.nonzero(rough >= floor.astype(np.float32)[:, None])
    return rows, columns


def _merge(nearest: _Nearest, rows: Indices, ids: Ids, similarities: Float64) -> None:
    """Add pairs, whose `rows` ascend, and keep the best k of each row that they touch."""
    k = nearest.ids.shape[1]
    touched = np.unique(rows)
    all_rows = np.concatenate([rows, np.repeat(touched, k)])
    all_ids = np.concatenate([ids, nearest.ids[touched].ravel()])
    all_similarities = np.concatenate([similarities, nearest.similarities[touched].ravel()])
    order = np.lexsort((all_ids, -all_similarities, all_rows))
    firsts = np.searchsorted(all_rows[order], touched)
    best = order[firsts[:, None] + np.arange(k)]
    nearest.ids[touched] = all_ids[best]
    nearest.similarities[touched] = all_similarities[best]


def _require_block(ids: Ids, vectors: Vectors, dimensions: int) -> None:
    if vectors.shape != (len(ids), dimensions):
        raise ValueError(f"A block of {len(ids)} ids needs vectors ({len(ids)}, {dimensions}), not {vectors.shape}.")
    if (ids < 0).any():
        raise ValueError(f"Asset ids cannot be negative: {ids.min()}.")


def _unit32(vectors: Vectors) -> Float32:
    vectors32 = vectors.astype(np.float32)
    if vectors32.shape != (len(vectors32), vectors32.shape[-1]):
        raise ValueError(f"Similarity needs rows of vectors (n, d), not an array of shape {vectors32.shape}.")
    if not (np.abs(np.vecdot(vectors32, vectors32) - 1) <= _UNIT_TOLERANCE).all():
        raise ValueError("Similarity needs rows of unit length; normalise the embeddings first.")
    return vectors32
