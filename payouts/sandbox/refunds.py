"""Refunds of charges: out of the available balance, and Stripe keeps its fee (https://docs.stripe.com/api/refunds)."""

from payouts.sandbox.answers import ApiError, JsonObject
from payouts.sandbox.balance import post_balance_transaction
from payouts.sandbox.charges import charge_of
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

index = list_endpoint("refund", "/v1/refunds", ("charge",))


def create(params: Params) -> Execution:
    """POST /v1/refunds: of all that is left of a charge, or of `amount`, which cannot be more than that."""
    params.only("amount", "charge", "metadata")
    charge_id, metadata = params.required_text("charge"), params.metadata()
    asked_minor = None if params.text("amount") is None else params.positive_integer("amount")

    def execute(state: State) -> JsonObject:
        charge = charge_of(state, charge_id)
        amount_minor, id_ = _refundable(charge, asked_minor), new_id("re")
        refund = {
            "id": id_,
            "object": "refund",
            "amount": amount_minor,
            "balance_transaction": post_balance_transaction(state, -amount_minor, charge["currency"], "refund", id_),
            "charge": charge_id,
            "created": state.now(),
            "currency": charge["currency"],
            "destination_details": {"card": {"type": "refund"}, "type": "card"},
            "metadata": metadata,
            "payment_intent": charge["payment_intent"],
            "reason": None,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        }
        state.put(refund)
        refunded_minor = charge["amount_refunded"] + amount_minor
        charge |= {"amount_refunded": refunded_minor, "refunded": refunded_minor == charge["amount"]}
        state.put(charge)
        record_event(state, "charge.refunded", charge)
        return refund

    return execute


def fail_refund(state: State, id_: str) -> JsonObject:
    """What the customer's bank does, days later, where it does not take the money: it is in the balance again."""
    refund = state.get("refund", id_)
    if refund is None:
        raise ApiError(404, f"No such refund: '{id_}'", code="resource_missing", param="refund")
    amount_minor, charge = refund["amount"], charge_of(state, refund["charge"])
    back = post_balance_transaction(state, amount_minor, refund["currency"], "refund_failure", id_)
    refund |= {"status": "failed", "failure_reason": "unknown", "failure_balance_transaction": back}
    state.put(refund)
    state.put(charge | {"amount_refunded": charge["amount_refunded"] - amount_minor, "refunded": False})
    record_event(state, "refund.failed", refund)
    record_event(state, "charge.refund.updated", refund)
    return refund


def _refundable(charge: JsonObject, asked_minor: int | None) -> int:
    if charge["refunded"]:
        raise ApiError(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    left_minor: int = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"] or (asked_minor or 0) > left_minor:
        raise ApiError(
            400,
            f"Refund amount ({asked_minor}) is greater than unrefunded amount on charge ({left_minor})",
            param="amount",
        )
    return left_minor if asked_minor is None else asked_minor
