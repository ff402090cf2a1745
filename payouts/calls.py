"""Calling Stripe at a measured pace, by a clock that goes on from the time that was passed in."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from payouts.gateway import Gateway, GatewayBusy, GatewayUnknown

TRIES = 6  # with pauses that double, for about half a minute

Found = TypeVar("Found")


@dataclass(frozen=True)
class Pace:
    """How fast we call: Stripe allows 25 calls a second in test mode, 100 live, for everything a platform does."""

    calls_a_second: float = 15.0
    pause_s: float = 1.0


class Calls:
    """One worker's calls through a gateway."""

    def __init__(self, gateway: Gateway, at: datetime, pace: Pace) -> None:
        self._gateway, self._at, self._pace = gateway, at, pace
        self._began_s = self._refilled_s = time.monotonic()
        self._allowance = pace.calls_a_second  # a second's calls may be made at once

    def now(self) -> datetime:
        """The time that was passed in and what has gone by since."""
        return self._at + timedelta(seconds=time.monotonic() - self._began_s)

    def next(self) -> Gateway:
        """The gateway for one call, as soon as that keeps to the pace."""
        self._refill()
        if self._allowance < 1:
            time.sleep((1 - self._allowance) / self._pace.calls_a_second)
            self._refill()
        self._allowance -= 1
        return self._gateway

    def _refill(self) -> None:
        now_s = time.monotonic()
        gained = (now_s - self._refilled_s) * self._pace.calls_a_second
        self._allowance, self._refilled_s = min(self._allowance + gained, self._pace.calls_a_second), now_s

    def pause(self, tried: int) -> None:
        """Wait after a call was turned away: longer each time, and never as long as another worker does."""
        time.sleep(self._pace.pause_s * 2**tried * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret

    def read(self, ask: Callable[[Gateway], Found]) -> Found:
        """Ask for something, which changes nothing and is asked again where it fails. Raises the last failure."""
        for tried in range(TRIES - 1):
            try:
                return ask(self.next())
            except (GatewayBusy, GatewayUnknown):
                self.pause(tried)
        return ask(self.next())
