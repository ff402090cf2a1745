"""What to do next with an attempt whose outcome is not known, so that nobody is ever paid twice.

Stripe executes an idempotency key once and answers it the same way again, also with a 5xx, but may forget it after 24
hours and would then execute it again: https://docs.stripe.com/api/idempotent_requests.
"""

from datetime import datetime, timedelta
from enum import StrEnum

OLDEST_RESEND = timedelta(hours=23)
SETTLING_TIME = timedelta(minutes=30)
"""After which a transfer that Stripe does not list will not appear any more."""


class Step(StrEnum):
    """The next step with a live attempt."""

    SEND = "send"  # the same key
    LOOK_THEN_WAIT = "look_then_wait"  # in Stripe's list; where it is absent, it stays unknown for a while
    WAIT = "wait"
    LOOK_THEN_RENEW = "look_then_renew"  # in Stripe's list; where it is still absent, the next attempt follows


def next_step(first_sent_at: datetime, unknown_since_at: datetime | None, at: datetime) -> Step:
    """Decide at a time `at`: `unknown_since_at` is when Stripe first listed no transfer of a key that is used up."""
    if unknown_since_at is not None:
        return Step.LOOK_THEN_RENEW if at - unknown_since_at >= SETTLING_TIME else Step.WAIT
    return Step.SEND if at - first_sent_at <= OLDEST_RESEND else Step.LOOK_THEN_WAIT
