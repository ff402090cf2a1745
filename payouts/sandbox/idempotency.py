"""Stripe's v1 idempotency: the same key gives the first answer again (https://docs.stripe.com/api/idempotent_requests)."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from payouts.sandbox.answers import Answer, ApiError, JsonObject, json_answer
from payouts.sandbox.faults import Fault
from payouts.sandbox.state import State

logger = logging.getLogger(__name__)

Execution = Callable[[State], JsonObject]

FAILURE = ApiError(500, "Something went wrong at Stripe's end.", type_="api_error").answer()


def execute(state: State, execution: Execution, fault: Fault | None = None) -> Answer:
    """Run the execution; what it raises becomes an answer and leaves no change behind."""
    try:
        with state.transaction():
            return _outcome(state, execution, fault)
    except Exception as error:
        return _refusal(error)


def _outcome(state: State, execution: Execution, fault: Fault | None) -> Answer:
    """The answer; of a call that is to fail a 500, given before or after it had its effect."""
    if fault is Fault.FAILED_BEFORE:
        return FAILURE
    answer = json_answer(200, execution(state))
    return FAILURE if fault is Fault.FAILED_AFTER else answer


class Idempotency:
    """Executes a key's request once and remembers its answer, also when that is a 4xx or 5xx."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._in_flight: set[str] = set()
        self._in_flight_lock = threading.Lock()

    def once(self, key: str, fingerprint: str, prepare: Callable[[], Execution], fault: Fault | None = None) -> Answer:
        """The answer to the request with this key, remembered or new.

        `prepare` validates; what it raises is passed on and not remembered, because nothing was executed.
        Raises ApiError: 400 if the key was used with another fingerprint, 409 while it is in flight.
        """
        with self._claimed(key):
            remembered = self._state.recall(key)
            if remembered is None:
                return self._execute_and_remember(key, fingerprint, prepare(), fault)
            first_fingerprint, answer = remembered
            if first_fingerprint != fingerprint:
                raise ApiError(
                    400,
                    f"The idempotency key '{key}' was first used for another request or other parameters.",
                    type_="idempotency_error",
                )
            return replace(answer, headers={**answer.headers, "Idempotent-Replayed": "true"})

    def _execute_and_remember(self, key: str, fingerprint: str, execution: Execution, fault: Fault | None) -> Answer:
        try:
            # One transaction for both: a server killed here has either done it and remembers, or neither.
            with self._state.transaction():
                answer = _outcome(self._state, execution, fault)
                self._state.remember(key, fingerprint, answer)
        except Exception as error:
            answer = _refusal(error)
            self._state.remember(key, fingerprint, answer)
        return answer

    @contextmanager
    def _claimed(self, key: str) -> Iterator[None]:
        with self._in_flight_lock:
            if key in self._in_flight:
                raise ApiError(
                    409,
                    f"Another request with the idempotency key '{key}' is still being executed.",
                    code="idempotency_key_in_use",
                    type_="idempotency_error",
                )
            self._in_flight.add(key)
        try:
            yield
        finally:
            with self._in_flight_lock:
                self._in_flight.discard(key)


def _refusal(error: Exception) -> Answer:
    if isinstance(error, ApiError):
        return error.answer()
    logger.error("the sandbox failed", exc_info=error)
    return ApiError(500, f"The sandbox failed: {error!r}", type_="api_error").answer()
