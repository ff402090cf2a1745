"""Where a submission stands, who may decide on it, and when strikes suspend uploads: by rules alone."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.appeals import State, appeal_deadline, submission_state, why_not_decide
from marketplace.core.strikes import StrikesRule, suspended_until
from marketplace.core.verdicts import Verdict

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def state(verdict: Verdict, *, is_appealed: bool = False, is_decided: bool = False, late: bool = False) -> State:
    deadline_at = NOW if late else NOW + timedelta(microseconds=1)
    return submission_state(
        verdict, is_appealed=is_appealed, is_appeal_decided=is_decided, deadline_at=deadline_at, at=NOW
    )


def test_a_rejection_can_be_appealed_until_its_deadline_and_not_at_it() -> None:
    assert appeal_deadline(NOW, 30) == NOW + 30 * DAY
    assert state(Verdict.REJECT) is State.REJECTED
    assert state(Verdict.REJECT, late=True) is State.TOO_LATE


def test_an_appeal_that_was_made_in_time_is_decided_however_late() -> None:
    assert state(Verdict.REJECT, is_appealed=True, late=True) is State.APPEALED
    assert state(Verdict.ACCEPT, is_appealed=True, is_decided=True, late=True) is State.WON
    assert state(Verdict.REJECT, is_appealed=True, is_decided=True) is State.LOST


def test_only_rejections_wait_for_an_appeal() -> None:
    assert state(Verdict.ACCEPT) is State.ACCEPTED
    assert state(Verdict.HOLD) is State.HELD
    assert state(Verdict.UNREADABLE) is State.UNREADABLE


def test_neither_the_owner_nor_who_decided_before_decides_an_appeal() -> None:
    assert "your own" in why_not_decide(1, 1, [], is_appealed=True)
    assert "second reviewer" in why_not_decide(2, 1, [3, 2], is_appealed=True)
    assert why_not_decide(2, None, [3], is_appealed=True) == ""


def test_what_is_held_is_decided_by_anybody_but_its_owner_also_again() -> None:
    assert why_not_decide(2, 1, [3, 2], is_appealed=False) == ""
    assert "your own" in why_not_decide(1, 1, [], is_appealed=False)


def test_strikes_suspend_from_the_last_of_them_on_and_for_no_longer() -> None:
    rule = StrikesRule(strikes=3, within_days=10, suspended_days=7)
    strikes = [NOW, NOW + 5 * DAY, NOW + 10 * DAY]
    end = NOW + 17 * DAY
    assert suspended_until(strikes, rule, NOW + 10 * DAY) == end
    assert suspended_until(strikes, rule, end - timedelta(microseconds=1)) == end
    assert suspended_until(strikes, rule, end) is None
    assert suspended_until(strikes, rule, NOW + 9 * DAY) is None, "the third is not there yet"
    assert suspended_until([*strikes[:2], NOW + 11 * DAY], rule, NOW + 11 * DAY) is None, "too far apart"


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(1, 4), st.integers(0, 60), st.integers(1, 60))
def test_taking_a_strike_back_never_suspends_longer(days: list[int], strikes: int, within: int, suspended: int) -> None:
    rule, at = StrikesRule(strikes, within, suspended), NOW + 401 * DAY
    all_strikes = [NOW + day * DAY for day in days]
    whole = suspended_until(all_strikes, rule, at)
    for place in range(len(days)):
        fewer = suspended_until(all_strikes[:place] + all_strikes[place + 1 :], rule, at)
        assert fewer is None or (whole is not None and fewer <= whole)
    if len(days) < strikes:
        assert whole is None
