"""What a customer's card pays: PaymentIntents and charges (https://docs.stripe.com/api/charges)."""

from payouts.sandbox.answers import JsonObject, no_such
from payouts.sandbox.balance import post_pending
from payouts.sandbox.events import record_event
from payouts.sandbox.state import State, new_id

FEE_PPM, FEE_FIXED_MINOR = 29_000, 30  # of a card in the United States
WHOLE_PPM = 1_000_000
DECLINED = "Your card was declined."


def pay(state: State, session: JsonObject, asked: JsonObject, number: str) -> str:
    """Charge a card, and let the money be pending; the PaymentIntent's id."""
    intent_id, charge_id = new_id("pi"), new_id("ch")
    amount_minor, currency = session["amount_total"], session["currency"]
    fee_minor = min(amount_minor, (amount_minor * FEE_PPM + WHOLE_PPM // 2) // WHOLE_PPM + FEE_FIXED_MINOR)
    charge = _charge(state, session, asked, number) | {
        "id": charge_id,
        "amount_captured": amount_minor,
        "balance_transaction": post_pending(state, amount_minor, currency, "charge", charge_id, fee_minor),
        "captured": True,
        "outcome": _outcome("approved_by_network", None, "authorized", "Payment complete."),
        "paid": True,
        "payment_intent": intent_id,
        "status": "succeeded",
    }
    intent = _intent(state, session, asked) | {
        "id": intent_id,
        "amount_received": amount_minor,
        "latest_charge": charge_id,
        "payment_method": charge["payment_method"],
        "status": "succeeded",
    }
    for item, kind in ((charge, "charge.succeeded"), (intent, "payment_intent.succeeded")):
        state.put(item)
        record_event(state, kind, item)
    return intent_id


def decline(state: State, session: JsonObject, asked: JsonObject, number: str) -> str:
    """Note that a bank refused a card; what Stripe's page says of it."""
    charge = _charge(state, session, asked, number) | {
        "id": new_id("ch"),
        "failure_code": "card_declined",
        "failure_message": DECLINED,
        "outcome": _outcome(
            "declined_by_network",
            "generic_decline",
            "issuer_declined",
            "The bank did not return any further details with this decline.",
        ),
    }
    state.put(charge)
    record_event(state, "charge.failed", charge)
    return DECLINED


def charge_of(state: State, id_: str) -> JsonObject:
    """The charge, or the refusal of an unknown id."""
    charge = state.get("charge", id_)
    if charge is None:
        raise no_such("charge", id_, "charge")
    return charge


def _outcome(network_status: str, reason: str | None, type_: str, seller_message: str) -> JsonObject:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network_status,
        "reason": reason,
        "seller_message": seller_message,
        "type": type_,
    }


def _charge(state: State, session: JsonObject, asked: JsonObject, number: str) -> JsonObject:
    return {
        "object": "charge",
        "amount": session["amount_total"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "TRIBUTARY",
        "captured": False,
        "created": state.now(),
        "currency": session["currency"],
        "customer": None,
        "description": asked["name"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": asked["metadata"],
        "on_behalf_of": None,
        "paid": False,
        "payment_intent": None,
        "payment_method": new_id("pm"),
        "payment_method_details": {"card": {"brand": "visa", "last4": number[-4:]}, "type": "card"},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed",
        "transfer_data": None,
        "transfer_group": None,
    }


def _intent(state: State, session: JsonObject, asked: JsonObject) -> JsonObject:
    return {
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": state.now(),
        "currency": session["currency"],
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "livemode": False,
        "metadata": asked["metadata"],
        "next_action": None,
        "on_behalf_of": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": None,
    }
