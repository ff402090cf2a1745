"""Disputes, which customers and banks make and not we (https://docs.stripe.com/api/disputes)."""

from payouts.sandbox.answers import ApiError, JsonObject
from payouts.sandbox.balance import post_balance_transaction
from payouts.sandbox.charges import charge_of
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

FEE_MINOR = 1_500
ANSWER_WITHIN_S = 7 * 24 * 3600


def retrieve(params: Params, id_: str) -> Execution:
    """GET /v1/disputes/{id}."""
    params.only()

    return lambda state: existing_dispute(state, id_)


def existing_dispute(state: State, id_: str) -> JsonObject:
    """The dispute, or the refusal of an unknown id in a path."""
    dispute = state.get("dispute", id_)
    if dispute is None:
        raise ApiError(404, f"No such dispute: '{id_}'", code="resource_missing", param="dispute")
    return dispute


def open_dispute(state: State, charge_id: str) -> JsonObject:
    """What a customer does at their bank: the charge's money leaves at once, with a fee."""
    charge = charge_of(state, charge_id)
    id_, amount_minor, currency = new_id("dp"), charge["amount"], charge["currency"]
    taken = post_balance_transaction(state, -amount_minor, currency, "adjustment", id_, FEE_MINOR)
    dispute = {
        "id": id_,
        "object": "dispute",
        "amount": amount_minor,
        "balance_transactions": [state.get("balance_transaction", taken)],
        "charge": charge_id,
        "created": state.now(),
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": state.now() + ANSWER_WITHIN_S,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": "general",
        "status": "needs_response",
    }
    state.put(dispute)
    state.put(charge | {"disputed": True})
    record_event(state, "charge.dispute.created", dispute)
    return dispute


def close_dispute(state: State, id_: str, status: str) -> JsonObject:
    """What the bank decides: won, and the money comes back without the fee, or lost."""
    if status not in ("won", "lost"):
        raise ValueError("a dispute is won or lost")
    dispute = existing_dispute(state, id_) | {"status": status}
    if status == "won":
        back = post_balance_transaction(state, dispute["amount"], dispute["currency"], "adjustment", id_)
        dispute["balance_transactions"] = [*dispute["balance_transactions"], state.get("balance_transaction", back)]
    state.put(dispute)
    record_event(state, "charge.dispute.closed", dispute)
    return dispute
