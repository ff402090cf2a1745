"""Webhooks: told in the same transaction as what happened, signed, tried again, and never into a network of ours."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from marketplace import webhook_sending
from marketplace.core.webhooks import WAITS, Event, is_public
from marketplace.models import Contributor, Customer, User, WebhookDelivery, WebhookEndpoint
from marketplace.webhook_outbox import add_endpoint
from marketplace.webhook_sending import forget_deliveries, send_due
from payouts.gateway import StripeGateway
from payouts.models import PayoutRun
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from tests.api.asking import Asker, log_in
from tests.builders import CLOSED_AT, jpeg_bytes, make_attributed_downloads, make_closed_month, make_picture, submit
from tests.payouts.conftest import gateway, run, sandbox
from tests.payouts.paying import AT, fund

__all__ = ["gateway", "run", "sandbox"]


class Receiver(ThreadingHTTPServer):
    """A real server that keeps what it is sent and answers with a status."""

    status = 200
    location = ""
    drips = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook?from=tributary"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        if self.server.drips:
            self._drip()
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def _drip(self) -> None:
        """Answer a byte at a time, never silent for long."""
        with suppress(OSError):
            for _ in range(200):
                self.wfile.write(b"H")
                time.sleep(0.05)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def _trying_out(settings: Settings) -> None:
    settings.DEBUG = True  # without it the receiver, which is on this machine, is not reached


def listen(person: Contributor, url: str, *events: Event) -> WebhookEndpoint:
    assert person.user is not None
    return add_endpoint(person.user, url, events or list(Event), timezone.now())


def at(moment: datetime) -> bool:
    return send_due(lambda: moment)


@pytest.mark.usefixtures("_trying_out")
def test_a_decided_upload_is_told_with_a_signature_that_fits(ana: Contributor, receiver: Receiver) -> None:
    endpoint, now = listen(ana, receiver.url), timezone.now()
    submitted = submit(ana, jpeg_bytes(make_picture()), at=now)
    at(now)
    ((headers, body),) = receiver.received
    told = json.loads(body)
    assert (told["event"], told["data"]["submission"], told["data"]["verdict"]) == (
        "upload.decided",
        submitted.pk,
        "accept",
    )
    signed_at, signature = (part.partition("=")[2] for part in headers["Tributary-Signature"].split(","))
    expected = hmac.new(endpoint.secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signature, expected)
    assert int(signed_at) == int(now.timestamp())
    at(now + timedelta(days=1))
    assert len(receiver.received) == 1  # what was taken does not come again
    assert WebhookDelivery.objects.get().taken_at == now


@pytest.mark.usefixtures("_trying_out")
def test_what_is_not_taken_comes_again_later_and_later_and_is_then_given_up(
    ana: Contributor, receiver: Receiver
) -> None:
    listen(ana, receiver.url)
    receiver.status = 500
    now = timezone.now()
    submit(ana, b"not a picture", at=now)
    for wait in WAITS:
        at(now)
        at(now)  # before its time nothing comes
        assert WebhookDelivery.objects.get().next_try_at == now + wait
        now += wait
    at(now)
    at(now + timedelta(days=30))
    delivery = WebhookDelivery.objects.get()
    assert len(receiver.received) == len(WAITS) + 1 == delivery.try_count
    assert (delivery.next_try_at, delivery.taken_at) == (None, None)
    assert "500" in delivery.problem
    assert len({body for _, body in receiver.received}) == 1  # the same id, by which it is known again


@pytest.mark.usefixtures("_trying_out")
def test_a_redirect_is_not_followed(ana: Contributor, receiver: Receiver) -> None:
    listen(ana, receiver.url)
    receiver.status, receiver.location = 307, receiver.url
    submit(ana, b"not a picture")
    at(timezone.now())
    assert len(receiver.received) == 1
    assert "307" in WebhookDelivery.objects.get().problem


@pytest.mark.usefixtures("_trying_out")
def test_an_endpoint_that_is_not_there_keeps_no_other_waiting(ana: Contributor, receiver: Receiver) -> None:
    listen(ana, "http://127.0.0.1:1/")
    listen(ana, receiver.url)
    submit(ana, b"not a picture")
    at(timezone.now())
    assert len(receiver.received) == 1
    assert WebhookDelivery.objects.get(taken_at=None).problem


@pytest.mark.usefixtures("_trying_out")
def test_an_endpoint_that_answers_a_byte_at_a_time_is_cut_off(
    ana: Contributor, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_sending, "ANSWER_S", 0.3)
    listen(ana, receiver.url)
    receiver.drips = True
    submit(ana, b"not a picture")
    at(timezone.now())
    delivery = WebhookDelivery.objects.get()
    assert (delivery.taken_at, delivery.try_count) == (None, 1)
    assert delivery.problem == "It took more than 0.3 seconds to answer."


def test_nothing_reaches_a_network_of_ours(ana: Contributor, receiver: Receiver, settings: Settings) -> None:
    for url in ("https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest/"):
        listen(ana, url)
    settings.DEBUG = True
    listen(ana, receiver.url)  # from the days when things were tried out
    settings.DEBUG = False
    submit(ana, b"not a picture")
    at(timezone.now())
    problems = set(WebhookDelivery.objects.filter(taken_at=None).values_list("problem", flat=True))
    assert WebhookDelivery.objects.filter(taken_at=None, try_count=1).count() == 5
    assert problems <= {
        "Its name leads to an address that is not on the open internet.",
        "Give an https:// address without a user name or password in it.",
    }
    assert receiver.received == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.2.3", "192.168.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
        *("::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "64:ff9b:1::1"),
    ],
)
def test_private_addresses_are_told_from_public_ones(address: str) -> None:
    assert not is_public(address)
    assert is_public("1.1.1.1")
    assert is_public("2606:4700::1111")


@pytest.mark.usefixtures("_trying_out")
def test_deliveries_are_forgotten_a_month_after_they_were_taken(ana: Contributor, receiver: Receiver) -> None:
    listen(ana, receiver.url)
    now = timezone.now()
    submit(ana, b"not a picture", at=now)
    forget_deliveries(now + timedelta(days=31))
    assert WebhookDelivery.objects.count() == 1  # it still waits
    at(now)
    forget_deliveries(now + timedelta(days=29))
    assert WebhookDelivery.objects.count() == 1
    forget_deliveries(now + timedelta(days=31))
    assert WebhookDelivery.objects.count() == 0


def test_what_is_rolled_back_is_not_told(ana: Contributor) -> None:
    listen(ana, "https://example.org/")

    def submit_and_fail() -> None:
        with transaction.atomic():
            submit(ana, b"not a picture")
            assert WebhookDelivery.objects.count() == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        submit_and_fail()
    assert WebhookDelivery.objects.count() == 0


def test_statements_are_told_to_each_who_asked_with_their_own_figures(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> None:
    listen(ana, "https://example.org/", Event.STATEMENT_ISSUED)
    listen(ben, "https://example.org/", Event.PAYOUT_SENT)
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)
    told = json.loads(WebhookDelivery.objects.get().body)["data"]
    statement = ana.statements.get()
    assert told == {
        "month": "2026-10",
        "currency": "USD",
        "earned_micro": statement.earned_micro,
        "closing_micro": statement.closing_micro,
        "leaf_sha256": statement.leaf_sha256,
    }


def test_a_payout_that_is_sent_is_told(run: PayoutRun, gateway: StripeGateway, ana: Contributor) -> None:
    listen(ana, "https://example.org/")
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    delivery = WebhookDelivery.objects.get()
    assert delivery.event == "payout.sent"
    assert json.loads(delivery.body)["data"]["amount_minor"] == 1_234


def test_a_payout_that_is_held_is_told_with_its_reason_once_the_run_is_approved(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> None:
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)
    listen(ana, "https://example.org/", Event.PAYOUT_HELD)
    drafted = draft_payout_run(fay, CLOSED_AT)
    assert WebhookDelivery.objects.count() == 0
    approve_payout_run(drafted.pk, finn, CLOSED_AT)
    assert json.loads(WebhookDelivery.objects.get().body)["data"]["reason"] == "no_connected_account"


def test_endpoints_are_added_listed_and_removed_by_their_user_alone(ana: Contributor, ben: Contributor) -> None:
    asker, body = Asker(ana), {"url": "https://example.org/hook", "events": ["payout.sent"]}
    added = asker.post("webhook-endpoints/", body)
    assert added.status_code == 201
    assert added.json()["secret"].startswith("whsec_")
    (listed,) = asker.get("webhook-endpoints/").json()["results"]
    assert "secret" not in listed
    assert asker.post("webhook-endpoints/", body).status_code == 409
    for url in ("http://example.org/", "https://a:b@example.org/", "https://example.org:99999/", "ftp://example.org/"):
        assert asker.post("webhook-endpoints/", body | {"url": url}).status_code == 400
    stranger = Asker(ben)
    assert stranger.get("webhook-endpoints/").json()["results"] == []
    assert stranger.delete(f"webhook-endpoints/{listed['id']}/").status_code == 404
    submit(ana, b"not a picture")
    assert asker.get("webhook-deliveries/").json()["results"] == []  # it asked for payouts only
    assert asker.delete(f"webhook-endpoints/{listed['id']}/").status_code == 204
    assert WebhookEndpoint.objects.count() == 0


@pytest.mark.usefixtures("_trying_out")
def test_the_page_adds_an_address_shows_what_became_of_deliveries_and_removes_it(
    client: Client, ana: Contributor, ben: Contributor, receiver: Receiver
) -> None:
    log_in(client, ana)
    form = {"url": receiver.url, "events": ["upload.decided"]}
    page = client.post("/webhook-endpoints/", form, follow=True).content.decode()
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret in page
    assert client.post("/webhook-endpoints/", form).status_code == 400
    receiver.status = 404
    submit(ana, b"not a picture")
    at(timezone.now())
    assert "It answered with status 404" in client.get("/webhook-endpoints/").content.decode()
    (delivery,) = Asker(ana).get("webhook-deliveries/", is_waiting="true").json()["results"]
    assert delivery["try_count"] == 1
    log_in(client, ben)
    assert client.post(f"/webhook-endpoints/{endpoint.pk}/remove/").status_code == 404
    assert endpoint.secret not in client.get("/webhook-endpoints/").content.decode()
    log_in(client, ana)
    assert "told nothing more" in client.post(f"/webhook-endpoints/{endpoint.pk}/remove/", follow=True).content.decode()
