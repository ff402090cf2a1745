"""From a request to the endpoint that answers it: key, route, parameters, idempotency."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from payouts.sandbox import accounts, balance, checkout, disputes, events, refunds, reversals, transfers
from payouts.sandbox.answers import Answer, ApiError, JsonObject
from payouts.sandbox.due import catch_up
from payouts.sandbox.faults import REFUSALS, Fault
from payouts.sandbox.idempotency import Execution, Idempotency, execute
from payouts.sandbox.params import Params, decode
from payouts.sandbox.state import State

Endpoint = Callable[..., Execution]

BEARER_TEST_KEY = re.compile(r"Bearer sk_test_\S+")
IDEMPOTENCY_KEY_MAX_LENGTH = 255


@dataclass(frozen=True)
class Request:
    """One API request; `parameters` are form-encoded, from the query of a GET or the body of a POST."""

    method: str
    path: str
    parameters: str
    authorization: str
    idempotency_key: str | None


class Api:
    """Answers API requests from one state."""

    def __init__(self, state: State, base_url: str) -> None:
        self.state = state
        self.idempotency = Idempotency(state)
        self._routes = _routes(base_url)

    def answer(self, request: Request, fault: Fault | None = None) -> Answer:
        """The answer to a request, a refusal included, or what a fault makes of it."""
        try:
            if fault in REFUSALS:
                raise REFUSALS[fault]
            if not BEARER_TEST_KEY.fullmatch(request.authorization):
                raise ApiError(401, "Give an API key that begins with sk_test_ (any will do) as a Bearer token.")
            return self._execute(request, fault)
        except ApiError as refusal:
            return refusal.answer()

    def _execute(self, request: Request, fault: Fault | None) -> Answer:
        endpoint, ids = self._route(request)
        tree = decode(request.parameters)
        if request.method == "GET" or request.idempotency_key is None:
            return execute(self.state, _at_its_time(endpoint(Params(tree), *ids)), fault)
        if len(request.idempotency_key) > IDEMPOTENCY_KEY_MAX_LENGTH:
            raise ApiError(400, f"An idempotency key has at most {IDEMPOTENCY_KEY_MAX_LENGTH} characters.")
        fingerprint = hashlib.sha256(json.dumps([request.path, tree], sort_keys=True).encode()).hexdigest()

        def prepare() -> Execution:
            return _at_its_time(endpoint(Params(tree), *ids))

        return self.idempotency.once(request.idempotency_key, fingerprint, prepare, fault)

    def _route(self, request: Request) -> tuple[Endpoint, tuple[str, ...]]:
        for method, path, endpoint in self._routes:
            match = re.fullmatch(path, request.path)
            if match and method == request.method:
                return endpoint, match.groups()
        raise ApiError(404, f"The sandbox has no {request.method} {request.path}.")


def _at_its_time(execution: Execution) -> Execution:
    """The execution, after all that is due by then."""

    def execute_after_what_is_due(state: State) -> JsonObject:
        catch_up(state)
        return execution(state)

    return execute_after_what_is_due


def _routes(base_url: str) -> tuple[tuple[str, str, Endpoint], ...]:
    return (
        ("GET", "/v1/accounts", accounts.index),
        ("POST", "/v1/accounts", accounts.create),
        ("GET", "/v1/accounts/([^/]+)", accounts.retrieve),
        ("POST", "/v1/account_links", accounts.create_link(base_url)),
        ("GET", "/v1/balance", balance.retrieve),
        ("GET", "/v1/balance_transactions", balance.index_transactions),
        ("POST", "/v1/checkout/sessions", checkout.create(base_url)),
        ("GET", "/v1/checkout/sessions/([^/]+)", checkout.retrieve),
        ("POST", "/v1/checkout/sessions/([^/]+)/expire", checkout.expire),
        ("GET", "/v1/disputes/([^/]+)", disputes.retrieve),
        ("GET", "/v1/events", events.index),
        ("GET", "/v1/events/([^/]+)", events.retrieve),
        ("GET", "/v1/refunds", refunds.index),
        ("POST", "/v1/refunds", refunds.create),
        ("POST", "/v1/topups", balance.create_topup),
        ("GET", "/v1/transfers", transfers.index),
        ("POST", "/v1/transfers", transfers.create),
        ("GET", "/v1/transfers/([^/]+)", transfers.retrieve),
        ("GET", "/v1/transfers/([^/]+)/reversals", reversals.index),
        ("POST", "/v1/transfers/([^/]+)/reversals", reversals.create),
        ("GET", "/v1/transfers/([^/]+)/reversals/([^/]+)", reversals.retrieve),
    )
