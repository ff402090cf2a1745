"""The answer that was recorded last counts from its effect on, whatever was announced before."""

from datetime import UTC, datetime, timedelta

import pytest

from marketplace.core.consents import Answer, standing

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def answers(*given: tuple[bool, int]) -> list[Answer]:
    """In the order in which they were recorded: yes or no, and so many days after Monday."""
    return [Answer(granted, MONDAY + days * DAY, MONDAY) for granted, days in given]


@pytest.mark.parametrize(
    ("given", "day", "now", "announced"),
    [
        ([], 0, None, []),
        ([(True, 0)], -1, None, [(True, 0)]),
        ([(True, 0)], 0, True, []),
        ([(True, 0), (False, 3)], 2, True, [(False, 3)]),
        ([(True, 0), (False, 3)], 3, False, []),
        ([(True, 0), (False, 3), (True, 1)], 2, True, []),
        ([(True, 0), (False, 3), (True, 1)], 9, True, []),
        ([(True, 0), (False, 3), (True, 5)], 4, False, [(True, 5)]),
        ([(True, 0), (False, 0)], 0, False, []),
        ([(True, 0), (False, 3), (True, 5), (False, 4)], 1, True, [(False, 3), (False, 4)]),
    ],
)
def test_where_an_image_stands(
    given: list[tuple[bool, int]], day: int, now: bool | None, announced: list[tuple[bool, int]]
) -> None:
    found = standing(answers(*given), MONDAY + day * DAY)
    assert (found.now.granted if found.now else None) == now
    assert list(found.announced) == answers(*announced)
