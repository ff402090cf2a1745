"""Webhooks: only what Stripe signed just now is taken, once, and its object is asked for again."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from marketplace.models import Contributor
from payouts import tasks
from payouts.core.states import PayoutState
from payouts.gateway import Gateway, GatewayRejected, GatewayUnknown, SignatureInvalid
from payouts.models import ConnectedAccount, PayoutRun, Reversal, WebhookEvent
from payouts.onboarding import refresh_account
from payouts.sandbox import Sandbox
from payouts.sandbox.deliveries import signature
from payouts.sending import send_payout_run
from payouts.webhooks import WebhookRefused, handle_events, receive
from tests.broker import broker_away
from tests.builders import make_connected_account
from tests.payouts.paying import AT, fund, onboard, payable_micro
from tests.payouts.sandbox.client import KEY, call, control

SECRET = "whsec_test"
MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db(transaction=True)


def event(kind: str, object_id: str, id_: str = "evt_1", account: str | None = None) -> dict[str, Any]:
    made = {"id": id_, "object": "event", "type": kind, "created": 1, "data": {"object": {"id": object_id}}}
    return made if account is None else made | {"account": account}


def signed(made: dict[str, Any], at: datetime = AT, secret: str = SECRET) -> tuple[bytes, str]:
    payload = json.dumps(made).encode()
    return payload, signature(payload, secret, int(at.timestamp()))


def told(gateway: Gateway, *events: dict[str, Any], at: datetime = AT) -> None:
    for one in events:
        receive(*signed(one, at), SECRET, at)
    handle_events(gateway, at)


def test_an_event_is_stored_once_however_often_it_comes() -> None:
    body = signed(event("account.updated", "acct_1"))
    assert receive(*body, SECRET, AT)
    assert not receive(*body, SECRET, AT + MINUTE)
    stored = WebhookEvent.objects.get()
    assert (stored.stripe_event_id, stored.kind, stored.stripe_object_id) == ("evt_1", "account.updated", "acct_1")
    assert (stored.received_at, stored.handled_at) == (AT, None)


@pytest.mark.parametrize(
    "off", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1), timedelta(days=365)]
)
def test_an_event_that_was_not_signed_just_now_is_refused_whether_late_or_from_the_future(off: timedelta) -> None:
    with pytest.raises(WebhookRefused, match="too far from now"):
        receive(*signed(event("account.updated", "acct_1"), AT + off), SECRET, AT)
    assert not WebhookEvent.objects.exists()
    assert receive(*signed(event("account.updated", "acct_1"), AT - 5 * MINUTE), SECRET, AT)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, header: (body, ""),
        lambda body, header: (body, "nonsense"),
        lambda body, header: (body + b" ", header),
        lambda body, header: (body, header.replace("t=", "t=1")),
        lambda body, header: (body, f"{header},t={int(AT.timestamp()) + 1}"),
        lambda body, header: (b"\xff", header),
        lambda body, header: signed(event("account.updated", "acct_1"), secret="whsec_another"),
    ],
    ids=["unsigned", "nonsense", "altered", "redated", "two times", "not text", "another secret"],
)
def test_what_stripe_did_not_sign_is_refused(spoil: Callable[[bytes, str], tuple[bytes, str]]) -> None:
    with pytest.raises(SignatureInvalid, match="not Stripe's"):
        receive(*spoil(*signed(event("account.updated", "acct_1"))), SECRET, AT)
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("body", [[], "text", {}, {"id": "evt_1", "type": "x"}])
def test_what_is_signed_and_no_event_is_refused(body: Any) -> None:
    with pytest.raises(WebhookRefused, match="not an event"):
        receive(*signed(body), SECRET, AT)


def test_an_account_is_asked_for_again_and_the_event_not_believed(
    sandbox: Sandbox, gateway: Gateway, ana: Contributor
) -> None:
    connected = onboard(ana, gateway)
    id_ = connected.stripe_account_id
    told(gateway, event("account.updated", id_) | {"capabilities": {"transfers": "inactive"}}, at=AT + MINUTE)
    connected.refresh_from_db()
    assert connected.transfers_enabled
    control(sandbox, "account", account=id_, transfers="inactive", currently_due=["individual.id_number"])
    told(gateway, event("capability.updated", "transfers", "evt_2", account=id_), at=AT + 2 * MINUTE)
    connected.refresh_from_db()
    assert (connected.transfers_enabled, connected.requirements) == (False, ["individual.id_number"])
    assert not WebhookEvent.objects.filter(handled_at=None).exists()


def test_an_older_answer_never_replaces_a_newer_one(sandbox: Sandbox, gateway: Gateway, ana: Contributor) -> None:
    connected = onboard(ana, gateway)
    control(sandbox, "account", account=connected.stripe_account_id, transfers="inactive", currently_due=[])
    refresh_account(connected, gateway, AT + MINUTE)
    control(sandbox, "account", account=connected.stripe_account_id, transfers="active", currently_due=[])
    assert not refresh_account(connected, gateway, AT).transfers_enabled  # asked before the other was
    assert refresh_account(connected, gateway, AT + MINUTE).transfers_enabled


def test_an_account_that_is_taken_from_us_takes_no_transfers(gateway: Gateway, ana: Contributor) -> None:
    lost = make_connected_account(ana)  # Stripe has never heard of it
    told(gateway, event("account.application.deauthorized", "ca_1", account=lost.stripe_account_id), at=AT + MINUTE)
    assert not ConnectedAccount.objects.get(pk=lost.pk).transfers_enabled


def test_what_came_back_at_stripe_is_recorded_once_in_whatever_order_its_events_come(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, ana: Contributor
) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    payout = run.payouts.get(contributor=ana)
    id_ = payout.transfer.stripe_transfer_id
    for amount_minor in (234, 1_000):
        call(sandbox, "POST", f"/v1/transfers/{id_}/reversals", {"amount": amount_minor})
    told(gateway, event("transfer.reversed", id_, "evt_b"), event("transfer.reversed", id_, "evt_a"))
    told(gateway, event("transfer.reversed", id_, "evt_c"), event("transfer.created", id_, "evt_d"))
    assert sorted(Reversal.objects.values_list("amount_minor", flat=True)) == [234, 1_000]
    payout.refresh_from_db()
    assert payout.state == PayoutState.REVERSED
    assert payable_micro(ana) == 12_345_678


def test_an_event_about_what_is_not_ours_is_stored_and_changes_nothing(gateway: Gateway) -> None:
    told(gateway, event("transfer.reversed", "tr_other"), event("account.updated", "acct_other", "evt_2"))
    assert WebhookEvent.objects.filter(handled_at=AT).count() == 2


def test_an_event_that_stripe_will_not_explain_keeps_no_later_one_waiting(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    payout = run.payouts.select_related("connected_account", "transfer").get(contributor=ana)
    assert payout.connected_account is not None
    id_ = payout.connected_account.stripe_account_id
    control(sandbox, "account", account=id_, transfers="inactive", currently_due=[])
    gone = GatewayRejected("resource_missing", "No such transfer")
    monkeypatch.setattr(gateway, "list_reversals", lambda id_: (_ for _ in ()).throw(gone))
    back = event("transfer.reversed", payout.transfer.stripe_transfer_id)
    told(gateway, back, event("account.updated", id_, "evt_2"), at=AT + MINUTE)
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    assert not ConnectedAccount.objects.get(stripe_account_id=id_).transfers_enabled


def test_an_event_is_handled_later_where_stripe_does_not_answer(
    gateway: Gateway, ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = onboard(ana, gateway)
    with monkeypatch.context() as down, pytest.raises(GatewayUnknown):
        down.setattr(gateway, "account", lambda id_: (_ for _ in ()).throw(GatewayUnknown("down")))
        told(gateway, event("account.updated", connected.stripe_account_id))
    assert WebhookEvent.objects.get().handled_at is None
    assert handle_events(gateway, AT) == 1
    assert handle_events(gateway, AT) == 0


@pytest.fixture
def asked(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The page's settings, and how often the worker was asked to handle events."""
    settings.STRIPE_WEBHOOK_SECRET = SECRET
    asked_for: list[str] = []
    monkeypatch.setattr(tasks.handle_webhooks, "delay", lambda: asked_for.append("handle"))
    return asked_for


def test_stripe_is_answered_200_whether_the_event_is_new_or_known(client: Client, asked: list[str]) -> None:
    payload, header = signed(event("account.updated", "acct_1"), timezone.now())
    for _ in range(2):
        answer = client.post(
            "/webhooks/stripe/", payload, content_type="application/json", headers={"Stripe-Signature": header}
        )
        assert answer.status_code == 200
    assert asked == ["handle"]


def test_where_the_broker_is_away_a_webhook_is_kept_and_handled_later(
    client: Client, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.handle_webhooks, "delay", broker_away)
    payload, header = signed(event("account.updated", "acct_1"), timezone.now())
    answer = client.post(
        "/webhooks/stripe/", payload, content_type="application/json", headers={"Stripe-Signature": header}
    )
    assert answer.status_code == 200
    assert WebhookEvent.objects.get().handled_at is None


def test_a_webhook_without_signature_or_with_an_old_one_is_told_why_it_is_refused(
    client: Client, asked: list[str]
) -> None:
    unsigned = client.post("/webhooks/stripe/", b"{}", content_type="application/json")
    assert (unsigned.status_code, b"signature is not Stripe's" in unsigned.content) == (400, True)
    payload, header = signed(event("account.updated", "acct_1"), datetime(2020, 1, 1, tzinfo=UTC))
    old = client.post("/webhooks/stripe/", payload, content_type="text/plain", headers={"Stripe-Signature": header})
    assert (old.status_code, b"too far from now" in old.content) == (400, True)
    assert (asked, WebhookEvent.objects.count()) == ([], 0)
    assert client.get("/webhooks/stripe/").status_code == 405


def test_without_a_secret_nothing_is_taken_and_stripe_tries_again(client: Client, settings: LazySettings) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    answer = client.post("/webhooks/stripe/", b"{}", content_type="application/json")
    assert (answer.status_code, answer.content) == (503, b"Set STRIPE_WEBHOOK_SECRET.")


def test_the_worker_handles_what_was_stored(
    sandbox: Sandbox, gateway: Gateway, ana: Contributor, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY = ""
    tasks.handle_webhooks()  # nothing to do, nothing to ask
    connected = onboard(ana, gateway)
    receive(*signed(event("account.updated", connected.stripe_account_id)), SECRET, AT)
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    tasks.handle_webhooks()
    assert WebhookEvent.objects.get().handled_at is not None
