"""What is read is shown with a range that holds the truth, however often the reader errs, as far as that is known."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.core.readings import Reading, ReadingError, error_of, readings_of

NEVER_WRONG = ReadingError(labelled=10**6, wrong=0, most_ppm=0)


def test_the_error_is_counted_on_those_of_which_it_is_said_what_they_are() -> None:
    error = error_of([0, 1, 1, 0, 2], [0, 1, 0, None, None])
    assert (error.labelled, error.wrong) == (3, 1)
    assert 333_333 < error.most_ppm < 1_000_000


def test_where_nothing_is_labelled_anything_may_be_true() -> None:
    error = error_of([0, 1], [None, None])
    assert error == ReadingError(0, 0, 1_000_000)
    assert [(each.low_ppm, each.high_ppm) for each in readings_of([0, 0, 0], 2, error)] == [(0, 1_000_000)] * 2


def test_a_reader_that_never_errs_leaves_chance_alone() -> None:
    assert readings_of([0, 0, 0, 1], 2, NEVER_WRONG) == [
        Reading(3, 4, 750_000, 300_642, 954_413),
        Reading(1, 4, 250_000, 45_587, 699_358),
    ]


def test_the_range_is_wider_by_the_error_on_both_sides_and_stays_within_all() -> None:
    half = readings_of([0] * 50 + [1] * 50, 2, ReadingError(100, 5, 100_000))[0]
    alone = readings_of([0] * 50 + [1] * 50, 2, NEVER_WRONG)[0]
    assert (alone.low_ppm - half.low_ppm, half.high_ppm - alone.high_ppm) == (100_000, 100_000)
    assert readings_of([0], 1, ReadingError(4, 3, 950_000))[0].high_ppm == 1_000_000


def test_of_no_pictures_nothing_is_known() -> None:
    assert readings_of([], 1, NEVER_WRONG) == [Reading(0, 0, 0, 0, 1_000_000)]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.integers(0, 1_000_000))
def test_every_picture_counts_once_and_each_part_lies_in_its_range(read: list[int], most_ppm: int) -> None:
    readings = readings_of(read, 4, ReadingError(1, 0, most_ppm))
    assert sum(each.count for each in readings) == len(read)
    for each in readings:
        assert 0 <= each.low_ppm <= each.part_ppm <= each.high_ppm <= 1_000_000


@pytest.mark.parametrize("truth", [0.02, 0.3, 0.5])
@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.4])
def test_the_true_part_lies_in_the_range_at_least_nine_times_in_ten(truth: float, wrong: float) -> None:
    """A reader that always errs towards the first answer, which is the worst for it."""
    dice = Random(7)

    def read(true: int) -> int:
        return 0 if dice.random() < wrong else true

    held = 0
    for _ in range(200):
        labelled = [int(dice.random() >= truth) for _ in range(60)]
        error = error_of([read(true) for true in labelled], [*labelled])
        pictures = [read(int(dice.random() >= truth)) for _ in range(40)]
        reading = readings_of(pictures, 2, error)[0]
        held += reading.low_ppm <= truth * 1_000_000 <= reading.high_ppm
    assert held >= 180
