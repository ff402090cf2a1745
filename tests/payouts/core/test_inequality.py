"""Gini and the top's part are what their definitions say, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.ppm import WHOLE_PPM
from payouts.core.inequality import gini_ppm, parts_ppm, top_ppm

AMOUNTS = st.lists(st.integers(0, 10**15), max_size=40)


@given(AMOUNTS.filter(any))
def test_gini_is_half_the_mean_difference_of_all_pairs_over_the_mean(amounts: list[int]) -> None:
    differences = sum(abs(a - b) for a in amounts for b in amounts)
    gini = Fraction(differences, 2 * len(amounts) * sum(amounts))
    assert gini_ppm(amounts) == int(gini * WHOLE_PPM)


@given(AMOUNTS, st.integers(1, 1_000), st.randoms())
def test_gini_knows_neither_order_nor_unit(amounts: list[int], unit: int, dice: object) -> None:
    shuffled = [amount * unit for amount in amounts]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert gini_ppm(shuffled) == gini_ppm(amounts)


@given(st.integers(1, 200), st.integers(1, 10**12))
def test_gini_of_equals_is_nothing_and_of_one_who_has_all_nearly_one(count: int, amount: int) -> None:
    assert gini_ppm([amount] * count) == 0
    assert gini_ppm([0] * (count - 1) + [amount]) == (count - 1) * WHOLE_PPM // count


@given(AMOUNTS.filter(lambda amounts: len(amounts) > 1), st.data())
def test_a_gift_from_a_richer_to_a_poorer_never_raises_gini(amounts: list[int], data: st.DataObject) -> None:
    ordered = sorted(amounts)
    poorer, richer = sorted(data.draw(st.lists(st.integers(0, len(ordered) - 1), min_size=2, max_size=2, unique=True)))
    gift = data.draw(st.integers(0, (ordered[richer] - ordered[poorer]) // 2))
    given_away = [*ordered]
    given_away[richer] -= gift
    given_away[poorer] += gift
    assert gini_ppm(given_away) <= gini_ppm(ordered)


def test_nobody_has_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        gini_ppm([1, -1])


@pytest.mark.parametrize(
    ("amounts", "part"),
    [([], 0), ([0, 0], 0), ([3], 1_000_000), ([1] * 100, 10_000), ([1] * 101, 19_801), ([0] * 99 + [7], 1_000_000)],
)
def test_the_top_one_percent_are_at_least_one_and_rounded_up(amounts: list[int], part: int) -> None:
    assert top_ppm(amounts) == part


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 10**15), max_size=20))
def test_parts_add_up_to_the_whole_but_for_rounding(amounts: dict[str, int]) -> None:
    parts = parts_ppm(amounts)
    assert abs(sum(parts.values()) - (WHOLE_PPM if any(amounts.values()) else 0)) <= len(parts)
