"""Webhooks: each event sent to one address, signed as Stripe signs (https://docs.stripe.com/webhooks/signature)."""

import hashlib
import hmac
import json
import random
import threading
import urllib.request
from enum import StrEnum
from http import HTTPStatus
from urllib.error import HTTPError, URLError

from payouts.sandbox.answers import JsonObject
from payouts.sandbox.state import State

TIMEOUT_S = 10
OFF_S = 3600
ANOTHER_SECRET = "whsec_of_somebody_else"  # noqa: S105 - what a forger signs with
UNREACHED = 0


class Manner(StrEnum):
    """How events are sent once more: as they were, in another order, or as they must not be accepted."""

    AGAIN = "again"
    REORDERED = "reordered"
    LATE = "late"
    EARLY = "early"
    FORGED = "forged"
    ALTERED = "altered"


class Deliveries:
    """Sends every new event in order until the address has taken it; and all of them again on demand."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._woken = threading.Event()
        self._is_closed = False
        self._thread = threading.Thread(target=self._deliver_new, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for new events."""
        self._woken.set()

    def close(self) -> None:
        """Stop after the delivery under way."""
        self._is_closed = True
        self._woken.set()
        self._thread.join()

    def deliver_again(self, manner: Manner, seed: int) -> list[int]:
        """Send every event so far; the HTTP statuses that the receiver gave (0: it could not be reached)."""
        endpoint = self._state.control("webhooks", {})
        events = [event for _, event in self._state.oldest_events(0)] if endpoint else []
        if manner is Manner.REORDERED:
            random.Random(seed).shuffle(events)  # noqa: S311 - repeatable, not secret
        return [_send(endpoint, event, manner, self._state.now()) for event in events]

    def _deliver_new(self) -> None:
        while self._woken.wait() and not self._is_closed:
            self._woken.clear()
            endpoint = self._state.control("webhooks", {})
            for seq, event in self._state.oldest_events(self._state.control("delivered", 0)) if endpoint else []:
                if self._is_closed or _send(endpoint, event, Manner.AGAIN, self._state.now()) != HTTPStatus.OK:
                    break  # the next call wakes us to try again
                self._state.set_control("delivered", seq)


def _send(endpoint: dict[str, str], event: JsonObject, manner: Manner, now: int) -> int:
    payload = json.dumps(event).encode()
    signed_at = now + {Manner.LATE: -OFF_S, Manner.EARLY: OFF_S}.get(manner, 0)
    secret = ANOTHER_SECRET if manner is Manner.FORGED else endpoint["secret"]
    headers = {"Content-Type": "application/json", "Stripe-Signature": signature(payload, secret, signed_at)}
    if manner is Manner.ALTERED:
        payload = payload.replace(b'"livemode": false', b'"livemode":  false')
    request = urllib.request.Request(endpoint["url"], payload, headers)  # noqa: S310 - the address that was set
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code
    except (URLError, OSError):
        return UNREACHED


def signature(payload: bytes, secret: str, signed_at: int) -> str:
    """The Stripe-Signature header of a payload, signed at a time in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{signed_at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={digest}"
