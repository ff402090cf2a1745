"""The same key gives the same answer; different keys together never spend more than there is."""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import pytest

from payouts.gateway import StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.sandbox.client import call, transfers


def test_a_repeated_key_gives_the_first_answer_and_says_so(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    first = call(sandbox, "POST", "/v1/transfers", transfer, key="k")
    again = call(sandbox, "POST", "/v1/transfers", dict(reversed(transfer.items())), key="k")
    assert again.body == first.body
    assert first.headers["Idempotent-Replayed"] is None
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(transfers(sandbox)) == 1


def test_a_key_used_with_other_parameters_is_refused_and_does_nothing(
    sandbox: Sandbox, transfer: dict[str, Any]
) -> None:
    call(sandbox, "POST", "/v1/transfers", transfer, key="k")
    refused = call(sandbox, "POST", "/v1/transfers", {**transfer, "amount": 400}, key="k")
    assert (refused.status, refused.body["error"]["type"]) == (400, "idempotency_error")
    assert [sent["amount"] for sent in transfers(sandbox)] == [500]


def test_a_key_used_at_another_endpoint_is_refused_even_with_the_same_parameters(sandbox: Sandbox) -> None:
    fields = {"amount": 400, "currency": "usd"}
    assert call(sandbox, "POST", "/v1/topups", fields, key="k").status == 200
    assert call(sandbox, "POST", "/v1/transfers", fields, key="k").body["error"]["type"] == "idempotency_error"


def test_a_refusal_that_began_executing_is_remembered_under_its_key(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]
) -> None:
    beyond = {**transfer, "amount": 1001}
    assert call(sandbox, "POST", "/v1/transfers", beyond, key="k").code == "balance_insufficient"
    gateway.top_up(1, "usd", idempotency_key="one more")
    again = call(sandbox, "POST", "/v1/transfers", beyond, key="k")
    assert (again.code, again.headers["Idempotent-Replayed"]) == ("balance_insufficient", "true")
    assert call(sandbox, "POST", "/v1/transfers", beyond, key="k+1").status == 200


def test_a_request_that_fails_validation_leaves_its_key_unused(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    assert call(sandbox, "POST", "/v1/transfers", {**transfer, "amount": "x"}, key="k").status == 400
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").status == 200


def test_a_failure_inside_the_sandbox_moves_nothing_and_is_remembered(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(sandbox.api.state, "put", lambda item: 1 / 0)
        failed = call(sandbox, "POST", "/v1/transfers", transfer, key="k")
    assert (failed.status, failed.body["error"]["type"]) == (500, "api_error")
    assert gateway.available_minor("usd") == 1000
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").status == 500
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k+1").status == 200


def test_a_key_in_flight_is_answered_with_a_conflict_and_executed_once(
    sandbox: Sandbox, transfer: dict[str, Any]
) -> None:
    with ThreadPoolExecutor(2) as pool:
        with sandbox.api.state.transaction():  # nobody else can execute meanwhile
            both = [pool.submit(call, sandbox, "POST", "/v1/transfers", transfer, key="k") for _ in range(2)]
            (conflict,), (executed,) = wait(both, timeout=10, return_when=FIRST_COMPLETED)
            assert (conflict.result().status, conflict.result().code) == (409, "idempotency_key_in_use")
        assert executed.result().status == 200
    assert len(transfers(sandbox)) == 1
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").body == executed.result().body


def test_many_at_once_cannot_spend_more_than_the_balance(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]
) -> None:
    def attempt(n: int) -> str | None:
        reply = call(sandbox, "POST", "/v1/transfers", {**transfer, "amount": 300}, key=f"k{n}")
        return None if reply.status == 200 else reply.code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(attempt, range(8)))
    assert sorted(codes, key=str) == [None] * 3 + ["balance_insufficient"] * 5
    assert gateway.available_minor("usd") == 100
