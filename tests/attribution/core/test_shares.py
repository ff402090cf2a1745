"""The worked table of the energy-share method, and its edges."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from attribution.core.shares import Candidates, EnergyParameters, Nearest, Shares, energy_shares, nearest
from tests.attribution.core.controls import energy, share_of


def candidates(vectors: dict[int, list[float]], ingested: list[int] | None = None) -> Candidates:
    """Return candidates by asset id, ingested in the order given unless told otherwise."""
    return Candidates(
        asset_ids=np.array(list(vectors), np.int64),
        vectors=np.array(list(vectors.values()), np.float64).reshape(len(vectors), -1),
        first_ingest=np.array(ingested or range(len(vectors)), np.int64),
    )


PLAIN = EnergyParameters(lo=0.2, r0=0.5, support=0.0, whole=1.0)
"""Every energy shares, however small, and nothing but r0 is needed for a picture to be all attributed."""


def shared(query: list[float], images: Candidates, tiles: int = 1, **parameters: float) -> Shares:
    """Return energy shares of pictures whose embedding is that of their tiles one after another."""
    return energy(np.array(query), images, replace(PLAIN, **parameters), tiles)  # type: ignore[arg-type]


THIRD = 3**-0.5

# Each line can be followed by hand: similarities s, weights w, energies x = w * s, explained R^2 = sum of x.
Worked = tuple[list[float], dict[int, list[float]], dict[str, float], dict[int, int], int]
WORKED: dict[str, Worked] = {
    # s .6 .8; orthogonal, so w = s; x .36 .64; R^2 = 1
    "two independent sources": ([0.6, 0.8], {1: [1, 0], 2: [0, 1]}, {}, {1: 360_000, 2: 640_000}, 0),
    # s .96 .936; q = .586667 a + .466667 b; x .5632 .4368; R^2 = 1
    "two sources that overlap": ([0.96, 0.28], {1: [1, 0], 2: [0.8, 0.6]}, {}, {1: 563_200, 2: 436_800}, 0),
    # s .6 .96; unconstrained w of asset 1 is .6 - .8 * .8 / .6 < 0, so only asset 2 explains: x .9216
    "a source in the shadow of a nearer one": ([0.6, 0.8], {1: [1, 0], 2: [0.8, 0.6]}, {}, {2: 1_000_000}, 0),
    # s .28; x .0784 < r0^2 = .25: .0784 / .25
    "a faint source": ([0.28, 0.96], {1: [1, 0]}, {}, {1: 313_600}, 686_400),
    # s .6; x .36 > .25: all of the picture is shared though only .36 of it is explained
    "one clear source": ([0.6, 0.8], {1: [1, 0]}, {}, {1: 1_000_000}, 0),
    # the same against r0^2 = .49: .36 / .49 = .734693877...
    "one clear source, stricter r0": ([0.6, 0.8], {1: [1, 0]}, {"r0": 0.7}, {1: 734_694}, 265_306),
    # three equal energies: the odd millionth goes to the smallest id
    "a tie": ([THIRD] * 3, {7: [1, 0, 0], 5: [0, 1, 0], 6: [0, 0, 1]}, {}, {5: 333_334, 6: 333_333, 7: 333_333}, 0),
    # s .2 is not above lo = .2
    "nothing above the floor": ([0.2, 0.96**0.5], {1: [1, 0]}, {}, {}, 1_000_000),
    # s -.6: unlike is not like
    "an opposite": ([-0.6, 0.8], {1: [1, 0]}, {}, {}, 1_000_000),
    # s .6 .8, only the best one may share: x .64
    "one place": ([0.6, 0.8], {1: [1, 0], 2: [0, 1]}, {"k": 1}, {2: 1_000_000}, 0),
}


@pytest.mark.parametrize(
    ("query", "vectors", "parameters", "share_ppm", "unattributed_ppm"), WORKED.values(), ids=WORKED
)
def test_worked_table(
    query: list[float],
    vectors: dict[int, list[float]],
    parameters: dict[str, float],
    share_ppm: dict[int, int],
    unattributed_ppm: int,
) -> None:
    shares = shared(query, candidates(vectors), 1, **parameters)
    assert share_of(shares) == share_ppm
    assert shares.unattributed_ppm == unattributed_ppm


def test_the_list_is_ranked_by_share_and_names_each_similarity() -> None:
    shares = shared([0.6, 0.8], candidates({1: [1, 0], 2: [0, 1]}))
    assert shares == Shares(asset_ids=(2, 1), similarities=(0.8, 0.6), share_ppm=(640_000, 360_000), unattributed_ppm=0)


def test_of_two_copies_the_first_ingested_is_paid_whatever_its_id() -> None:
    images = candidates({1: [1, 0], 2: [1, 0]}, ingested=[20, 10])
    assert share_of(shared([0.6, 0.8], images)) == {2: 1_000_000}


def test_copies_ingested_together_belong_to_the_smaller_id() -> None:
    images = candidates({2: [1, 0], 1: [1, 0]}, ingested=[10, 10])
    assert share_of(shared([0.6, 0.8], images)) == {1: 1_000_000}


# Pictures of two tiles, each in the plane: the first two numbers are the first tile.
TILED: dict[str, Worked] = {
    # tile 1 is asset 1's, all of it explained; tile 2 is like nothing: half of the picture
    "half a picture": ([1, 0, 0, 1], {1: [1, 0, -1, 0]}, {}, {1: 500_000}, 500_000),
    # the best of the asset's tiles counts, wherever it is
    "a part that moved": ([1, 0, 0, 1], {1: [-1, 0, 1, 0]}, {}, {1: 500_000}, 500_000),
    # tile 1: energies .36 .64; tile 2: all asset 2's
    "a shared tile": ([0.6, 0.8, 0, 1], {1: [1, 0, 1, 0], 2: [0, 1, 0, 1]}, {}, {1: 180_000, 2: 820_000}, 0),
    # asset 1 explains .18 of the picture, less than support = .2: what it explained is nobody's
    "too little support": (
        [0.6, 0.8, 0, 1],
        {1: [1, 0, 1, 0], 2: [0, 1, 0, 1]},
        {"support": 0.2},
        {2: 820_000},
        180_000,
    ),
    # .5 of the picture is explained, of whole = .8: .5 / .8
    "more than half of the whole": ([1, 0, 0, 1], {1: [1, 0, -1, 0]}, {"whole": 0.8}, {1: 625_000}, 375_000),
    # .5 of the picture is explained, more than whole = .4
    "enough for all": ([1, 0, 0, 1], {1: [1, 0, -1, 0]}, {"whole": 0.4}, {1: 1_000_000}, 0),
}


@pytest.mark.parametrize(("query", "vectors", "parameters", "share_ppm", "unattributed_ppm"), TILED.values(), ids=TILED)
def test_worked_table_of_tiles(
    query: list[float],
    vectors: dict[int, list[float]],
    parameters: dict[str, float],
    share_ppm: dict[int, int],
    unattributed_ppm: int,
) -> None:
    shares = shared(query, candidates(vectors), 2, **parameters)
    assert share_of(shares) == share_ppm
    assert shares.unattributed_ppm == unattributed_ppm


def test_tiles_in_whole_numbers_share_as_their_directions_do() -> None:
    images = nearest(np.array([0.6, 0.8]), candidates({1: [1, 0], 2: [0, 1]}), 60)
    tiles, image_tiles = np.array([[60, 80]], np.int8), np.array([[[0, 127]], [[100, 0]]], np.int8)
    shares = energy_shares(tiles, images, image_tiles, PLAIN)
    assert share_of(shares) == {1: 360_000, 2: 640_000}


def test_no_candidate_leaves_everything_unattributed() -> None:
    none = Candidates(np.array([], np.int64), np.empty((0, 2)), np.array([], np.int64))
    assert shared([0.6, 0.8], none) == Shares((), (), (), 1_000_000)


def test_half_precision_storage_changes_the_length_of_a_vector_but_not_the_sum() -> None:
    random = np.random.default_rng(5)
    vectors: NDArray[np.float64] = random.normal(size=(8, 32)) + 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    images = Candidates(np.arange(8), vectors.astype(np.float16), np.arange(8))
    shares = energy(vectors.mean(axis=0).astype(np.float16), images)
    assert sum(shares.share_ppm) + shares.unattributed_ppm == 1_000_000


@pytest.mark.parametrize("vector", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_vector_that_is_no_direction_is_refused(vector: list[float]) -> None:
    with pytest.raises(ValueError, match="zero or not finite"):
        shared([0.6, 0.8], candidates({1: vector}))
    with pytest.raises(ValueError, match="zero or not finite"):
        shared(vector, candidates({1: [1, 0]}))


def test_query_and_candidates_of_different_width_are_refused() -> None:
    with pytest.raises(ValueError, match="3 dimensions"):
        shared([1, 0, 0], candidates({1: [1, 0]}))


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="2 asset ids need 2 vectors"):
        Candidates(np.array([1, 2]), np.eye(3), np.array([1, 2]))
    with pytest.raises(ValueError, match="comes twice"):
        Candidates(np.array([1, 1]), np.eye(2), np.array([1, 2]))
    images = Nearest(np.array([1, 2]), np.array([0.9, 0.8]))
    with pytest.raises(ValueError, match="Tiles"):
        energy_shares(np.eye(2), images, np.ones((3, 1, 2)), EnergyParameters())
    with pytest.raises(ValueError, match="Tiles"):
        energy_shares(np.eye(2), images, np.ones((2, 1, 3)), EnergyParameters())


@pytest.mark.parametrize("parameters", [{"k": 0}, {"lo": -0.1}, {"lo": 1}, {"r0": 0}, {"support": 1}, {"whole": 0}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        EnergyParameters(**parameters)  # type: ignore[arg-type]
