"""Reversals: money comes back to the balance once, never more than was sent."""

from typing import Any

from payouts.gateway import StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.sandbox.client import call, control


def test_a_reversal_brings_the_money_back_and_shows_on_the_transfer(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]
) -> None:
    sent = call(sandbox, "POST", "/v1/transfers", transfer).body["id"]
    first = call(sandbox, "POST", f"/v1/transfers/{sent}/reversals", {"amount": 200}).body
    assert gateway.available_minor("usd") == 700
    after = call(sandbox, "GET", f"/v1/transfers/{sent}").body
    assert (after["amount_reversed"], after["reversed"], after["reversals"]["data"]) == (200, False, [first])
    call(sandbox, "POST", f"/v1/transfers/{sent}/reversals")
    assert call(sandbox, "GET", f"/v1/transfers/{sent}").body["reversed"]
    assert gateway.available_minor("usd") == 1000
    (newest, _, _) = call(sandbox, "GET", "/v1/balance_transactions").body["data"][:3]
    assert (newest["type"], newest["reporting_category"], newest["net"]) == (
        "transfer_refund",
        "transfer_reversal",
        300,
    )


def test_no_more_comes_back_than_was_sent(sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]) -> None:
    sent = call(sandbox, "POST", "/v1/transfers", transfer).body["id"]
    assert call(sandbox, "POST", f"/v1/transfers/{sent}/reversals", {"amount": 501}).status == 400
    call(sandbox, "POST", f"/v1/transfers/{sent}/reversals")
    assert call(sandbox, "POST", f"/v1/transfers/{sent}/reversals").status == 400
    assert call(sandbox, "POST", "/v1/transfers/tr_unknown/reversals").status == 404
    assert gateway.available_minor("usd") == 1000


def test_reversals_are_listed_by_their_transfer(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    ids = [call(sandbox, "POST", "/v1/transfers", transfer | {"amount": 100}).body["id"] for _ in range(2)]
    made = [call(sandbox, "POST", f"/v1/transfers/{id_}/reversals", {"amount": 1}).body for id_ in ids]
    listed = call(sandbox, "GET", f"/v1/transfers/{ids[0]}/reversals").body
    assert (listed["data"], listed["url"]) == ([made[0]], f"/v1/transfers/{ids[0]}/reversals")
    assert call(sandbox, "GET", f"/v1/transfers/{ids[0]}/reversals/{made[1]['id']}").status == 404


def test_money_may_leave_and_come_without_a_call_of_ours(sandbox: Sandbox, gateway: StripeGateway) -> None:
    gateway.top_up(1000, "usd", idempotency_key="top-up")
    control(sandbox, "balance", change_minor=-400, currency="usd")
    assert gateway.available_minor("usd") == 600
