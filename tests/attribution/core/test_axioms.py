"""What contributors are promised of any method that they are paid by; softmax, the usual choice, breaks two of them."""

from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attribution.core.shares import Candidates, EnergyParameters, Shares
from tests.attribution.core.controls import Method, SoftmaxShares, energy, energy_of_whole_pictures, share_of

DIMENSIONS = 48
ALIKE = 0.95
axiom = settings(max_examples=60, deadline=None)


@dataclass(frozen=True)
class Scene:
    """A query and candidates whose similarities to it lie on both sides of the floor."""

    query: NDArray[np.float64]
    images: Candidates


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows at unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


@st.composite
def scenes(draw: st.DrawFn, most: int = 12) -> Scene:
    """Draw a scene of 2 to `most` images, linearly independent as real embeddings are."""
    seed, count = draw(st.integers(0, 2**32 - 1)), draw(st.integers(2, most))
    random = np.random.default_rng(seed)
    query = unit(random.normal(size=DIMENSIONS))
    towards = random.uniform(0, 1, size=(count, 1)) * draw(st.sampled_from([0.5, 1.0, 2.0]))
    vectors = unit(unit(random.normal(size=(count, DIMENSIONS))) + towards * query)
    ids = random.permutation(count) + 1
    return Scene(query, Candidates(ids.astype(np.int64), vectors, random.permutation(count).astype(np.int64)))


def take(images: Candidates, rows: NDArray[np.intp]) -> Candidates:
    """Return some of the candidates, in the given order."""
    return Candidates(images.asset_ids[rows], images.vectors[rows], images.first_ingest[rows])


def add(images: Candidates, vectors: NDArray[np.float64]) -> Candidates:
    """Return the candidates with images ingested later, under ids not used before."""
    new = np.arange(len(vectors), dtype=np.int64)
    return Candidates(
        np.concatenate([images.asset_ids, images.asset_ids.max() + 1 + new]),
        np.concatenate([images.vectors, vectors]),
        np.concatenate([images.first_ingest, images.first_ingest.max() + 1 + new]),
    )


@axiom
@given(scenes())
def test_shares_and_the_unattributed_remainder_are_the_whole_to_the_millionth(scene: Scene) -> None:
    shares = energy(scene.query, scene.images)
    assert sum(shares.share_ppm) + shares.unattributed_ppm == 1_000_000
    assert all(share > 0 for share in shares.share_ppm)
    assert shares.unattributed_ppm >= 0


def require_that_copies_change_nothing(method: Method, scene: Scene, row: int, copies: int) -> None:
    """Fail unless exact later copies of one image earn nothing and leave every share as it was."""
    copied = add(scene.images, np.repeat(scene.images.vectors[[row]], copies, axis=0))
    assert method(scene.query, copied) == method(scene.query, scene.images)


@axiom
@given(scenes(), st.integers(0, 11), st.integers(1, 15))
def test_exact_later_copies_earn_nothing_and_change_no_share(scene: Scene, row: int, copies: int) -> None:
    require_that_copies_change_nothing(energy, scene, row % len(scene.images.asset_ids), copies)


@axiom
@given(scenes(), st.integers(0, 11), st.integers(1, 15))
def test_copies_take_no_place_from_others_when_places_are_few(scene: Scene, row: int, copies: int) -> None:
    def two_places(query: NDArray[np.floating], images: Candidates) -> Shares:
        return energy(query, images, EnergyParameters(k=2))

    require_that_copies_change_nothing(two_places, scene, row % len(scene.images.asset_ids), copies)


def require_that_split_accounts_gain_nothing(method: Method, scene: Scene, accounts: int) -> None:
    """Fail if the owner of the last-ingested image earns more by uploading it again from other accounts."""
    row = int(scene.images.first_ingest.argmax())
    own = scene.images.asset_ids[row]
    before = share_of(method(scene.query, scene.images)).get(int(own), 0)
    split = add(scene.images, np.repeat(scene.images.vectors[[row]], accounts - 1, axis=0))
    after = share_of(method(scene.query, split))
    others = set(scene.images.asset_ids.tolist()) - {int(own)}
    assert sum(share for asset_id, share in after.items() if asset_id not in others) <= before


@axiom
@given(scenes(), st.integers(2, 10))
def test_many_accounts_with_one_image_earn_no_more_than_one_account(scene: Scene, accounts: int) -> None:
    require_that_split_accounts_gain_nothing(energy, scene, accounts)


TWO = np.array([1, 2], np.int64)
PLAIN_SCENE = Scene(np.array([0.6, 0.8]), Candidates(TWO, np.eye(2), TWO))


@pytest.mark.parametrize("temperature", [0.02, 0.1, 1.0])
def test_softmax_pays_for_copies_and_for_split_accounts(temperature: float) -> None:
    softmax = SoftmaxShares(temperature)
    with pytest.raises(AssertionError):
        require_that_copies_change_nothing(softmax, PLAIN_SCENE, row=0, copies=15)
    with pytest.raises(AssertionError):
        require_that_split_accounts_gain_nothing(softmax, PLAIN_SCENE, accounts=2)


def test_the_scene_that_softmax_fails_is_one_that_energy_shares_pass() -> None:
    require_that_copies_change_nothing(energy_of_whole_pictures, PLAIN_SCENE, row=0, copies=15)
    require_that_split_accounts_gain_nothing(energy_of_whole_pictures, PLAIN_SCENE, accounts=2)


@axiom
@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_in_which_candidates_are_found_changes_nothing(scene: Scene, random: Random) -> None:
    rows = list(range(len(scene.images.asset_ids)))
    random.shuffle(rows)
    assert energy(scene.query, take(scene.images, np.array(rows))) == energy(scene.query, scene.images)


@axiom
@given(scenes(), st.integers(1, 10**9))
def test_new_ids_for_the_same_images_move_only_the_odd_millionth_of_a_tie(scene: Scene, offset: int) -> None:
    images = scene.images
    renamed = replace(images, asset_ids=offset + images.asset_ids[::-1])
    names = dict(zip(renamed.asset_ids.tolist(), images.asset_ids.tolist(), strict=True))
    before = share_of(energy(scene.query, images))
    after = {names[asset_id]: share for asset_id, share in share_of(energy(scene.query, renamed)).items()}
    assert all(abs(before.get(i, 0) - after.get(i, 0)) <= 1 for i in images.asset_ids.tolist())


@axiom
@given(scenes(), st.integers(0, 11), st.floats(0.01, 2))
def test_an_image_more_like_the_picture_never_earns_less(scene: Scene, row: int, step: float) -> None:
    """Moving one tile straight towards the picture's never lowers its share (one millionth of rounding apart).

    It holds where candidates are linearly independent (fewer than the embedding has dimensions; then the least-squares
    solution is unique) and as long as the image does not come so close to an earlier one that it counts as its copy.
    """
    row %= len(scene.images.asset_ids)
    moved = scene.images.vectors.copy()
    moved[row] = unit(moved[row] + step * scene.query)
    others = np.delete(moved, row, axis=0)
    assume((others @ moved[row]).max() < ALIKE)
    own = int(scene.images.asset_ids[row])
    before = share_of(energy_of_whole_pictures(scene.query, scene.images)).get(own, 0)
    after = share_of(energy_of_whole_pictures(scene.query, replace(scene.images, vectors=moved))).get(own, 0)
    assert after >= before - 1


@axiom
@given(scenes(), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_images_at_or_below_the_floor_are_irrelevant(scene: Scene, count: int, seed: int) -> None:
    random = np.random.default_rng([seed, 1])  # two words: never the seed of a scene
    across = random.normal(size=(count, DIMENSIONS))
    across = unit(across - (across @ scene.query)[:, None] * scene.query)
    similarity = random.uniform(-1, EnergyParameters().lo, size=(count, 1))
    below = similarity * scene.query + np.sqrt(1 - similarity**2) * across
    before = energy_of_whole_pictures(scene.query, scene.images)
    assert energy_of_whole_pictures(scene.query, add(scene.images, below)) == before


@axiom
@given(scenes())
def test_the_same_inputs_always_give_the_same_shares(scene: Scene) -> None:
    again = take(scene.images, np.arange(len(scene.images.asset_ids)))
    assert energy(scene.query.copy(), again) == energy(scene.query, scene.images)


@axiom
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 6))
def test_candidates_that_depend_on_one_another_still_sum_to_the_whole(seed: int, count: int, dimensions: int) -> None:
    random = np.random.default_rng(seed)
    vectors = unit(random.integers(1, 4, size=(count, dimensions)).astype(np.float64))
    images = Candidates(np.arange(count), vectors, np.arange(count))
    shares = energy_of_whole_pictures(vectors[0], images)
    assert sum(shares.share_ppm) + shares.unattributed_ppm == 1_000_000
