"""The methods that the benchmark compares with: worked tables, and the axioms that they break."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from attribution.core.baselines import (
    CalibratedParameters,
    SoftmaxParameters,
    TopParameters,
    calibrated_shares,
    pro_rata_shares,
    softmax_shares,
    top_shares,
)
from attribution.core.shares import Candidates, Shares
from tests.attribution.core.controls import Method, share_of
from tests.attribution.core.test_axioms import (
    PLAIN_SCENE,
    require_that_copies_change_nothing,
    require_that_split_accounts_gain_nothing,
)
from tests.attribution.core.test_shares import candidates

LN_2 = 0.6931471805599453
QUERY = np.array([1.0, 0.0])
FOUR = candidates({1: [1.0, 0.0], 2: [0.6, 0.8], 3: [0.0, 1.0], 4: [-0.6, 0.8]})  # similarities 1, .6, 0, -.6


def method(shares: Callable[..., Shares], *parameters: object) -> Method:
    """Return the method with its parameters, taking a query and candidates."""

    def ready(query: NDArray[np.floating], images: Candidates) -> Shares:
        return shares(query, images, *parameters)

    return ready


SOFTMAX = method(softmax_shares, SoftmaxParameters(0.1))
CALIBRATED = method(calibrated_shares, CalibratedParameters(tau=10, b=-0.1))
TOP = method(top_shares, TopParameters(5))
PRO_RATA = method(pro_rata_shares)
ALL = {"softmax": SOFTMAX, "calibrated": CALIBRATED, "top": TOP, "pro rata": PRO_RATA}

# Each line can be followed by hand; similarities are 1, .6, 0 and -.6.
WORKED: dict[str, tuple[Method, dict[int, int]]] = {
    # temperature .4 / ln 2 halves a weight for each .4: 1, 1/2, 2^-2.5, 2^-4; their sum is 1.739276695...
    "softmax": (
        method(softmax_shares, SoftmaxParameters(0.4 / LN_2)),
        {1: 574_952, 2: 287_476, 3: 101_638, 4: 35_934},
    ),
    # tau 10 ln 2 / 4: weights 1, 1/2, 2^-2.5 = .176777, 2^-4 = .0625; less .2: .8, .3, 0, 0
    "calibrated": (
        method(calibrated_shares, CalibratedParameters(tau=LN_2 / 0.4, b=-0.2)),
        {1: 727_273, 2: 272_727},
    ),
    # 1 : .6 of 1.6
    "the two nearest": (method(top_shares, TopParameters(2)), {1: 625_000, 2: 375_000}),
    # the third has similarity 0 and the fourth is below it: the same
    "the four nearest": (method(top_shares, TopParameters(4)), {1: 625_000, 2: 375_000}),
    "pro rata": (PRO_RATA, {1: 250_000, 2: 250_000, 3: 250_000, 4: 250_000}),
}


@pytest.mark.parametrize(("shares_of", "share_ppm"), WORKED.values(), ids=WORKED)
def test_worked_table(shares_of: Method, share_ppm: dict[int, int]) -> None:
    shares = shares_of(QUERY, FOUR)
    assert share_of(shares) == share_ppm
    assert shares.unattributed_ppm == 0


def test_the_list_is_ranked_by_share_and_names_each_similarity() -> None:
    shares = method(top_shares, TopParameters(2))(QUERY, candidates({5: [0.6, 0.8], 4: [1, 0]}))
    assert shares == Shares((4, 5), (1.0, 0.6), (625_000, 375_000), 0)


def test_of_images_equally_near_the_smaller_id_comes_first() -> None:
    images = candidates({9: [0.6, 0.8], 8: [0.6, -0.8]})
    assert share_of(method(top_shares, TopParameters(1))(QUERY, images)) == {8: 1_000_000}
    odd = candidates({7: [1, 0], 5: [1, 0], 6: [1, 0]})
    assert share_of(PRO_RATA(QUERY, odd)) == {5: 333_334, 6: 333_333, 7: 333_333}


def test_the_length_of_a_vector_changes_nothing() -> None:
    longer = Candidates(FOUR.asset_ids, FOUR.vectors * 3, FOUR.first_ingest)
    for shares_of in ALL.values():
        assert shares_of(QUERY * 7, longer) == shares_of(QUERY, FOUR)


@pytest.mark.parametrize("name", ["softmax", "calibrated", "pro rata"])
def test_they_pay_all_of_a_picture_that_resembles_nothing(name: str) -> None:
    unlike = candidates({1: [-1.0, 0.0], 2: [-1.0, 0.0]})
    assert share_of(ALL[name](QUERY, unlike)) == {1: 500_000, 2: 500_000}


def test_without_a_positive_similarity_the_nearest_images_get_nothing() -> None:
    assert TOP(QUERY, candidates({1: [-1.0, 0.0]})) == Shares((), (), (), 1_000_000)


@pytest.mark.parametrize("shares_of", ALL.values(), ids=ALL)
def test_no_candidate_leaves_everything_unattributed(shares_of: Method) -> None:
    none = Candidates(np.array([], np.int64), np.empty((0, 2)), np.array([], np.int64))
    assert shares_of(QUERY, none) == Shares((), (), (), 1_000_000)


@pytest.mark.parametrize("shares_of", ALL.values(), ids=ALL)
def test_each_of_them_pays_for_copies_and_for_split_accounts(shares_of: Method) -> None:
    with pytest.raises(AssertionError):
        require_that_copies_change_nothing(shares_of, PLAIN_SCENE, row=0, copies=15)
    with pytest.raises(AssertionError):
        require_that_split_accounts_gain_nothing(shares_of, PLAIN_SCENE, accounts=2)


@pytest.mark.parametrize("shares_of", ALL.values(), ids=ALL)
def test_a_vector_that_is_no_direction_is_refused(shares_of: Method) -> None:
    for vector in ([0.0, 0.0], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="zero or not finite"):
            shares_of(QUERY, candidates({1: vector}))


def test_parameters_out_of_range_are_refused() -> None:
    for temperature in (0.0, -1.0):
        with pytest.raises(ValueError, match="above 0"):
            SoftmaxParameters(temperature)
    for tau, b in ((0.0, -0.1), (1.0, -1.0)):
        with pytest.raises(ValueError, match="Out of range"):
            CalibratedParameters(tau, b)
    with pytest.raises(ValueError, match="At least one"):
        TopParameters(0)
