"""Checkout in the sandbox: sessions, the page where a card is tried, refunds, disputes, and Stripe's own shapes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import stripe

from payouts.gateway import Checkout, Funds, GatewayRejected, StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.buying import CARD, DECLINED_CARD, pay, session_of
from tests.payouts.sandbox.client import call, control, visit
from tests.payouts.sandbox.test_contract import DESCRIPTION, nullable_as_null

SAMPLES = DESCRIPTION.with_name("fixtures3.json")
NOW = datetime.now(UTC)
PAID_URL, CANCELLED_URL = "https://tributary.example/paid", "https://tributary.example/cancelled"
NOT_INCLUDED = {"charge": {"refunds", "source"}, "payment_intent": {"source"}}  # unless expanded, or of older APIs

# Which Stripe gives since later and leaves out where they are empty.
NEWER = {"customer", "customer_account", "excluded_payment_method_types", "managed_payments", "payment_method"}


def create(gateway: StripeGateway, key: str = "k", **change: Any) -> Checkout:
    asked: dict[str, Any] = {
        "name": "Licence of generation 7",
        "amount_minor": 990,
        "currency": "usd",
        "success_url": PAID_URL,
        "cancel_url": CANCELLED_URL,
        "metadata": {"order": "1"},
        "expires_at": NOW + timedelta(hours=1),
    }
    return gateway.create_checkout(**(asked | change), idempotency_key=key)


def event_kinds(sandbox: Sandbox) -> list[str]:
    return [event["type"] for event in call(sandbox, "GET", "/v1/events", {"limit": 100}).body["data"]][::-1]


def test_the_page_names_what_is_sold_its_price_and_the_way_back(gateway: StripeGateway) -> None:
    status, page, _ = visit(create(gateway, name="<b>Licence</b>").url)
    assert status == 200
    assert "&lt;b&gt;Licence&lt;/b&gt;: <strong>9.90 USD</strong>" in page
    assert '<label for="number">' in page
    assert f'href="{CANCELLED_URL}"' in page


def test_a_card_pays_once_and_leads_back_however_often_the_form_is_sent(
    sandbox: Sandbox, gateway: StripeGateway
) -> None:
    made = create(gateway)
    assert (made.is_expired, made.charge) == (False, None)
    assert [pay(made.url) for _ in range(2)] == [PAID_URL, PAID_URL]
    assert visit(made.url)[::2] == (303, PAID_URL)
    paid = gateway.checkout(made.stripe_session_id)
    assert (paid.url, paid.metadata) == ("", {"order": "1"})
    assert paid.charge is not None
    assert (paid.charge.amount_minor, paid.charge.fee_minor, paid.charge.net_minor) == (990, 59, 931)
    assert list(gateway.list_charges_since(NOW - timedelta(days=1))) == [paid.charge]
    assert gateway.funds("usd") == Funds(available_minor=0, pending_minor=931)
    assert event_kinds(sandbox) == ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


@pytest.mark.parametrize(
    ("card", "says"),
    [
        (DECLINED_CARD, "Your card was declined."),
        ("4111 1111", "Your card number is invalid."),
        ("  ", "Your card number is invalid."),
    ],
)
def test_a_card_that_does_not_pay_is_told_why_in_stripes_words(gateway: StripeGateway, card: str, says: str) -> None:
    made = create(gateway)
    status, page, _ = visit(made.url, number=card)
    assert status == 422
    assert f'role="alert">{says}' in page
    assert gateway.checkout(made.stripe_session_id).charge is None
    assert gateway.funds("usd") == Funds(0, 0)


def test_an_expired_session_cannot_be_paid_whether_by_time_or_by_us(sandbox: Sandbox, gateway: StripeGateway) -> None:
    by_us, by_time = create(gateway, "a"), create(gateway, "b")
    gateway.expire_checkout(by_us.stripe_session_id)
    control(sandbox, "clock", advance_s=3_601)
    for session in (by_us, by_time):
        assert visit(session.url)[0] == 404
        assert visit(session.url, number=CARD)[0] == 404
        assert gateway.checkout(session.stripe_session_id).is_expired
    with pytest.raises(GatewayRejected, match="status of expired"):
        gateway.expire_checkout(by_us.stripe_session_id)
    assert event_kinds(sandbox) == ["checkout.session.expired"] * 2


def test_a_paid_session_cannot_be_expired(sandbox: Sandbox, gateway: StripeGateway) -> None:
    made = create(gateway)
    pay(made.url)
    with pytest.raises(GatewayRejected, match="status of complete"):
        gateway.expire_checkout(made.stripe_session_id)
    control(sandbox, "clock", advance_s=3_601)
    assert gateway.checkout(made.stripe_session_id).charge


def test_the_same_key_is_the_same_session(gateway: StripeGateway) -> None:
    assert create(gateway, "a") == create(gateway, "a")
    assert create(gateway, "a") != create(gateway, "b")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"expires_at": NOW + timedelta(minutes=20)}, "at least 30 minutes"),
        ({"expires_at": NOW + timedelta(hours=25)}, "less than 24 hours"),
        ({"amount_minor": 0}, r"line_items\[0\]\[price_data\]\[unit_amount\]"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"name": ""}, "product_data"),
    ],
)
def test_a_session_that_cannot_be_says_why(gateway: StripeGateway, wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(GatewayRejected, match=complaint):
        create(gateway, **wrong)


def test_unknown_ids_are_refused(sandbox: Sandbox, gateway: StripeGateway) -> None:
    for ask in (gateway.checkout, gateway.expire_checkout, gateway.dispute):
        with pytest.raises(GatewayRejected, match="resource_missing"):
            ask("unknown")
    with pytest.raises(GatewayRejected, match="resource_missing"):
        gateway.refund_charge("ch_unknown", metadata={}, idempotency_key="k")
    assert visit(f"{sandbox.url}/c/pay/cs_test_unknown")[0] == 404


def test_no_more_goes_back_than_was_paid_and_stripe_keeps_its_fee(sandbox: Sandbox, gateway: StripeGateway) -> None:
    made = create(gateway)
    pay(made.url)
    charge = gateway.checkout(made.stripe_session_id).charge
    assert charge is not None
    id_ = charge.stripe_charge_id
    assert call(sandbox, "POST", "/v1/refunds", {"charge": id_, "amount": 991}).status == 400
    part = call(sandbox, "POST", "/v1/refunds", {"charge": id_, "amount": 90}).body["id"]
    rest = gateway.refund_charge(id_, metadata={}, idempotency_key="rest")
    assert [one.stripe_refund_id for one in gateway.list_refunds(id_)] == [rest.stripe_refund_id, part]
    with pytest.raises(GatewayRejected, match="charge_already_refunded"):
        gateway.refund_charge(id_, metadata={}, idempotency_key="again")
    assert gateway.funds("usd") == Funds(available_minor=-990, pending_minor=931)


def test_a_dispute_takes_amount_and_fee_and_one_that_is_won_gives_the_amount_back(
    sandbox: Sandbox, gateway: StripeGateway
) -> None:
    made = create(gateway)
    pay(made.url)
    charge = gateway.checkout(made.stripe_session_id).charge
    assert charge is not None
    id_ = control(sandbox, "dispute", charge=charge.stripe_charge_id)["id"]
    dispute = gateway.dispute(id_)
    assert (dispute.taken_minor, dispute.fee_minor, dispute.status) == (990, 1_500, "needs_response")
    control(sandbox, "dispute_end", dispute=id_, status="won")
    assert gateway.dispute(id_).taken_minor == 990
    assert gateway.funds("usd").available_minor == -1_500


@pytest.mark.skipif(not SAMPLES.exists(), reason=f"needs Stripe's sample objects at {SAMPLES.name}")
def test_objects_have_the_fields_of_stripes_samples_and_no_field_that_its_client_does_not_know(
    sandbox: Sandbox, gateway: StripeGateway
) -> None:
    made = create(gateway)
    opened = call(sandbox, "GET", f"/v1/checkout/sessions/{made.stripe_session_id}").body
    pay(made.url)
    expanded = {"expand[0]": "payment_intent.latest_charge.balance_transaction"}
    paid = call(sandbox, "GET", f"/v1/checkout/sessions/{session_of(made.url)}", expanded).body
    intent = paid["payment_intent"]
    charge = intent["latest_charge"]
    refund = call(sandbox, "POST", "/v1/refunds", {"charge": charge["id"]}).body
    dispute = control(sandbox, "dispute", charge=charge["id"])
    samples: dict[str, dict[str, Any]] = json.loads(SAMPLES.read_text())["resources"]
    classes: tuple[tuple[dict[str, Any], type], ...] = (
        (opened, stripe.checkout.Session),
        (paid, stripe.checkout.Session),
        (intent, stripe.PaymentIntent),
        (charge, stripe.Charge),
        (charge["balance_transaction"], stripe.BalanceTransaction),
        (refund, stripe.Refund),
        (dispute, stripe.Dispute),
    )
    for item, class_ in classes:
        known = {field for part in class_.__mro__ for field in getattr(part, "__annotations__", ())}
        assert item.keys() <= known, item["object"]
        optional = NOT_INCLUDED.get(item["object"], set()) | NEWER
        assert samples[item["object"]].keys() - optional <= item.keys(), item["object"]
    flat = intent | {"latest_charge": charge["id"]}
    description = nullable_as_null(json.loads(Path(DESCRIPTION).read_text()))
    schema = {"$ref": "#/components/schemas/payment_intent", "components": description["components"]}
    jsonschema.Draft202012Validator(schema).validate(flat)
