import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payouts.core.pool import break_down, pool_of, split_pool, weights_hash

MEMBERS = {10: {1: 2, 2: 1}, 20: {3: 1}}


def test_worked_month() -> None:
    # Two sales of 10.00 at 30 %: net 20.00, pool 6.00. Shares of the first sale (set 10): 700,000 ppm to contributor 1,
    # 300,000 unattributed; of the second (set 20): 500,000 to 1, 400,000 to 3, 100,000 unattributed. Gross 1000 minor.
    pool_micro = pool_of(2000, 300_000, "USD")
    assert pool_micro == 6_000_000
    split = split_pool(
        pool_micro, {1: 1000 * 1_200_000, 3: 1000 * 400_000}, {10: 1000 * 300_000, 20: 1000 * 100_000}, MEMBERS
    )
    assert split.attributed == {1: 3_600_000, 3: 1_200_000}
    assert split.common_fund_micro == 1_200_000
    # .90 of the fund came from set 10, where contributor 1 has two of three assets; .30 from set 20, all of 3
    assert split.common_fund == {1: 600_000, 2: 300_000, 3: 300_000}


def test_the_odd_micro_unit_goes_to_a_contributor_before_the_common_fund() -> None:
    split = split_pool(3, {1: 1}, {20: 1}, MEMBERS)
    assert (split.attributed, split.common_fund) == ({1: 2}, {3: 1})


def test_a_month_without_downloads_has_an_empty_pool() -> None:
    split = split_pool(0, {}, {}, {})
    assert (split.attributed, split.common_fund, split.common_fund_micro) == ({}, {}, 0)


def test_who_earns_nothing_is_not_listed() -> None:
    split = split_pool(10, {1: 1, 2: 0}, {10: 0}, MEMBERS)
    assert (split.attributed, split.common_fund) == ({1: 10}, {})


ids = st.integers(1, 30)
weights = st.integers(0, 10**12)
members = st.dictionaries(ids, st.integers(1, 50), min_size=1, max_size=8)


@settings(deadline=None)
@given(
    st.integers(0, 10**13),
    st.dictionaries(ids, weights, max_size=20),
    st.lists(st.tuples(weights, members), max_size=5),
)
def test_not_one_micro_unit_is_lost_or_made(
    pool_micro: int, attributed: dict[int, int], sets: list[tuple[int, dict[int, int]]]
) -> None:
    unattributed = {number: weight for number, (weight, _) in enumerate(sets)}
    if not sum(attributed.values()) + sum(unattributed.values()):
        pool_micro = 0
    split = split_pool(
        pool_micro, attributed, unattributed, {number: assets for number, (_, assets) in enumerate(sets)}
    )
    assert sum(split.common_fund.values()) == split.common_fund_micro
    assert sum(split.attributed.values()) + split.common_fund_micro == pool_micro
    assert all(part > 0 for part in (*split.attributed.values(), *split.common_fund.values()))


def test_a_pool_that_nobody_has_a_claim_on_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody has a weight"):
        split_pool(100, {1: 0}, {10: 0}, MEMBERS)


def test_a_negative_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative: -1"):
        split_pool(-1, {1: 1}, {}, {})


@pytest.mark.parametrize("members", [{}, {10: {}}, {10: {1: 0}}])
def test_a_common_fund_without_anyone_to_share_it_is_refused(members: dict[int, dict[int, int]]) -> None:
    with pytest.raises(ValueError, match=r"Training set 10 .* no members"):
        split_pool(100, {1: 1}, {10: 1}, members)


@pytest.mark.parametrize(
    ("net_minor", "rate_ppm", "currency", "pool_micro"),
    [
        (1999, 300_000, "USD", 5_997_000),
        (1, 333_333, "USD", 3_333),
        (100, 300_000, "JPY", 30_000_000),
        (0, 1, "USD", 0),
    ],
)
def test_the_pool_is_rounded_down_in_favour_of_the_platform(
    net_minor: int, rate_ppm: int, currency: str, pool_micro: int
) -> None:
    assert pool_of(net_minor, rate_ppm, currency) == pool_micro


@pytest.mark.parametrize(
    ("net_minor", "rate_ppm", "message"),
    [(-1, 300_000, "no pool"), (100, -1, "contributor rate"), (100, 1_000_001, "contributor rate")],
)
def test_a_pool_out_of_range_is_refused(net_minor: int, rate_ppm: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pool_of(net_minor, rate_ppm, "USD")


def test_the_lines_shown_to_a_contributor_add_up_to_what_was_earned() -> None:
    lines = break_down(1_000_000, {(7, 1): 1, (7, 2): 1, (8, 1): 1})
    assert lines == {(7, 1): 333_334, (7, 2): 333_333, (8, 1): 333_333}


def test_the_hash_names_the_weights_and_not_their_order() -> None:
    first = weights_hash({1: 5, 2: 6}, {10: 7}, {10: {1: 2, 2: 1}})
    assert first == weights_hash({2: 6, 1: 5}, {10: 7}, {10: {2: 1, 1: 2}})
    # printf 'attributed 1 5\nattributed 2 6\nunattributed 10 7\nmember 10 1 2\nmember 10 2 1\n' | sha256sum
    assert first == "ae4f7d0e74cdf75c43c9c3a6510f918d638a3acd1017692740a44e6dd6865ae2"


@pytest.mark.parametrize(
    "other",
    [
        ({1: 6, 2: 6}, {10: 7}, {10: {1: 2, 2: 1}}),
        ({1: 5, 2: 6}, {11: 7}, {10: {1: 2, 2: 1}}),
        ({1: 5, 2: 6}, {10: 7}, {10: {1: 2, 2: 2}}),
        ({1: 5}, {10: 7, 2: 6}, {10: {1: 2, 2: 1}}),
    ],
)
def test_any_other_weights_have_another_hash(
    other: tuple[dict[int, int], dict[int, int], dict[int, dict[int, int]]],
) -> None:
    assert weights_hash(*other) != weights_hash({1: 5, 2: 6}, {10: 7}, {10: {1: 2, 2: 1}})
