"""What no client of Stripe can do: `POST /sandbox/…` with a JSON object moves the clock, plans faults and the like."""

import json
from collections.abc import Callable
from typing import Any

from payouts.sandbox.accounts import change_account
from payouts.sandbox.answers import Answer, ApiError, JsonObject, json_answer
from payouts.sandbox.balance import post_balance_transaction
from payouts.sandbox.deliveries import Deliveries, Manner
from payouts.sandbox.disputes import close_dispute, open_dispute
from payouts.sandbox.due import catch_up, settle_pending
from payouts.sandbox.faults import WHOLE_PPM, Fault, FaultPlan
from payouts.sandbox.refunds import fail_refund
from payouts.sandbox.state import State

PATH = "/sandbox/"


class Control:
    """The levers beside the API; `faults` is the plan in force."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.faults = FaultPlan()
        self.deliveries = Deliveries(state)
        self._levers: dict[str, Callable[..., JsonObject]] = {
            "account": self._set_account,
            "available": lambda: settle_pending(state),
            "balance": self._change_balance,
            "clock": self._advance_clock,
            "deliveries": self._deliver,
            "dispute": self._open_dispute,
            "dispute_end": self._close_dispute,
            "faults": self._plan_faults,
            "refund_failure": self._fail_refund,
            "webhooks": self._set_endpoint,
        }

    def answer(self, path: str, body: str) -> Answer:
        """Pull the lever that the path names, with the JSON object's fields as its arguments."""
        lever = self._levers.get(path.removeprefix(PATH))
        if lever is None:
            return ApiError(404, f"The sandbox has no {path}, only {', '.join(sorted(self._levers))}.").answer()
        try:
            return json_answer(200, lever(**json.loads(body or "{}")))
        except (TypeError, ValueError) as error:
            return ApiError(400, f"{path}: {error}").answer()
        except ApiError as refusal:
            return refusal.answer()

    def _advance_clock(self, advance_s: int) -> JsonObject:
        if advance_s < 0:
            raise ValueError("the clock only moves on")
        self._state.advance(advance_s)
        with self._state.transaction():
            catch_up(self._state)
        return {"now": self._state.now()}

    def _plan_faults(self, seed: int = 0, rates_ppm: dict[str, int] | None = None, stall_s: float = 0.0) -> JsonObject:
        """Put a plan in force; tells how many calls met which fault under the one before."""
        rates = {Fault(name): rate_ppm for name, rate_ppm in (rates_ppm or {}).items()}
        if min(rates.values(), default=0) < 0 or sum(rates.values()) > WHOLE_PPM:
            raise ValueError(f"rates are at least 0 and together at most {WHOLE_PPM} ppm")
        before, self.faults = self.faults, FaultPlan(seed, rates, stall_s)
        return {"rates_ppm": rates, "met": dict(before.met)}

    def _set_endpoint(self, url: str, secret: str) -> JsonObject:
        self._state.set_control("webhooks", {"url": url, "secret": secret})
        self.deliveries.wake()
        return {"url": url}

    def _deliver(self, manner: str, seed: int = 0) -> JsonObject:
        return {"statuses": self.deliveries.deliver_again(Manner(manner), seed)}

    def _set_account(
        self, account: str, transfers: str, currently_due: list[str], deadline: int | None = None
    ) -> JsonObject:
        with self._state.transaction():
            return change_account(
                self._state, account, transfers=transfers, currently_due=currently_due, deadline=deadline
            )

    def _open_dispute(self, charge: str) -> JsonObject:
        with self._state.transaction():
            return open_dispute(self._state, charge)

    def _close_dispute(self, dispute: str, status: str) -> JsonObject:
        with self._state.transaction():
            return close_dispute(self._state, dispute, status)

    def _fail_refund(self, refund: str) -> JsonObject:
        with self._state.transaction():
            return fail_refund(self._state, refund)

    def _change_balance(self, change_minor: int, currency: str) -> JsonObject:
        """Money that leaves or comes without a call of ours, as a dispute does."""
        with self._state.transaction():
            post_balance_transaction(self._state, change_minor, currency, "adjustment", "")
        available: dict[str, Any] = self._state.available_minor()
        return available
