"""Webhooks of the sandbox, received by a server of ours and verified with Stripe's own client."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from payouts.gateway import StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.sandbox.client import call, control, ready_account

SECRET = "whsec_test"


@dataclass
class Receiver:
    """What was received, and the status that is answered."""

    url: str = ""
    status: int = 200
    received: list[tuple[bytes, str]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def wait_for(self, count: int) -> list[str]:
        for _ in range(count):
            assert self.arrived.acquire(timeout=10)
        return [json.loads(payload)["type"] for payload, _ in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"]))
            told.received.append((payload, self.headers["Stripe-Signature"]))
            self.send_response(told.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            told.arrived.release()

        def log_message(self, *args: object, **kwargs: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()


def verified(received: tuple[bytes, str]) -> bool:
    try:
        stripe.Webhook.construct_event(*received, SECRET)
    except stripe.SignatureVerificationError:
        return False
    return True


def test_every_event_is_sent_signed_and_in_order(sandbox: Sandbox, gateway: StripeGateway, receiver: Receiver) -> None:
    control(sandbox, "webhooks", url=receiver.url, secret=SECRET)
    account = ready_account(gateway)
    gateway.top_up(1, "usd", idempotency_key="t")
    assert receiver.wait_for(2) == ["account.updated", "topup.succeeded"]
    assert all(verified(one) for one in receiver.received)
    assert json.loads(receiver.received[0][0])["account"] == account.stripe_account_id


def test_what_was_not_taken_is_sent_again(sandbox: Sandbox, gateway: StripeGateway, receiver: Receiver) -> None:
    control(sandbox, "webhooks", url=receiver.url, secret=SECRET)
    receiver.status = 500
    gateway.top_up(1, "usd", idempotency_key="a")
    receiver.wait_for(1)
    receiver.status = 200
    gateway.top_up(1, "usd", idempotency_key="b")
    receiver.wait_for(2)
    ids = [json.loads(payload)["id"] for payload, _ in receiver.received]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize(
    ("manner", "is_verified"),
    [("again", True), ("reordered", True), ("late", False), ("forged", False), ("altered", False)],
)
def test_events_are_sent_once_more_on_demand(
    sandbox: Sandbox, gateway: StripeGateway, receiver: Receiver, manner: str, is_verified: bool
) -> None:
    control(sandbox, "webhooks", url=receiver.url, secret=SECRET)
    for n in range(5):
        gateway.top_up(1, "usd", idempotency_key=str(n))
    receiver.wait_for(5)
    answers: dict[str, Any] = control(sandbox, "deliveries", manner=manner, seed=3)
    assert answers == {"statuses": [200] * 5}
    first, again = receiver.received[:5], receiver.received[5:]
    assert [verified(one) for one in again] == [is_verified] * 5
    ids = [[json.loads(payload)["id"] for payload, _ in part] for part in (first, again)]
    assert sorted(ids[0]) == sorted(ids[1])
    assert (ids[0] == ids[1]) == (manner != "reordered")


def test_the_events_are_listed_whether_or_not_they_are_sent(sandbox: Sandbox, gateway: StripeGateway) -> None:
    account = ready_account(gateway).stripe_account_id
    control(sandbox, "account", account=account, transfers="inactive", currently_due=["individual.id_number"])
    assert not gateway.account(account).transfers_enabled
    newest = call(sandbox, "GET", "/v1/events", {"type": "account.updated"}).body["data"][0]
    assert newest["data"]["object"]["requirements"]["currently_due"] == ["individual.id_number"]
    assert call(sandbox, "GET", f"/v1/events/{newest['id']}").body == newest
    assert call(sandbox, "GET", "/v1/events/evt_unknown").status == 404
