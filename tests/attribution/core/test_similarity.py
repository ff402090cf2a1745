from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribution.core.similarity import rerank, rounding, top_k

Vectors = NDArray[np.floating]
Ids = NDArray[np.int64]
search = settings(max_examples=60, deadline=None)


def unit(random: np.random.Generator, rows: int, dimensions: int) -> NDArray[np.float32]:
    """Return random rows of unit length."""
    vectors = random.normal(size=(rows, dimensions))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def blocks(ids: Ids, vectors: Vectors, cuts: list[int]) -> Iterator[tuple[Ids, Vectors]]:
    """Yield the rows between the cuts; some blocks may be empty."""
    for start, stop in pairwise([0, *sorted(cuts), len(ids)]):
        yield ids[start:stop], vectors[start:stop]


def assert_nearest(queries: Vectors, ids: Ids, vectors: Vectors, found: tuple[Ids, NDArray[np.float32]]) -> None:
    """Assert what top_k promises: k assets with their cosines, and no other that is nearer by more than rounding."""
    most, by_id = rounding(queries.shape[1]), np.argsort(ids)
    for query, own_ids, cosines in zip(queries, *found, strict=True):
        lengths = np.linalg.norm(query.astype(np.float64)) * np.linalg.norm(vectors.astype(np.float64), axis=1)
        exact = rerank(query, vectors) / lengths
        count = min(len(ids), len(own_ids))
        assert len(set(own_ids[:count].tolist())) == count
        assert (own_ids[count:] == -1).all()
        np.testing.assert_allclose(
            cosines[:count], exact[by_id][np.searchsorted(ids[by_id], own_ids[:count])], atol=most
        )
        assert (np.diff(cosines[:count]) <= 0).all()
        if count < len(ids):
            assert exact[~np.isin(ids, own_ids)].max() <= cosines[count - 1] + most


@search
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 25), st.lists(st.integers(0, 90), max_size=6))
def test_no_asset_that_is_left_out_is_nearer_by_more_than_rounding_however_the_catalogue_is_cut(
    seed: int, count: int, k: int, cuts: list[int]
) -> None:
    random = np.random.default_rng(seed)
    distinct = unit(random, max(1, count // 2), 16)
    vectors = distinct[random.integers(0, len(distinct), count)]  # about half are exact copies: ties
    ids = random.permutation(count * 3)[:count].astype(np.int64)
    queries = np.concatenate([unit(random, 4, 16), distinct[:2]])
    for order in (np.arange(count), random.permutation(count)):
        found = top_k(queries, blocks(ids[order], vectors[order], [min(cut, count) for cut in cuts]), k)
        assert_nearest(queries, ids, vectors, found)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("block", [1, 7, 512, 3000])
def test_a_real_width_gives_the_nearest_for_any_block(dtype: type[np.floating], block: int) -> None:
    random = np.random.default_rng(11)
    vectors, queries, ids = unit(random, 3000, 512).astype(dtype), unit(random, 40, 512).astype(dtype), np.arange(3000)
    vectors[1500:1530] = vectors[7]
    queries[0] = vectors[7]
    found = top_k(queries, blocks(ids, vectors, list(range(block, 3000, block))), 20)
    assert_nearest(queries, ids, vectors, found)
    assert set(found[0][0].tolist()) <= {7, *range(1500, 1530)}


def test_more_queries_than_are_multiplied_at_once_are_all_answered() -> None:
    random = np.random.default_rng(3)
    vectors, queries, ids = unit(random, 50, 8), unit(random, 2500, 8), np.arange(50)
    assert_nearest(queries, ids, vectors, top_k(queries, [(ids, vectors)], 5))


def test_where_there_are_fewer_assets_than_asked_for_the_rest_is_empty() -> None:
    ids, similarities = top_k(np.eye(2, dtype=np.float32), [(np.array([9]), np.array([[1, 0]], np.float32))], 3)
    assert ids.tolist() == [[9, -1, -1], [9, -1, -1]]
    assert similarities.tolist() == [[1.0, -np.inf, -np.inf], [0.0, -np.inf, -np.inf]]


def test_an_empty_catalogue_finds_nothing() -> None:
    assert top_k(np.eye(2, dtype=np.float32), [], 2)[0].tolist() == [[-1, -1], [-1, -1]]


def test_no_query_is_no_answer() -> None:
    ids, similarities = top_k(np.empty((0, 2), np.float32), [(np.array([1]), np.array([[1, 0]], np.float32))], 2)
    assert ids.shape == similarities.shape == (0, 2)


def test_a_similarity_does_not_depend_on_what_it_is_computed_beside() -> None:
    random = np.random.default_rng(1)
    vectors, query = unit(random, 300, 513), unit(random, 1, 513)[0]
    together = rerank(query, vectors)
    assert together.dtype == np.float64
    assert together.tolist() == [rerank(query, vectors[row : row + 1])[0] for row in range(300)]


ONE = (np.array([1]), np.array([[1, 0]], np.float32))


@pytest.mark.parametrize(
    ("queries", "block", "k", "message"),
    [
        (np.eye(2), ONE, 0, "k must be at least 1"),
        (np.array([1, 0]), ONE, 1, "rows of vectors"),
        (np.eye(3), ONE, 1, r"vectors \(1, 3\)"),
        (np.eye(2), (np.array([1, 2]), ONE[1]), 1, "2 ids"),
        (np.eye(2), (np.array([-1]), ONE[1]), 1, "negative: -1"),
        (np.eye(2) * 2, ONE, 1, "unit length"),
        (np.eye(2), (ONE[0], np.array([[np.nan, 0]], np.float32)), 1, "unit length"),
        (np.eye(2), (ONE[0], np.array([[0, 0]], np.float32)), 1, "unit length"),
    ],
)
def test_what_cannot_be_searched_is_refused(queries: Vectors, block: tuple[Ids, Vectors], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        top_k(queries, [block], k)
