"""The platform's balance: its state, top-ups and the transactions that explain it."""

from payouts.sandbox.answers import JsonObject
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

index_transactions = list_endpoint("balance_transaction", "/v1/balance_transactions", ("currency", "source", "type"))
REPORTED_AS = {"transfer_refund": "transfer_reversal", "adjustment": "other_adjustment"}
DAY_S = 24 * 3600
PENDING_DAYS = 2


def retrieve(params: Params) -> Execution:
    """GET /v1/balance: charges are pending until two days later at midnight, all else is available at once."""
    params.only()

    return balance_of


def balance_of(state: State) -> JsonObject:
    """The platform's balance."""
    available, pending = state.available_minor(), state.pending_minor()
    currencies = sorted(available.keys() | pending.keys())
    return {
        "object": "balance",
        "available": [_funds(available.get(currency, 0), currency) for currency in currencies],
        "connect_reserved": [{"amount": 0, "currency": currency} for currency in currencies],
        "livemode": False,
        "pending": [_funds(pending.get(currency, 0), currency) for currency in currencies],
    }


def create_topup(params: Params) -> Execution:
    """POST /v1/topups: the funds are available at once (Stripe's take days)."""
    params.only("amount", "currency", "description", "metadata")
    amount_minor, currency = params.positive_integer("amount"), params.currency("currency")
    description, metadata = params.text("description"), params.metadata()

    def execute(state: State) -> JsonObject:
        id_ = new_id("tu")
        topup = {
            "id": id_,
            "object": "topup",
            "amount": amount_minor,
            "balance_transaction": post_balance_transaction(state, amount_minor, currency, "topup", id_),
            "created": state.now(),
            "currency": currency,
            "description": description,
            "expected_availability_date": state.now(),
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": metadata,
            "source": None,
            "statement_descriptor": None,
            "status": "succeeded",
            "transfer_group": None,
        }
        state.put(topup)
        record_event(state, "topup.succeeded", topup)
        return topup

    return execute


def post_balance_transaction(
    state: State, amount_minor: int, currency: str, type_: str, source: str, fee_minor: int = 0
) -> str:
    """Change the balance by `amount_minor` (negative: money leaves) less a fee, because of `source`; returns its id."""
    transaction = _transaction(state, amount_minor, currency, type_, source, fee_minor)
    state.add_to_available(transaction["net"], currency)
    state.put(transaction)
    return str(transaction["id"])


def post_pending(state: State, amount_minor: int, currency: str, type_: str, source: str, fee_minor: int) -> str:
    """The same of money that comes and is not available yet."""
    available_on = (state.now() // DAY_S + PENDING_DAYS) * DAY_S
    transaction = _transaction(state, amount_minor, currency, type_, source, fee_minor)
    transaction |= {"available_on": available_on, "status": "pending"}
    state.plan(transaction["id"], available_on, currency, transaction["net"])
    state.put(transaction)
    return str(transaction["id"])


def make_available(state: State, transaction: JsonObject) -> None:
    """End the wait for pending money."""
    state.done(transaction["id"])
    state.add_to_available(transaction["net"], transaction["currency"])
    state.put(transaction | {"status": "available"})


def _transaction(state: State, amount_minor: int, currency: str, type_: str, source: str, fee_minor: int) -> JsonObject:
    fee = {
        "amount": fee_minor,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount_minor,
        "available_on": state.now(),
        "balance_type": "payments",
        "created": state.now(),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": fee_minor,
        "fee_details": [fee] if fee_minor else [],
        "net": amount_minor - fee_minor,
        "reporting_category": REPORTED_AS.get(type_, type_),
        "source": source,
        "status": "available",
        "type": type_,
    }


def _funds(amount_minor: int, currency: str) -> JsonObject:
    return {"amount": amount_minor, "currency": currency, "source_types": {"card": amount_minor}}
