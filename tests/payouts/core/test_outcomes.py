"""When a key may be sent again, when the transfer is looked up, and when the next key may follow."""

from datetime import UTC, datetime, timedelta

import pytest

from payouts.core.outcomes import Step, next_step

AT = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "unknown_for", "expected"),
    [
        (0 * HOUR, None, Step.SEND),
        (23 * HOUR, None, Step.SEND),
        (23 * HOUR + SECOND, None, Step.LOOK_THEN_WAIT),
        (900 * HOUR, None, Step.LOOK_THEN_WAIT),
        (1 * HOUR, 0 * HOUR, Step.WAIT),
        (1 * HOUR, HOUR / 2 - SECOND, Step.WAIT),
        (1 * HOUR, HOUR / 2, Step.LOOK_THEN_RENEW),
        (25 * HOUR, HOUR / 4, Step.WAIT),
        (25 * HOUR, 1 * HOUR, Step.LOOK_THEN_RENEW),
    ],
)
def test_a_key_is_sent_again_for_23_hours_and_the_next_one_half_an_hour_after_nothing_was_listed(
    age: timedelta, unknown_for: timedelta | None, expected: Step
) -> None:
    assert next_step(AT - age, None if unknown_for is None else AT - unknown_for, AT) is expected
