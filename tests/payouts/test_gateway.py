"""The gateway, with Stripe's own client over HTTP: against the sandbox and, for what may go wrong, canned answers."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket

import pytest

from payouts.gateway import (
    Gateway,
    GatewayBusy,
    GatewayFailed,
    GatewayMisused,
    GatewayRejected,
    GatewayUnknown,
    InsufficientFunds,
    StripeGateway,
    TransferReceipt,
)
from payouts.sandbox import Sandbox, serve
from tests.payouts.sandbox.client import KEY, REFRESH_URL, RETURN_URL, ready_account, visit


def transfer(
    gateway: Gateway, account_id: str, key: str, amount_minor: int = 500, group: str = "run-1"
) -> TransferReceipt:
    return gateway.create_transfer(
        amount_minor=amount_minor,
        currency="usd",
        stripe_account_id=account_id,
        transfer_group=group,
        metadata={"payout": key},
        idempotency_key=key,
    )


def test_a_contributor_can_be_paid_once_they_have_filled_in_the_onboarding_page(gateway: Gateway) -> None:
    gateway.top_up(10_000, "usd", idempotency_key="top-up")
    account = gateway.create_account(
        reference="7", name="Ana Kow", country="US", currency="usd", idempotency_key="account:7"
    )
    assert not account.transfers_enabled
    assert "external_account" in account.requirements
    with pytest.raises(GatewayRejected) as refused:
        transfer(gateway, account.stripe_account_id, "too-early")
    assert refused.value.code == "insufficient_capabilities_for_transfer"

    link = gateway.onboarding_link(account.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)
    status, _, location = visit(link, holder_name="Ana Kow", bank_country="PT")
    assert (status, location) == (303, RETURN_URL)

    ready = gateway.account(account.stripe_account_id)
    assert (ready.country, ready.currency) == ("US", "usd")
    assert ready.transfers_enabled
    assert ready.requirements == ()
    assert transfer(gateway, account.stripe_account_id, "in-time").amount_minor == 500
    assert gateway.available_minor("usd") == 9_500


def test_a_receipt_tells_what_was_paid_to_whom_and_when(gateway: Gateway) -> None:
    gateway.top_up(10_000, "usd", idempotency_key="top-up")
    account = ready_account(gateway)
    receipt = transfer(gateway, account.stripe_account_id, "payout:1")
    assert receipt.stripe_transfer_id.startswith("tr_")
    assert (receipt.amount_minor, receipt.currency) == (500, "usd")
    assert receipt.stripe_account_id == account.stripe_account_id
    assert receipt.metadata == {"payout": "payout:1"}
    assert receipt.created_at.tzinfo is UTC
    assert abs(datetime.now(UTC) - receipt.created_at) < timedelta(minutes=1)
    assert gateway.list_transfers(transfer_group="run-1") == [receipt]


def test_a_key_sent_again_pays_once_even_after_the_sandbox_restarts(tmp_path: Path) -> None:
    state = tmp_path / "stripe.sqlite3"
    with serve(state) as before:
        gateway = StripeGateway(KEY, before.url)
        gateway.top_up(10_000, "usd", idempotency_key="top-up")
        account_id = ready_account(gateway).stripe_account_id
        first = transfer(gateway, account_id, "payout:1")
        assert transfer(gateway, account_id, "payout:1") == first
    with serve(state) as after:
        gateway = StripeGateway(KEY, after.url)
        assert transfer(gateway, account_id, "payout:1") == first
        assert gateway.list_transfers(transfer_group="run-1") == [first]
        second = transfer(gateway, account_id, "payout:2")
        assert gateway.list_transfers(transfer_group="run-1") == [second, first]
        assert gateway.available_minor("usd") == 9_000


def test_an_account_is_opened_once_and_a_top_up_made_once_per_key(gateway: Gateway) -> None:
    assert ready_account(gateway, "7") == ready_account(gateway, "7")
    assert ready_account(gateway, "8") != ready_account(gateway, "7")
    for _ in range(2):
        gateway.top_up(10_000, "usd", idempotency_key="top-up")
    assert gateway.available_minor("usd") == 10_000


def test_the_balance_is_what_came_in_less_what_went_out_per_currency(gateway: Gateway) -> None:
    account_id = ready_account(gateway).stripe_account_id
    gateway.top_up(700, "usd", idempotency_key="a")
    gateway.top_up(1, "usd", idempotency_key="b")
    gateway.top_up(90, "jpy", idempotency_key="c")
    sent_minor = [transfer(gateway, account_id, f"payout:{n}", n).amount_minor for n in range(1, 30)]
    assert gateway.available_minor("usd") == 701 - sum(sent_minor)
    assert gateway.available_minor("jpy") == 90
    assert gateway.available_minor("eur") == 0


def test_every_transfer_of_a_run_is_listed_however_many(gateway: Gateway) -> None:
    gateway.top_up(100_000, "usd", idempotency_key="top-up")
    ana, bo = (ready_account(gateway, name).stripe_account_id for name in ("ana", "bo"))
    to_ana = [transfer(gateway, ana, f"ana:{n}", 1) for n in range(205)]
    to_bo = [transfer(gateway, bo, f"bo:{n}", 1) for n in range(3)]
    transfer(gateway, ana, "another-run", 1, group="run-2")
    assert gateway.list_transfers(transfer_group="run-1") == (to_ana + to_bo)[::-1]
    assert gateway.list_transfers(transfer_group="run-1", stripe_account_id=ana) == to_ana[::-1]
    assert gateway.list_transfers(transfer_group="run-1", stripe_account_id=bo) == to_bo[::-1]
    assert gateway.list_transfers(transfer_group="run-3") == []


def test_a_transfer_beyond_the_balance_is_told_apart_from_other_refusals(gateway: Gateway) -> None:
    gateway.top_up(499, "usd", idempotency_key="top-up")
    account_id = ready_account(gateway).stripe_account_id
    with pytest.raises(InsufficientFunds) as refused:
        transfer(gateway, account_id, "payout:1")
    assert refused.value.code == "balance_insufficient"
    assert gateway.available_minor("usd") == 499


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda gateway: transfer(gateway, "acct_unknown", "k"), "resource_missing"),
        (lambda gateway: transfer(gateway, "acct_unknown", "k", amount_minor=0), "parameter_invalid_integer"),
        (lambda gateway: transfer(gateway, "acct_unknown", "k", amount_minor=-5), "parameter_invalid_integer"),
        (lambda gateway: gateway.account("acct_unknown"), "account_invalid"),
    ],
)
def test_what_can_never_succeed_is_rejected_with_stripes_code(
    gateway: Gateway, call: Callable[[Gateway], object], code: str
) -> None:
    with pytest.raises(GatewayRejected) as refused:
        call(gateway)
    assert refused.value.code == code


def test_a_wrong_api_key_stops_the_run(sandbox: Sandbox) -> None:
    with pytest.raises(GatewayMisused, match="sk_test_"):
        StripeGateway("sk_live_1", sandbox.url).available_minor("usd")


def test_a_key_reused_for_another_transfer_stops_the_run_and_pays_nobody(gateway: Gateway) -> None:
    gateway.top_up(10_000, "usd", idempotency_key="top-up")
    account_id = ready_account(gateway).stripe_account_id
    first = transfer(gateway, account_id, "payout:1")
    with pytest.raises(GatewayMisused, match="payout:1"):
        transfer(gateway, account_id, "payout:1", amount_minor=501)
    assert gateway.list_transfers(transfer_group="run-1") == [first]


def test_a_server_that_is_not_there_leaves_the_outcome_unknown() -> None:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(GatewayUnknown, match="refused"):
            transfer(StripeGateway(KEY, url), "acct_1", "payout:1")


def test_a_connection_dropped_after_the_request_leaves_the_outcome_unknown() -> None:
    with canned(None) as server, pytest.raises(GatewayUnknown):
        transfer(StripeGateway(KEY, server.url), "acct_1", "payout:1")
    assert server.paths == ["/v1/transfers"]


def test_an_answer_that_does_not_come_leaves_the_outcome_unknown() -> None:
    with socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started_at = time.monotonic()
        with pytest.raises(GatewayUnknown, match="timed out"):
            transfer(StripeGateway(KEY, url, read_timeout_s=0.2), "acct_1", "payout:1")
        assert time.monotonic() - started_at < 2


ERROR = {"type": "invalid_request_error", "message": "canned"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, json.dumps({"error": ERROR}), GatewayBusy),
        (429, json.dumps({"error": ERROR | {"code": "lock_timeout"}}), GatewayBusy),
        (400, json.dumps({"error": ERROR | {"code": "rate_limit"}}), GatewayBusy),
        (409, json.dumps({"error": ERROR | {"type": "idempotency_error"}}), GatewayBusy),
        (400, json.dumps({"error": ERROR | {"type": "idempotency_error"}}), GatewayMisused),
        (401, json.dumps({"error": ERROR}), GatewayMisused),
        (403, json.dumps({"error": ERROR}), GatewayMisused),
        (403, json.dumps({"error": ERROR | {"code": "account_invalid"}}), GatewayRejected),
        (400, json.dumps({"error": ERROR}), GatewayRejected),
        (500, json.dumps({"error": ERROR | {"type": "api_error"}}), GatewayFailed),
        (502, "<html>Bad gateway</html>", GatewayFailed),
        (424, json.dumps({"error": ERROR | {"type": "api_error"}}), GatewayUnknown),
        (200, "not json", GatewayUnknown),
    ],
)
def test_each_answer_says_what_may_be_done_next_and_nothing_is_resent(
    status: int, body: str, expected: type[Exception]
) -> None:
    with canned((status, body)) as server, pytest.raises(expected) as raised:
        transfer(StripeGateway(KEY, server.url), "acct_1", "payout:1")
    assert raised.type is expected
    assert server.paths == ["/v1/transfers"]


TRANSFER = {
    "id": "tr_1",
    "object": "transfer",
    "amount": 500,
    "amount_reversed": 0,
    "created": 1,
    "currency": "usd",
    "destination": "acct_1",
    "metadata": {},
}


def test_calls_share_a_connection_but_never_with_a_forked_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    with canned((200, json.dumps(TRANSFER))) as server:
        gateway = StripeGateway(KEY, server.url)
        transfer(gateway, "acct_1", "payout:1")
        transfer(gateway, "acct_1", "payout:2")
        forked_pid = os.getpid() + 1
        monkeypatch.setattr(os, "getpid", lambda: forked_pid)
        transfer(gateway, "acct_1", "payout:3")
    assert server.client_ports[0] == server.client_ports[1]
    assert server.client_ports[1] != server.client_ports[2]


@dataclass
class Canned:
    """A server, and the path and client port of each request that it received."""

    url: str
    paths: list[str]
    client_ports: list[int]


@contextmanager
def canned(answer: tuple[int, str] | None) -> Iterator[Canned]:
    """A server that gives every request this answer, or drops it."""
    received = Canned("", [], [])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            received.paths.append(self.path)
            received.client_ports.append(self.client_address[1])
            self.rfile.read(int(self.headers["Content-Length"]))
            if answer is None:
                self.close_connection = True
                return
            body = answer[1].encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object, **kwargs: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
