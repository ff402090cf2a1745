"""Checkout Sessions of one thing that is paid once, by card (https://docs.stripe.com/api/checkout/sessions)."""

from collections.abc import Callable

from payouts.sandbox.answers import ApiError, JsonObject
from payouts.sandbox.charges import charge_of
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

PAGE_PATH = "/c/pay/"
SHORTEST_S, LONGEST_S = 30 * 60, 24 * 3600
EXPANDED = "payment_intent.latest_charge.balance_transaction"
# What Stripe describes of a session that asks for nothing but money.
NOT_USED = (
    *("after_expiration", "allow_promotion_codes", "billing_address_collection", "client_reference_id"),
    *("client_secret", "collected_information", "consent", "consent_collection", "currency_conversion", "customer"),
    *("customer_account", "customer_details", "customer_email", "discounts", "integration_identifier", "invoice"),
    *("invoice_creation", "locale", "managed_payments", "origin_context", "payment_intent", "payment_link"),
    *("payment_method_configuration_details", "permissions", "recovered_from", "saved_payment_method_options"),
    *("setup_intent", "shipping_address_collection", "shipping_cost", "submit_type", "subscription", "wallet_options"),
)


def create(base_url: str) -> Callable[[Params], Execution]:
    """The endpoint POST /v1/checkout/sessions of a sandbox at `base_url`."""

    def endpoint(params: Params) -> Execution:
        params.only(
            *("adaptive_pricing", "allowed_payment_method_types", "cancel_url", "expires_at", "line_items"),
            *("metadata", "mode", "payment_intent_data", "success_url"),
        )
        if params.required_text("mode") != "payment":
            raise ApiError(400, "The sandbox has no mode but payment.", param="mode")
        name, amount_minor, currency = _line_item(params)
        methods, about_charge = params.group("allowed_payment_method_types"), params.group("payment_intent_data")
        methods.only("0")
        if methods.required_text("0") != "card":
            raise ApiError(400, "The sandbox takes no payment method but card.", param="allowed_payment_method_types")
        about_charge.only("capture_method", "metadata")
        session = _session(amount_minor, currency) | {
            "cancel_url": params.web_url("cancel_url"),
            "expires_at": params.timestamp("expires_at"),
            "metadata": params.metadata(),
            "success_url": params.web_url("success_url"),
        }
        asked = {"name": name, "metadata": about_charge.metadata()}

        def execute(state: State) -> JsonObject:
            _check_expiry(session["expires_at"] - state.now())
            id_ = new_id("cs_test", 58)
            made = session | {"id": id_, "created": state.now(), "url": f"{base_url}{PAGE_PATH}{id_}"}
            state.put(made)
            state.set_control(f"asked:{id_}", asked)
            state.plan(id_, made["expires_at"], currency)
            return made

        return execute

    return endpoint


def retrieve(params: Params, id_: str) -> Execution:
    """GET /v1/checkout/sessions/{id}, with all that was paid where that is asked for."""
    params.only("expand")
    expand = params.group("expand")
    expand.only("0")
    path = expand.text("0")
    if path not in (None, EXPANDED):
        raise ApiError(400, f"This property cannot be expanded: {path}.", param="expand")

    def execute(state: State) -> JsonObject:
        session = existing_session(state, id_)
        return _expanded(state, session) if path and session["payment_intent"] else session

    return execute


def expire(params: Params, id_: str) -> Execution:
    """POST /v1/checkout/sessions/{id}/expire: only an open one."""
    params.only()

    def execute(state: State) -> JsonObject:
        session = existing_session(state, id_)
        if session["status"] != "open":
            raise ApiError(
                400,
                f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status '
                f"of {session['status']}.",
            )
        return close_unpaid(state, session)

    return execute


def existing_session(state: State, id_: str) -> JsonObject:
    """The session, or the refusal of an unknown id in a path."""
    session = state.get("checkout.session", id_)
    if session is None:
        raise ApiError(404, f"No such checkout.session: {id_}", code="resource_missing", param="session")
    return session


def close_unpaid(state: State, session: JsonObject) -> JsonObject:
    """Let an open session expire."""
    expired = session | {"status": "expired", "url": None}
    state.done(session["id"])
    state.put(expired)
    record_event(state, "checkout.session.expired", expired)
    return expired


def complete(state: State, session: JsonObject, payment_intent_id: str) -> None:
    """Note that an open session was paid."""
    completed = session | {
        "payment_intent": payment_intent_id,
        "payment_status": "paid",
        "status": "complete",
        "url": None,
    }
    state.done(session["id"])
    state.put(completed)
    record_event(state, "checkout.session.completed", completed)


def _expanded(state: State, session: JsonObject) -> JsonObject:
    intent = state.get("payment_intent", session["payment_intent"]) or {}
    charge = charge_of(state, intent["latest_charge"])
    transaction = state.get("balance_transaction", charge["balance_transaction"] or "")
    return session | {"payment_intent": intent | {"latest_charge": charge | {"balance_transaction": transaction}}}


def _line_item(params: Params) -> tuple[str, int, str]:
    """Name, price and currency of the one thing."""
    items = params.group("line_items")
    items.only("0")
    item = items.group("0")
    item.only("price_data", "quantity")
    price = item.group("price_data")
    price.only("currency", "product_data", "unit_amount")
    amount_minor = price.positive_integer("unit_amount") * item.positive_integer("quantity")
    return price.group("product_data").required_text("name"), amount_minor, price.currency("currency")


def _check_expiry(lifetime_s: int) -> None:
    if lifetime_s < SHORTEST_S:
        problem = "at least 30 minutes"
    elif lifetime_s > LONGEST_S:
        problem = "less than 24 hours"
    else:
        return
    raise ApiError(
        400, f"The `expires_at` timestamp must be {problem} from Checkout Session creation.", param="expires_at"
    )


def _session(amount_minor: int, currency: str) -> JsonObject:
    return dict.fromkeys(NOT_USED) | {
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": amount_minor,
        "amount_total": amount_minor,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "currency": currency,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": "if_required",
        "livemode": False,
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }
