from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.apportion import apportion

totals = st.integers(0, 10**13)
weightings = st.dictionaries(st.integers(1, 10**6), st.integers(0, 10**12), min_size=1, max_size=30).filter(
    lambda weights: sum(weights.values()) > 0
)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (1000, {1: 1, 2: 1, 3: 1}, {1: 334, 2: 333, 3: 333}),
        (100, {1: 1, 2: 2, 3: 3}, {1: 17, 2: 33, 3: 50}),
        (1, {7: 5, 3: 5}, {3: 1, 7: 0}),
        (0, {1: 0, 2: 0}, {1: 0, 2: 0}),
        (0, {}, {}),
        (5, {1: 0, 2: 9}, {1: 0, 2: 5}),
    ],
)
def test_worked_table(total: int, weights: dict[int, int], parts: dict[int, int]) -> None:
    assert apportion(total, weights) == parts


def test_ten_dollars_over_3336_3336_3328_is_334_333_333_cents() -> None:
    # Quotas 333.6, 333.6, 332.8: floors 333 + 333 + 332 leave 2 cents; remainders .6 .6 .8 give them to ids 3 and 1.
    assert apportion(1000, {1: 3336, 2: 3336, 3: 3328}) == {1: 334, 2: 333, 3: 333}


def test_parts_come_in_ascending_order_of_id() -> None:
    assert list(apportion(10, {9: 1, 2: 1, 5: 1})) == [2, 5, 9]


@settings(deadline=None)
@given(totals, weightings)
def test_not_one_unit_is_lost_or_made(total: int, weights: dict[int, int]) -> None:
    parts = apportion(total, weights)
    assert sum(parts.values()) == total
    assert parts.keys() == weights.keys()


@settings(deadline=None)
@given(totals, weightings)
def test_each_part_is_less_than_one_unit_from_its_exact_quota(total: int, weights: dict[int, int]) -> None:
    weight_sum = sum(weights.values())
    for key, part in apportion(total, weights).items():
        assert abs(part - Fraction(total * weights[key], weight_sum)) < 1


@settings(deadline=None)
@given(totals, weightings, st.randoms(use_true_random=False))
def test_the_order_in_which_weights_are_given_changes_nothing(
    total: int, weights: dict[int, int], random: Random
) -> None:
    shuffled = list(weights.items())
    random.shuffle(shuffled)
    assert list(apportion(total, dict(shuffled)).items()) == list(apportion(total, weights).items())


@settings(deadline=None)
@given(totals, weightings)
def test_who_has_no_weight_gets_nothing(total: int, weights: dict[int, int]) -> None:
    parts = apportion(total, weights)
    assert all(parts[key] == 0 for key, weight in weights.items() if weight == 0)


@settings(deadline=None)
@given(totals, weightings)
def test_a_larger_weight_never_gets_less(total: int, weights: dict[int, int]) -> None:
    parts = apportion(total, weights)
    by_weight = sorted(weights, key=lambda key: (weights[key], -key))
    assert all(parts[low] <= parts[high] for low, high in pairwise(by_weight))


@settings(deadline=None)
@given(totals, weightings, st.integers(1, 10**12), st.data())
def test_gaining_weight_never_lowers_one_s_part(
    total: int, weights: dict[int, int], gain: int, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(sorted(weights)))
    assert apportion(total, {**weights, key: weights[key] + gain})[key] >= apportion(total, weights)[key]


@settings(deadline=None)
@given(totals, weightings)
def test_a_refund_takes_back_exactly_what_was_given(total: int, weights: dict[int, int]) -> None:
    given_out, taken_back = apportion(total, weights), apportion(-total, weights)
    assert all(given_out[key] + taken_back[key] == 0 for key in weights)


def test_a_negative_weight_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="4 has -1"):
        apportion(10, {3: 5, 4: -1})


@pytest.mark.parametrize("weights", [{}, {1: 0, 2: 0}])
def test_money_that_nobody_has_a_weight_in_cannot_be_split(weights: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="nobody has a weight"):
        apportion(10, weights)


def test_a_hundred_thousand_shares_split_exactly() -> None:
    weights = {key: (key * 7919) % 10_007 for key in range(1, 100_001)}
    assert sum(apportion(987_654_321_123, weights).values()) == 987_654_321_123
