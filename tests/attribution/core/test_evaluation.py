import pytest

from attribution.core.evaluation import recall_at, total_variation


@pytest.mark.parametrize(
    ("estimated_ppm", "true_ppm", "wrong"),
    [
        ({1: 600_000, 2: 400_000}, {1: 600_000, 2: 400_000}, 0.0),
        ({1: 600_000, 2: 400_000}, {1: 500_000, 2: 500_000}, 0.1),
        ({1: 1_000_000}, {2: 1_000_000}, 1.0),
        ({}, {2: 1_000_000}, 1.0),
        ({1: 1_000_000}, {}, 1.0),
        ({1: 500_000}, {1: 750_000}, 0.25),
        ({}, {}, 0.0),
    ],
)
def test_the_money_sent_to_the_wrong_place_counts_the_unattributed_remainder(
    estimated_ppm: dict[int, int], true_ppm: dict[int, int], wrong: float
) -> None:
    assert total_variation(estimated_ppm, true_ppm) == wrong
    assert total_variation(true_ppm, estimated_ppm) == wrong


@pytest.mark.parametrize("shares_ppm", [{1: 1_000_001}, {1: -1}])
def test_shares_beyond_the_whole_are_refused(shares_ppm: dict[int, int]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1000000"):
        total_variation(shares_ppm, {})


def test_recall_is_the_part_of_the_sources_among_the_first_k() -> None:
    assert recall_at(2, [5, 7, 9], {7, 9}) == 0.5
    assert recall_at(3, [5, 7, 9], {7, 9}) == 1.0
    assert recall_at(10, [], {7}) == 0.0


def test_recall_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one true source"):
        recall_at(1, [1], set())
