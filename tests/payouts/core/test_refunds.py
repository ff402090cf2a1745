import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.ppm import WHOLE_PPM
from payouts.core.pool import split_pool
from payouts.core.refunds import fee_of, given_back


def test_the_refund_of_the_readme() -> None:
    # 11.652000 were shared by downloads of 30.00, and one of 10.00 goes back
    given = given_back(11_652_000, 3_000, 0, 1_000, {"ana": 600_000, "ben": 150_000, "fund": 250_000})
    assert given == {"ana": 2_330_400, "ben": 582_600, "fund": 971_000}


def test_who_had_no_part_gives_nothing_back() -> None:
    assert given_back(10, 1_000, 0, 1, {"ana": 1, "ben": 0}) == {}


shares = st.lists(st.integers(0, 300_000), max_size=3)


@given(
    pool_micro=st.integers(0, 10**12),
    sold=st.lists(st.tuples(st.integers(1, 10**7), shares), min_size=1, max_size=8),
)
def test_nobody_gives_back_more_than_they_earned_even_if_all_is_refunded(
    pool_micro: int, sold: list[tuple[int, list[int]]]
) -> None:
    gross_minor = sum(minor for minor, _ in sold)
    weights, given_micro = dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 0)
    for minor, shares_ppm in sold:
        with_fund = dict(enumerate([*shares_ppm, *[0] * (3 - len(shares_ppm)), WHOLE_PPM - sum(shares_ppm)]))
        for who, share_ppm in with_fund.items():
            weights[who] += minor * share_ppm
        for who, micro in given_back(pool_micro, gross_minor, 0, minor, with_fund).items():
            given_micro[who] += micro
    fund = weights.pop(3)
    split = split_pool(pool_micro, weights, {1: fund}, {1: {9: 1}})
    earned_micro = {**split.attributed, 3: split.common_fund_micro}
    for who, micro in given_micro.items():
        assert 0 <= earned_micro.get(who, 0) - micro <= len(sold)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 1_000), min_size=1, max_size=6), st.integers(0, WHOLE_PPM))
def test_a_refund_in_pieces_takes_what_one_refund_takes(pool_micro: int, pieces: list[int], share_ppm: int) -> None:
    gross_minor, gone, taken, fees = 10_000, 0, 0, 0
    for piece in pieces:
        taken += given_back(pool_micro, gross_minor, gone, piece, {"ana": share_ppm}).get("ana", 0)
        fees += fee_of(piece, gone, sum(pieces), 37)
        gone += piece
    assert taken == given_back(pool_micro, gross_minor, 0, gone, {"ana": share_ppm}).get("ana", 0)
    assert fees == 37


@pytest.mark.parametrize(("before", "refunded"), [(0, 0), (0, -1), (-1, 1), (1, 1_000), (0, 1_001)])
def test_a_refund_of_nothing_or_of_more_than_was_shared_is_refused(before: int, refunded: int) -> None:
    with pytest.raises(ValueError, match="Cannot refund"):
        given_back(100, 1_000, before, refunded, {"ana": WHOLE_PPM})
