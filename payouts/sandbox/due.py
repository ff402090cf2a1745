"""What happens at Stripe by itself when its time has come: open sessions expire, pending money becomes available."""

from payouts.sandbox.answers import JsonObject
from payouts.sandbox.balance import balance_of, make_available
from payouts.sandbox.checkout import close_unpaid
from payouts.sandbox.events import record_event
from payouts.sandbox.state import State


def catch_up(state: State) -> None:
    """Do all that is due by now, within the caller's transaction."""
    transactions = []
    for id_ in state.due():
        session = state.get("checkout.session", id_)
        if session:
            close_unpaid(state, session)
        else:
            transactions.append(id_)
    if transactions:
        _make_available(state, transactions)


def settle_pending(state: State) -> JsonObject:
    """Make all that is pending available now, as a lever; returns the balance."""
    with state.transaction():
        _make_available(state, state.pending())
        return balance_of(state)


def _make_available(state: State, ids: list[str]) -> None:
    for id_ in ids:
        transaction = state.get("balance_transaction", id_)
        assert transaction is not None
        make_available(state, transaction)
    record_event(state, "balance.available", balance_of(state))
