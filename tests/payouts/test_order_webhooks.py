"""What Stripe tells of orders, refunds and disputes is asked for again, and recorded once in any order."""

import pytest
from django.utils import timezone

from marketplace.models import Contributor, Customer, Download, Generation, User
from payouts.booking import NoPolicy, book_downloads
from payouts.checkout import look_up
from payouts.core.ledger import AccountKind
from payouts.core.reconciling import FindingKind
from payouts.core.states import OrderState
from payouts.findings import resolve_finding
from payouts.gateway import Gateway
from payouts.integrity import findings
from payouts.models import DisputeOutcome, Finding, Order, RevenueEvent, RevenueKind, WebhookEvent
from payouts.reconciliation import reconcile
from payouts.sandbox import Sandbox
from payouts.webhooks import handle_events
from tests.builders import (
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
)
from tests.payouts.buying import buy, pay, press, session_of
from tests.payouts.paying import balance_micro
from tests.payouts.sandbox.client import call, control
from tests.payouts.test_webhooks import event, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def generation(ana: Contributor, fay: User) -> Generation:
    make_policy()
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def hear(gateway: Gateway, sandbox: Sandbox) -> None:
    """Every event that the sandbox has had so far, newest first, and each twice."""
    events = call(sandbox, "GET", "/v1/events", {"limit": 100}).body["data"]
    told(gateway, *events, *events, at=timezone.now())


def events_of(kind: RevenueKind) -> list[tuple[int, int]]:
    return list(RevenueEvent.objects.filter(kind=kind).order_by("pk").values_list("gross_minor", "fee_minor"))


def test_a_webhook_licenses_what_was_paid_where_the_customer_never_came_back(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    _, url = press(carla, generation, gateway)
    pay(url)
    hear(gateway, sandbox)
    assert Order.objects.get().state == OrderState.LICENSED
    assert Download.objects.count() == 1
    assert not WebhookEvent.objects.filter(handled_at=None).exists()


def test_a_webhook_after_the_return_and_one_that_comes_twice_change_nothing(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    order = buy(carla, generation, gateway)
    for id_ in ("evt_1", "evt_2"):
        told(gateway, event("checkout.session.completed", order.stripe_session_id, id_), at=timezone.now())
    assert Download.objects.count() == 1


def test_a_webhook_that_claims_a_session_is_paid_is_not_believed(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    _, url = press(carla, generation, gateway)
    told(gateway, event("checkout.session.completed", session_of(url)), at=timezone.now())
    assert Order.objects.get().state == OrderState.OPEN
    assert not Download.objects.exists()


def test_an_expired_session_ends_its_order(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, _ = press(carla, generation, gateway)
    call(sandbox, "POST", f"/v1/checkout/sessions/{order.stripe_session_id}/expire")
    hear(gateway, sandbox)
    assert Order.objects.get().state == OrderState.EXPIRED


def test_what_is_not_ours_is_handled_and_changes_nothing(gateway: Gateway) -> None:
    strangers = [
        event("checkout.session.completed", "cs_test_unknown", "evt_1"),
        event("charge.refunded", "ch_unknown", "evt_2"),
        event("charge.dispute.created", "dp_unknown", "evt_3"),
    ]
    told(gateway, *strangers, at=timezone.now())
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    assert not RevenueEvent.objects.exists()


def test_an_order_that_cannot_be_settled_keeps_no_later_event_waiting(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    order, _ = press(carla, generation, gateway)
    Order.objects.filter(pk=order.pk).update(stripe_session_id="cs_test_unknown")
    told(gateway, event("checkout.session.completed", "cs_test_unknown"), at=timezone.now())
    assert handle_events(gateway, timezone.now()) == 0


def test_an_event_that_waits_for_a_policy_keeps_no_other_waiting_and_is_handled_once_there_is_one(
    ana: Contributor, carla: Customer, gateway: Gateway, sandbox: Sandbox
) -> None:
    make_asset(ana)
    model = make_generator_model(make_training_set())
    make_download(carla, make_generation(model))  # without an order, so that its fee is a policy's
    order = buy(carla, make_generation(model), gateway)
    call(sandbox, "POST", "/v1/refunds", {"charge": order.stripe_charge_id})
    with pytest.raises(NoPolicy):
        told(
            gateway,
            event("charge.refunded", order.stripe_charge_id, "evt_1"),
            event("account.updated", "acct_other", "evt_2"),
            at=timezone.now(),
        )
    assert WebhookEvent.objects.get(handled_at=None).kind == "charge.refunded"
    make_policy()
    assert handle_events(gateway, timezone.now()) == 1
    assert [gross for gross, _ in events_of(RevenueKind.REFUND)] == [-990]


def test_money_that_became_available_is_booked_by_itself(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    buy(carla, generation, gateway)
    book_downloads(timezone.now())
    control(sandbox, "available")
    hear(gateway, sandbox)
    assert balance_micro(AccountKind.STRIPE_PENDING) == 0
    assert balance_micro(AccountKind.STRIPE_BALANCE) == -9_310_000


def test_refunds_that_somebody_made_at_stripe_are_recorded_once_each_also_before_the_sale_is_booked(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order = buy(carla, generation, gateway)
    for amount_minor in (300, 90):
        call(sandbox, "POST", "/v1/refunds", {"charge": order.stripe_charge_id, "amount": amount_minor})
        hear(gateway, sandbox)
    assert [gross for gross, _ in events_of(RevenueKind.REFUND)] == [-300, -90]
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.funds("usd").available_minor * 10_000 == -3_900_000
    assert list(findings()) == []


def test_a_refund_that_is_heard_of_before_the_sale_is_recorded_as_one_after_it(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    _, url = press(carla, generation, gateway)
    pay(url)
    (charge,) = call(sandbox, "GET", "/v1/balance_transactions", {"type": "charge"}).body["data"]
    call(sandbox, "POST", "/v1/refunds", {"charge": charge["source"]})
    told(gateway, event("charge.refunded", charge["source"]), at=timezone.now())
    hear(gateway, sandbox)
    assert [gross for gross, _ in events_of(RevenueKind.REFUND)] == [-990]
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.funds("usd").available_minor * 10_000


def test_a_refund_that_fails_later_is_a_finding_until_somebody_has_seen_to_it(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox, fay: User
) -> None:
    order = buy(carla, generation, gateway)
    refund = call(sandbox, "POST", "/v1/refunds", {"charge": order.stripe_charge_id}).body["id"]
    hear(gateway, sandbox)
    assert not Finding.objects.exists()
    control(sandbox, "refund_failure", refund=refund)
    hear(gateway, sandbox)
    reconcile(gateway, timezone.now())
    finding = Finding.objects.get(kind=FindingKind.REFUND_FAILED, resolved_at=None)
    assert f"{refund} of {order} is recorded as gone back, and failed at Stripe" in finding.found
    assert [gross for gross, _ in events_of(RevenueKind.REFUND)] == [-990], "the money is the customer's still"
    again = call(sandbox, "POST", "/v1/refunds", {"charge": order.stripe_charge_id}).body["id"]
    resolve_finding(finding.pk, fay, f"Given back by {again}.", timezone.now())
    hear(gateway, sandbox)
    control(sandbox, "available")
    reconcile(gateway, timezone.now())
    assert not Finding.objects.filter(resolved_at=None).exists()
    assert [gross for gross, _ in events_of(RevenueKind.REFUND)] == [-990]


def test_a_failed_refund_of_what_was_not_for_sale_is_a_finding_too(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    Order.objects.filter(pk=order.pk).update(refusal="It is a copy.")
    refused = look_up(Order.objects.get(), gateway, timezone.now())
    control(sandbox, "refund_failure", refund=refused.stripe_refund_id)
    told(gateway, event("refund.failed", refused.stripe_refund_id), at=timezone.now())
    assert Finding.objects.get().kind == FindingKind.REFUND_FAILED


def test_our_own_refund_of_what_was_not_for_sale_is_no_refund_of_a_sale(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    Order.objects.filter(pk=order.pk).update(refusal="It is a copy.")
    hear(gateway, sandbox)
    hear(gateway, sandbox)
    assert Order.objects.get().state == OrderState.REFUSED
    assert events_of(RevenueKind.REFUND) == []


@pytest.mark.parametrize(("status", "left_minor"), [("won", 990 - 59 - 1_500), ("lost", -59 - 1_500)])
def test_a_dispute_is_recorded_with_stripes_fee_and_settled_as_it_ended(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox, status: str, left_minor: int
) -> None:
    order = buy(carla, generation, gateway)
    dispute = control(sandbox, "dispute", charge=order.stripe_charge_id)
    hear(gateway, sandbox)
    assert [gross for gross, _ in events_of(RevenueKind.DISPUTE)] == [-990]
    assert not DisputeOutcome.objects.exists()
    control(sandbox, "dispute_end", dispute=dispute["id"], status=status)
    hear(gateway, sandbox)
    hear(gateway, sandbox)
    assert DisputeOutcome.objects.get().outcome == status
    control(sandbox, "available")
    hear(gateway, sandbox)
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.funds("usd").available_minor * 10_000
    assert gateway.funds("usd").available_minor == left_minor
    assert list(findings()) == []


def test_a_dispute_that_was_over_before_we_heard_of_it_is_recorded_whole(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order = buy(carla, generation, gateway)
    dispute = control(sandbox, "dispute", charge=order.stripe_charge_id)
    control(sandbox, "dispute_end", dispute=dispute["id"], status="won")
    hear(gateway, sandbox)
    assert len(events_of(RevenueKind.DISPUTE)) == len(events_of(RevenueKind.DISPUTE_WON)) == 1


def test_more_back_than_was_paid_is_not_recorded_and_keeps_no_later_event_waiting(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    order = buy(carla, generation, gateway)
    control(sandbox, "dispute", charge=order.stripe_charge_id)
    call(sandbox, "POST", "/v1/refunds", {"charge": order.stripe_charge_id})
    hear(gateway, sandbox)
    assert len(events_of(RevenueKind.DISPUTE)) + len(events_of(RevenueKind.REFUND)) == 1
    assert "money went back at Stripe and cannot be recorded" in caplog.text
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
