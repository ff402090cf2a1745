"""The states of a payout run, of a payout and of an attempt, and the moves between them that are allowed."""

from collections.abc import Mapping
from enum import StrEnum


class RunState(StrEnum):
    """A payout run: drafted by one person, approved by another, sent, and settled when every payout has ended.

    A draft that is wrong is cancelled.
    """

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class PayoutState(StrEnum):
    """One contributor in one run. Excluded ones carry the reason; reserved ones have left the payable balance."""

    DRAFTED = "drafted"
    EXCLUDED = "excluded"
    RESERVED = "reserved"
    SENT = "sent"
    REJECTED = "rejected"


class AttemptOutcome(StrEnum):
    """What is known of one attempt at a transfer; while it is pending, Stripe may or may not have executed it."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"


ENDED_RUNS = (RunState.SETTLED, RunState.CANCELLED)
RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.DRAFT: frozenset({RunState.APPROVED, RunState.CANCELLED}),
    RunState.APPROVED: frozenset({RunState.SENDING}),
    RunState.SENDING: frozenset({RunState.SETTLED}),
    RunState.SETTLED: frozenset(),
    RunState.CANCELLED: frozenset(),
}
PAYOUT_TRANSITIONS: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.DRAFTED: frozenset({PayoutState.RESERVED, PayoutState.REJECTED}),
    PayoutState.EXCLUDED: frozenset(),
    PayoutState.RESERVED: frozenset({PayoutState.SENT, PayoutState.REJECTED}),
    PayoutState.SENT: frozenset(),
    PayoutState.REJECTED: frozenset(),
}


class TransitionRefused(ValueError):
    """The move is not allowed from the present state."""


def require_transition(now: RunState, then: RunState) -> None:
    """Raise `TransitionRefused` unless a payout run in state `now` may move to `then`."""
    if then not in RUN_TRANSITIONS[now]:
        allowed = ", ".join(sorted(RUN_TRANSITIONS[now])) or "nothing: it is final"
        raise TransitionRefused(f"A payout run that is {now} cannot become {then}; it may become {allowed}.")
