"""How the signals of one submission become one verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What happens to a submission; `hold` means that a reviewer decides."""

    ACCEPT = "accept"
    HOLD = "hold"
    REJECT = "reject"
    UNREADABLE = "unreadable"


WORST_FIRST = (Verdict.UNREADABLE, Verdict.REJECT, Verdict.HOLD, Verdict.ACCEPT)


@dataclass(frozen=True)
class Signal:
    """One thing found in a file, and the verdict that it asks for.

    `reason` is a stable code such as `xmp_trained_algorithmic_media`. `evidence` holds `field` (where in the file),
    `value` (an excerpt of what stands there) and `tool` (what read it, with its version).
    A signal that asks for `accept` is information for the reviewer.
    """

    name: str
    verdict: Verdict
    reason: str
    evidence: dict[str, str]


def decide(signals: Iterable[Signal]) -> tuple[Verdict, tuple[str, ...]]:
    """Return the worst verdict asked for, and the reasons for not accepting: worst first, each once.

    Without a signal the verdict is `accept`.
    """
    ranked = sorted(signals, key=lambda signal: WORST_FIRST.index(signal.verdict))
    reasons = dict.fromkeys(signal.reason for signal in ranked if signal.verdict is not Verdict.ACCEPT)
    return (ranked[0].verdict if ranked else Verdict.ACCEPT), tuple(reasons)
