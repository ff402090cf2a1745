"""The day on which a month's payouts are due."""

from datetime import date

from marketplace.core.periods import Month

LAST_DAY = 28  # every month has it


def due_on(month: Month, payout_day: int) -> date:
    """The day, UTC, on which what was earned in a month is due: that day of the month after."""
    return date(month.next.year, month.next.month, payout_day)
