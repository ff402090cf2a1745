"""Reversals: money from a connected account back to the platform (https://docs.stripe.com/api/transfer_reversals)."""

from payouts.sandbox.answers import ApiError, JsonObject
from payouts.sandbox.balance import post_balance_transaction
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id
from payouts.sandbox.transfers import existing_transfer

index = list_endpoint("transfer_reversal", "/v1/transfers/{}/reversals", parent="transfer")


def create(params: Params, transfer_id: str) -> Execution:
    """POST /v1/transfers/{id}/reversals: of all that is left, or of `amount`, which cannot be more than that."""
    params.only("amount", "description", "metadata")
    asked_minor = None if params.text("amount") is None else params.positive_integer("amount")
    metadata = params.metadata()

    def execute(state: State) -> JsonObject:
        transfer = existing_transfer(state, transfer_id)
        amount_minor = _reversible(transfer, asked_minor)
        id_ = new_id("trr")
        reversal = {
            "id": id_,
            "object": "transfer_reversal",
            "amount": amount_minor,
            "balance_transaction": post_balance_transaction(
                state, amount_minor, transfer["currency"], "transfer_refund", id_
            ),
            "created": state.now(),
            "currency": transfer["currency"],
            "destination_payment_refund": new_id("pyr"),
            "metadata": metadata,
            "source_refund": None,
            "transfer": transfer_id,
        }
        state.put(reversal)
        transfer["amount_reversed"] += amount_minor
        transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
        transfer["reversals"]["data"].insert(0, reversal)
        state.put(transfer)
        record_event(state, "transfer.reversed", transfer)
        return reversal

    return execute


def retrieve(params: Params, transfer_id: str, id_: str) -> Execution:
    """GET /v1/transfers/{id}/reversals/{id}."""
    params.only()

    def execute(state: State) -> JsonObject:
        reversal = state.get("transfer_reversal", id_)
        if reversal is None or reversal["transfer"] != transfer_id:
            raise ApiError(404, f"No such transfer reversal: '{id_}'", code="resource_missing", param="id")
        return reversal

    return execute


def _reversible(transfer: JsonObject, asked_minor: int | None) -> int:
    left_minor: int = transfer["amount"] - transfer["amount_reversed"]
    amount_minor = left_minor if asked_minor is None else asked_minor
    if not left_minor or amount_minor > left_minor:
        raise ApiError(
            400, f"Of transfer {transfer['id']} only {left_minor} {transfer['currency']} are left.", param="amount"
        )
    return amount_minor
