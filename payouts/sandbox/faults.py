"""What goes wrong with a call, drawn from a seed: the same calls meet the same faults, in whatever order they come."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from payouts.sandbox.answers import ApiError

WHOLE_PPM = 1_000_000


class Fault(StrEnum):
    """One way to fail. Stripe remembers a 5xx under the idempotency key, with or without an effect."""

    RATE_LIMITED = "rate_limited"
    CONFLICT = "conflict"
    DROPPED_BEFORE = "dropped_before"
    DROPPED_AFTER = "dropped_after"
    STALLED = "stalled"
    FAILED_BEFORE = "failed_before"
    FAILED_AFTER = "failed_after"


REFUSALS = {
    Fault.RATE_LIMITED: ApiError(429, "Too many requests: slow down.", code="rate_limit"),
    Fault.CONFLICT: ApiError(
        409,
        "Another request with this idempotency key is still being executed.",
        code="idempotency_key_in_use",
        type_="idempotency_error",
    ),
}
"""Faults that refuse a call before anything is executed or remembered."""


@dataclass(frozen=True)
class FaultPlan:
    """How often each fault befalls a call, in ppm, and for how long a stalled call waits before it is executed.

    `met` counts the calls that met each fault, and those that met none.
    """

    seed: int = 0
    rates_ppm: Mapping[Fault, int] = field(default_factory=dict)
    stall_s: float = 0.0
    met: Counter[str] = field(default_factory=Counter, compare=False)
    _calls: Counter[str] = field(default_factory=Counter, compare=False)

    def draw(self, call: str) -> Fault | None:
        """The fault, if any, of the next call of this name, such as its method, path and idempotency key."""
        fault = self._drawn(call) if self.rates_ppm else None
        self.met[fault or "none"] += 1
        return fault

    def _drawn(self, call: str) -> Fault | None:
        self._calls[call] += 1
        drawn = random.Random(f"{self.seed} {call} {self._calls[call]}").randrange(WHOLE_PPM)  # noqa: S311
        for fault, rate_ppm in self.rates_ppm.items():
            if drawn < rate_ppm:
                return fault
            drawn -= rate_ppm
        return None
