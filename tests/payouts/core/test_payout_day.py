"""A month's payouts are due in the month after."""

from datetime import date

import pytest

from marketplace.core.periods import Month
from payouts.core.payout_day import due_on


@pytest.mark.parametrize(
    ("month", "payout_day", "due"),
    [
        (Month(2026, 11), 15, date(2026, 12, 15)),
        (Month(2026, 12), 1, date(2027, 1, 1)),
        (Month(2027, 1), 28, date(2027, 2, 28)),
    ],
)
def test_payouts_are_due_on_that_day_of_the_month_after(month: Month, payout_day: int, due: date) -> None:
    assert due_on(month, payout_day) == due
