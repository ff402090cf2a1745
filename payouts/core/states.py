"""The states of an order, a payout run, a payout and an attempt, and the moves between them that are allowed."""

from collections.abc import Mapping
from enum import StrEnum


class OrderState(StrEnum):
    """A customer's order: open until Stripe says that it was paid or has expired.

    What was paid becomes a licence or, where the generation is not for sale any more, is refused and goes back.
    """

    OPEN = "open"
    PAID = "paid"
    LICENSED = "licensed"
    EXPIRED = "expired"
    REFUSED = "refused"


class RunState(StrEnum):
    """A payout run: drafted by one person, approved by another, sent, and settled when every payout has ended.

    A draft that is wrong is cancelled. A run that must not go on by itself is paused until a person resumes it.
    """

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    PAUSED = "paused"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class PayoutState(StrEnum):
    """One contributor in one run. Excluded ones carry the reason; reserved ones have left the payable balance.

    A reversed one was sent, and all of it came back.
    """

    DRAFTED = "drafted"
    EXCLUDED = "excluded"
    RESERVED = "reserved"
    SENT = "sent"
    REVERSED = "reversed"
    REJECTED = "rejected"


class AttemptOutcome(StrEnum):
    """What is known of one attempt at a transfer.

    While it is pending, Stripe may or may not have executed it, and its key may be sent again. Unknown: it may have
    been executed and its key is of no more use. Rejected: it was not executed, and another attempt may follow.
    """

    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"


UNSETTLED_ORDERS = (OrderState.OPEN, OrderState.PAID)
ORDER_TRANSITIONS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.OPEN: frozenset({OrderState.PAID, OrderState.EXPIRED}),
    OrderState.PAID: frozenset({OrderState.LICENSED, OrderState.REFUSED}),
    OrderState.LICENSED: frozenset(),
    OrderState.EXPIRED: frozenset(),
    OrderState.REFUSED: frozenset(),
}
ENDED_RUNS = (RunState.SETTLED, RunState.CANCELLED)
RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.DRAFT: frozenset({RunState.APPROVED, RunState.CANCELLED}),
    RunState.APPROVED: frozenset({RunState.SENDING}),
    RunState.SENDING: frozenset({RunState.PAUSED, RunState.SETTLED}),
    RunState.PAUSED: frozenset({RunState.SENDING}),
    RunState.SETTLED: frozenset(),
    RunState.CANCELLED: frozenset(),
}
PAYOUT_TRANSITIONS: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.DRAFTED: frozenset({PayoutState.RESERVED, PayoutState.REJECTED}),
    PayoutState.EXCLUDED: frozenset(),
    PayoutState.RESERVED: frozenset({PayoutState.SENT, PayoutState.REJECTED}),
    PayoutState.SENT: frozenset({PayoutState.REVERSED}),
    PayoutState.REVERSED: frozenset(),
    PayoutState.REJECTED: frozenset(),
}
ATTEMPT_TRANSITIONS: Mapping[AttemptOutcome, frozenset[AttemptOutcome]] = {
    AttemptOutcome.PENDING: frozenset({AttemptOutcome.UNKNOWN, AttemptOutcome.SUCCEEDED, AttemptOutcome.REJECTED}),
    AttemptOutcome.UNKNOWN: frozenset({AttemptOutcome.SUCCEEDED, AttemptOutcome.REJECTED}),
    AttemptOutcome.SUCCEEDED: frozenset(),
    AttemptOutcome.REJECTED: frozenset(),
}


class TransitionRefused(ValueError):
    """The move is not allowed from the present state."""


def require_transition(now: RunState, then: RunState) -> None:
    """Raise `TransitionRefused` unless a payout run in state `now` may move to `then`."""
    if then not in RUN_TRANSITIONS[now]:
        allowed = ", ".join(sorted(RUN_TRANSITIONS[now])) or "nothing: it is final"
        raise TransitionRefused(f"A payout run that is {now} cannot become {then}; it may become {allowed}.")
