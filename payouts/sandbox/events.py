"""Events: what happened, listed and delivered (https://docs.stripe.com/api/events)."""

from payouts.sandbox.answers import ApiError, JsonObject
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

index = list_endpoint("event", "/v1/events", ("type",))


def retrieve(params: Params, id_: str) -> Execution:
    """GET /v1/events/{id}."""
    params.only()

    def execute(state: State) -> JsonObject:
        event = state.get("event", id_)
        if event is None:
            raise ApiError(404, f"No such event: '{id_}'", code="resource_missing", param="id")
        return event

    return execute


def record_event(state: State, type_: str, item: JsonObject, *, account: str | None = None) -> None:
    """Record that something happened to an object, as it is now; `account` where it is a connected account's."""
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": None,
        "created": state.now(),
        "data": {"object": item},
        "livemode": False,
        "pending_webhooks": 0,
        "request": None,
        "type": type_,
    }
    state.put(event if account is None else event | {"account": account})
