"""The platform's balance: its state, top-ups and the transactions that explain it."""

from payouts.sandbox.answers import JsonObject
from payouts.sandbox.events import record_event
from payouts.sandbox.idempotency import Execution
from payouts.sandbox.lists import list_endpoint
from payouts.sandbox.params import Params
from payouts.sandbox.state import State, new_id

index_transactions = list_endpoint("balance_transaction", "/v1/balance_transactions", ("currency", "source", "type"))
REPORTED_AS = {"transfer_refund": "transfer_reversal", "adjustment": "other_adjustment"}


def retrieve(params: Params) -> Execution:
    """GET /v1/balance: everything is available at once, nothing is ever pending."""
    params.only()

    def execute(state: State) -> JsonObject:
        available = state.available_minor()
        return {
            "object": "balance",
            "available": [_funds(amount_minor, currency) for currency, amount_minor in available.items()],
            "connect_reserved": [{"amount": 0, "currency": currency} for currency in available],
            "livemode": False,
            "pending": [_funds(0, currency) for currency in available],
        }

    return execute


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


def post_balance_transaction(state: State, amount_minor: int, currency: str, type_: str, source: str) -> str:
    """Change the balance by `amount_minor` (negative: money leaves) because of `source`; the transaction's id."""
    transaction = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount_minor,
        "available_on": state.now(),
        "balance_type": "payments",
        "created": state.now(),
        "currency": currency,
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount_minor,
        "reporting_category": REPORTED_AS.get(type_, type_),
        "source": source,
        "status": "available",
        "type": type_,
    }
    state.add_to_available(amount_minor, currency)
    state.put(transaction)
    return str(transaction["id"])


def _funds(amount_minor: int, currency: str) -> JsonObject:
    return {"amount": amount_minor, "currency": currency, "source_types": {"card": amount_minor}}
