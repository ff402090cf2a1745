"""Whatever a file contains, its verdict is the worst that any signal asks for."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.verdicts import WORST_FIRST, Signal, Verdict, decide


def _signal(verdict: Verdict, reason: str = "reason") -> Signal:
    return Signal("name", verdict, reason, {"field": "f", "value": "v", "tool": "t"})


def test_a_file_without_any_signal_is_accepted_without_reasons() -> None:
    assert decide([]) == (Verdict.ACCEPT, ())


def test_information_alone_does_not_keep_a_file_out() -> None:
    assert decide([_signal(Verdict.ACCEPT, "edited_after_signing")]) == (Verdict.ACCEPT, ())


def test_reasons_are_named_worst_first_and_each_once() -> None:
    signals = [
        _signal(Verdict.HOLD, "several_frames"),
        _signal(Verdict.REJECT, "b"),
        _signal(Verdict.ACCEPT, "information"),
        _signal(Verdict.REJECT, "a"),
        _signal(Verdict.REJECT, "b"),
    ]
    assert decide(signals) == (Verdict.REJECT, ("b", "a", "several_frames"))


def test_unreadable_is_worse_than_reject_is_worse_than_hold_is_worse_than_accept() -> None:
    for at, worse in enumerate(WORST_FIRST):
        for better in WORST_FIRST[at:]:
            assert decide([_signal(better), _signal(worse)])[0] == worse


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_the_order_in_which_signals_are_found_does_not_change_the_verdict(verdicts: list[Verdict]) -> None:
    assert decide(map(_signal, verdicts))[0] == decide(map(_signal, reversed(verdicts)))[0]
