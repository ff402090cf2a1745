from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise, product
from typing import TypeVar

import pytest

from payouts.core.states import (
    ATTEMPT_TRANSITIONS,
    PAYOUT_TRANSITIONS,
    RUN_TRANSITIONS,
    AttemptOutcome,
    PayoutState,
    RunState,
    TransitionRefused,
    require_transition,
)

State = TypeVar("State", bound=StrEnum)


def reachable(table: Mapping[State, frozenset[State]], first: State) -> set[State]:
    """Return every state that `first` can come to, itself included."""
    reached, waiting = set[State](), [first]
    while waiting:
        state = waiting.pop()
        reached.add(state)
        waiting += table[state] - reached
    return reached


STEPS = {*pairwise([RunState.DRAFT, RunState.APPROVED, RunState.SENDING, RunState.SETTLED])}
ASIDE = {
    (RunState.DRAFT, RunState.CANCELLED),
    (RunState.SENDING, RunState.PAUSED),
    (RunState.PAUSED, RunState.SENDING),
}


@pytest.mark.parametrize(("now", "then"), list(product(RunState, RunState)))
def test_a_run_goes_from_draft_to_settled_one_step_at_a_time_a_draft_is_cancelled_and_sending_is_paused(
    now: RunState, then: RunState
) -> None:
    if (now, then) in STEPS | ASIDE:
        require_transition(now, then)
    else:
        with pytest.raises(TransitionRefused):
            require_transition(now, then)


def test_a_run_cannot_be_sent_without_approval_and_the_error_says_what_is_possible() -> None:
    with pytest.raises(TransitionRefused, match=r"draft cannot become sending; it may become approved, cancelled\.$"):
        require_transition(RunState.DRAFT, RunState.SENDING)


@pytest.mark.parametrize("ended", [RunState.SETTLED, RunState.CANCELLED])
def test_a_run_that_ended_is_final(ended: RunState) -> None:
    with pytest.raises(TransitionRefused, match="nothing: it is final"):
        require_transition(ended, RunState.DRAFT)


def test_a_payout_leaves_the_balance_before_it_is_sent_and_ends_sent_or_rejected() -> None:
    assert PAYOUT_TRANSITIONS[PayoutState.DRAFTED] == {PayoutState.RESERVED, PayoutState.REJECTED}
    assert PAYOUT_TRANSITIONS[PayoutState.RESERVED] == {PayoutState.SENT, PayoutState.REJECTED}


@pytest.mark.parametrize("ended", [PayoutState.SENT, PayoutState.REVERSED, PayoutState.REJECTED, PayoutState.EXCLUDED])
def test_a_payout_that_ended_is_never_sent_again(ended: PayoutState) -> None:
    assert reachable(PAYOUT_TRANSITIONS, ended) <= {ended, PayoutState.REVERSED}


@pytest.mark.parametrize("final", [AttemptOutcome.SUCCEEDED, AttemptOutcome.REJECTED])
def test_an_attempt_whose_outcome_is_known_stays_as_it_is(final: AttemptOutcome) -> None:
    assert not ATTEMPT_TRANSITIONS[final]


def test_every_state_has_a_row_and_is_reached_from_where_it_begins() -> None:
    assert list(RUN_TRANSITIONS) == list(RunState)
    assert reachable(RUN_TRANSITIONS, RunState.DRAFT) == set(RunState)
    assert list(ATTEMPT_TRANSITIONS) == list(AttemptOutcome)
    assert reachable(ATTEMPT_TRANSITIONS, AttemptOutcome.PENDING) == set(AttemptOutcome)
    assert list(PAYOUT_TRANSITIONS) == list(PayoutState)
    assert reachable(PAYOUT_TRANSITIONS, PayoutState.DRAFTED) == set(PayoutState) - {PayoutState.EXCLUDED}
