"""Transfers: money from the platform's balance to a connected account (https://docs.stripe.com/api/transfers)."""

from payouts.sandbox.answers import ApiError, JsonObject, no_such
from payouts.sandbox.balance import post_balance_transaction
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint, list_object
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

index = list_endpoint("transfer", "/v1/transfers", ("transfer_group", "destination"))


def create(params: Params) -> Execution:
    """POST /v1/transfers: refused for an unknown or unready destination and when the balance does not cover it."""
    params.only("amount", "currency", "destination", "description", "metadata", "transfer_group")
    amount_minor, currency = params.positive_integer("amount"), params.currency("currency")
    destination = params.required_text("destination")
    description, transfer_group = params.text("description"), params.text("transfer_group")
    metadata = params.metadata()

    def execute(state: State) -> JsonObject:
        _check_destination(state, destination)
        _check_balance(state, amount_minor, currency)
        id_ = new_id("tr")
        transfer = {
            "id": id_,
            "object": "transfer",
            "amount": amount_minor,
            "amount_reversed": 0,
            "balance_transaction": post_balance_transaction(state, -amount_minor, currency, "transfer", id_),
            "created": state.now(),
            "currency": currency,
            "description": description,
            "destination": destination,
            "destination_payment": new_id("py"),
            "livemode": False,
            "metadata": metadata,
            "reversals": list_object(f"/v1/transfers/{id_}/reversals", []),
            "reversed": False,
            "source_transaction": None,
            "source_type": "card",
            "transfer_group": transfer_group,
        }
        state.put(transfer)
        record_event(state, "transfer.created", transfer)
        return transfer

    return execute


def retrieve(params: Params, id_: str) -> Execution:
    """GET /v1/transfers/{id}."""
    params.only()

    return lambda state: existing_transfer(state, id_)


def existing_transfer(state: State, id_: str) -> JsonObject:
    """The transfer, or the refusal of an unknown id in a path."""
    transfer = state.get("transfer", id_)
    if transfer is None:
        raise ApiError(404, f"No such transfer: '{id_}'", code="resource_missing", param="id")
    return transfer


def _check_destination(state: State, destination: str) -> None:
    account = state.get("account", destination)
    if account is None:
        raise no_such("destination", destination, "destination")
    if account["capabilities"].get("transfers") != "active":
        raise ApiError(
            400,
            f"{destination} cannot receive transfers until its transfers capability is active.",
            code="insufficient_capabilities_for_transfer",
            param="destination",
        )


def _check_balance(state: State, amount_minor: int, currency: str) -> None:
    available_minor = state.available_minor().get(currency, 0)
    if available_minor < amount_minor:
        raise ApiError(
            400,
            f"The available balance of {available_minor} {currency} does not cover {amount_minor}. Top it up first.",
            code="balance_insufficient",
        )
