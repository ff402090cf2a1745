"""Checkout: one order of a press, one licence of what was paid; whatever crashes, nothing is lost or paid twice."""

import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from marketplace.core.release import Decision, Outcome
from marketplace.models import Contributor, Customer, Download, Generation, User
from marketplace.output_checks import NotForSale, decide_output, record_output_check
from marketplace.services import record_download
from payouts import checkout, tasks
from payouts.booking import book_downloads
from payouts.checkout import LIFETIME, CheckoutDiffers, find_order, look_up, look_up_unsettled, page_of
from payouts.core.ledger import AccountKind
from payouts.core.states import OrderState
from payouts.gateway import Gateway, GatewayBusy, GatewayUnknown, StripeGateway
from payouts.integrity import findings
from payouts.models import Order, RevenueEvent
from payouts.sandbox import Sandbox
from tests.builders import (
    make_asset,
    make_customer,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
    make_user,
)
from tests.payouts.buying import ADDRESSES, DECLINED_CARD, accepted_by, buy, pay, press, session_of
from tests.payouts.paying import Crash, balance_micro, crash_after, crash_instead
from tests.payouts.sandbox.client import KEY, call, control

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_policy(fee_ppm=500_000)  # by which no sale of checkout is booked
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def forbid(generation: Generation, rita: User | None = None) -> None:
    """A later check finds a copy, and a reviewer upholds it."""
    found = record_output_check(generation, Outcome.BLOCKED, "A copy.", timezone.now())
    decide_output(found, Decision.UPHELD, "It is one.", rita or make_user("rita", "reviewer"), timezone.now())


def charges(sandbox: Sandbox) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = call(
        sandbox, "GET", "/v1/balance_transactions", {"type": "charge", "limit": 100}
    ).body["data"]
    return listed


def test_what_is_paid_becomes_a_licence_booked_at_the_fee_that_stripe_kept(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    order, url = press(carla, generation, gateway)
    assert (order.state, order.price_minor, order.currency, order.terms) == ("open", 990, "USD", "Commercial use")
    assert pay(url) == ADDRESSES.paid
    order = look_up(Order.objects.get(), gateway, timezone.now())
    assert order.state == OrderState.LICENSED
    assert order.download is not None
    assert (order.download.customer, order.download.gross_minor) == (carla, 990)
    assert order.fee_minor == 59  # 2.9 % and 30 cents, as Stripe's balance transaction says
    book_downloads(timezone.now())
    event = RevenueEvent.objects.get()
    assert (event.gross_minor, event.fee_minor, event.net_minor) == (990, 59, 931)
    assert balance_micro(AccountKind.STRIPE_PENDING) == -9_310_000
    assert balance_micro(AccountKind.COLLECTED_ELSEWHERE) == 0
    assert list(findings()) == []


def test_the_same_form_sent_twice_and_the_back_button_end_in_the_same_order_and_page(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    form_key = uuid4()
    first = press(carla, generation, gateway, form_key)
    assert press(carla, generation, gateway, form_key) == first
    pay(first[1])
    assert press(carla, generation, gateway, form_key) == (first[0], "")  # back, and pressed once more
    assert Order.objects.get().state == OrderState.LICENSED
    assert len(charges(sandbox)) == 1


def test_two_tabs_end_in_the_same_order_until_it_is_licensed(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    first = press(carla, generation, gateway)
    assert press(carla, generation, gateway) == first
    pay(first[1])
    assert press(carla, generation, gateway) == (first[0], "")  # the second tab: paid in the first one
    again, url = press(carla, generation, gateway)
    assert again != first[0]
    assert url


def test_two_presses_at_the_same_moment_end_in_the_same_order(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    both: list[tuple[Order, str]] = []
    together = threading.Barrier(2, timeout=60)
    still_waiting = checkout._still_waiting

    def wait_for_the_other(*arguments: Any) -> Order | None:
        found = still_waiting(*arguments)
        together.wait()
        return found

    def press_once() -> None:
        try:
            order = find_order(carla, generation, accepted_by(carla), uuid4(), gateway, timezone.now())
            both.append((order, page_once_stripe_is_free(order)))
        finally:
            connection.close()

    def page_once_stripe_is_free(order: Order) -> str:
        """As the page says: press again, where Stripe is still answering the other."""
        while True:
            with suppress(GatewayBusy):
                return page_of(order, ADDRESSES, gateway)
            time.sleep(0.05)

    monkeypatch.setattr(checkout, "_still_waiting", wait_for_the_other)
    tabs = [threading.Thread(target=press_once) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert both[0] == both[1]
    assert Order.objects.count() == 1


def test_an_order_at_an_older_price_is_closed_at_stripe_before_another_is_opened(
    carla: Customer, generation: Generation, gateway: Gateway, settings: LazySettings
) -> None:
    old, url = press(carla, generation, gateway)
    settings.LICENCE_PRICE_MINOR = 500
    new, _ = press(carla, generation, gateway)
    old.refresh_from_db()
    assert (old.state, new.state, new.price_minor) == (OrderState.EXPIRED, OrderState.OPEN, 500)
    assert pay(url) is None  # nobody can pay on the page that still shows the old one


def test_an_order_at_an_older_price_that_was_paid_meanwhile_goes_on(
    carla: Customer, generation: Generation, gateway: Gateway, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, url = press(carla, generation, gateway)
    settings.LICENCE_PRICE_MINOR = 500
    expire = gateway.expire_checkout

    def pay_first(stripe_session_id: str) -> None:
        pay(url)
        expire(stripe_session_id)

    monkeypatch.setattr(gateway, "expire_checkout", pay_first)
    assert press(carla, generation, gateway) == (old, "")
    assert Order.objects.get().state == OrderState.LICENSED


def test_a_declined_card_charges_nothing_and_another_one_can_be_tried(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, url = press(carla, generation, gateway)
    assert pay(url, DECLINED_CARD) is None
    assert look_up(order, gateway, timezone.now()).state == OrderState.OPEN
    assert charges(sandbox) == []
    pay(url)
    assert look_up(order, gateway, timezone.now()).state == OrderState.LICENSED


def test_an_order_that_is_not_paid_in_time_expires_and_the_next_press_opens_another(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, _ = press(carla, generation, gateway)
    control(sandbox, "clock", advance_s=int(LIFETIME.total_seconds()) + 1)
    assert look_up(order, gateway, timezone.now()).state == OrderState.EXPIRED
    later = timezone.now() + LIFETIME + timedelta(seconds=1)
    assert press(carla, generation, gateway, at=later)[0] != order


def test_what_is_not_for_sale_cannot_be_ordered(carla: Customer, generation: Generation, gateway: Gateway) -> None:
    forbid(generation)
    with pytest.raises(NotForSale, match="cannot be licensed"):
        press(carla, generation, gateway)
    assert not Order.objects.exists()


def test_what_was_paid_and_is_not_for_sale_any_more_goes_back_whole_and_costs_us_the_fee(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    forbid(generation)
    order = look_up(order, gateway, timezone.now())
    assert (order.state, order.download) == (OrderState.REFUSED, None)
    assert order.refusal.startswith(f"Generation {generation.pk} cannot be licensed.")
    assert [one.amount_minor for one in gateway.list_refunds(order.stripe_charge_id)] == [990]
    assert not Download.objects.exists()
    assert balance_micro(AccountKind.FEES) == -590_000
    funds = gateway.funds("usd")
    assert -balance_micro(AccountKind.STRIPE_PENDING) == funds.pending_minor * 10_000 == 9_310_000
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == funds.available_minor * 10_000 == -9_900_000
    assert list(findings()) == []


def test_of_what_went_back_in_part_before_it_was_refused_the_rest_goes_back_too(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    forbid(generation)
    (charge,) = charges(sandbox)
    call(sandbox, "POST", "/v1/refunds", {"charge": charge["source"], "amount": 300})
    order = look_up(order, gateway, timezone.now())
    assert order.state == OrderState.REFUSED
    assert sorted(one.amount_minor for one in gateway.list_refunds(order.stripe_charge_id)) == [300, 690]
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.funds("usd").available_minor * 10_000 == -9_900_000


@pytest.mark.parametrize("crash", [crash_instead, crash_after])
def test_a_crash_around_the_creation_of_stripes_page_leaves_one_page(
    carla: Customer, generation: Generation, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch, crash: Any
) -> None:
    form_key = uuid4()
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        create = crash_after(gateway.create_checkout) if crash is crash_after else crash_instead
        crashing.setattr(gateway, "create_checkout", create)
        press(carla, generation, gateway, form_key)
    assert Order.objects.get().stripe_session_id == ""
    order, url = press(carla, generation, gateway, form_key)
    order.refresh_from_db()
    assert session_of(url) == order.stripe_session_id
    assert session_of(press(carla, generation, gateway, form_key)[1]) == order.stripe_session_id
    pay(url)
    assert look_up(order, gateway, timezone.now()).state == OrderState.LICENSED


def test_an_order_that_never_got_a_page_expires_when_stripe_makes_none_any_more(
    carla: Customer, generation: Generation, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down, pytest.raises(Crash):
        down.setattr(gateway, "create_checkout", crash_instead)
        press(carla, generation, gateway)
    order = Order.objects.get()
    assert look_up(order, gateway, order.opened_at + timedelta(minutes=29)).state == OrderState.OPEN
    assert look_up(order, gateway, order.opened_at + timedelta(minutes=31)).state == OrderState.EXPIRED


def test_nobody_pays_on_a_page_that_stripe_made_while_its_order_expired(
    carla: Customer, generation: Generation, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = gateway.create_checkout

    def expire_meanwhile(**asked: Any) -> Any:
        made = create(**asked)
        order = Order.objects.get()
        look_up(order, gateway, order.opened_at + timedelta(minutes=31))
        return made

    monkeypatch.setattr(gateway, "create_checkout", expire_meanwhile)
    order, url = press(carla, generation, gateway)
    assert (order.state, url) == (OrderState.EXPIRED, "")


def test_an_order_that_got_its_page_at_the_last_moment_does_not_expire_and_is_licensed(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    as_read_before = find_order(carla, generation, accepted_by(carla), uuid4(), gateway, timezone.now())
    url = page_of(Order.objects.get(), ADDRESSES, gateway)
    late = as_read_before.opened_at + timedelta(minutes=31)
    assert look_up(as_read_before, gateway, late).state == OrderState.OPEN
    pay(url)
    assert look_up(Order.objects.get(), gateway, late).state == OrderState.LICENSED


@pytest.mark.parametrize("step", ["_license_or_refuse", "record_download"])
def test_a_crash_between_paid_and_download_loses_nothing(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(checkout, step, crash_instead)
        look_up(order, gateway, timezone.now())
    order.refresh_from_db()
    assert (order.state, order.fee_minor, order.download) == (OrderState.PAID, 59, None)
    tasks_time = timezone.now() + timedelta(minutes=6)
    look_up_unsettled(gateway, tasks_time, tasks_time - tasks.HEARD_OF)
    order.refresh_from_db()
    assert order.state == OrderState.LICENSED
    assert Download.objects.count() == 1


def test_a_download_that_was_recorded_before_a_crash_is_not_recorded_twice(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(checkout, "record_download", crash_after(record_download))
        look_up(order, gateway, timezone.now())
    assert not Download.objects.exists()  # it was rolled back with its order's state
    look_up(order, gateway, timezone.now())
    assert Download.objects.count() == 1


@pytest.mark.parametrize("step", ["refund_charge", "post"])
def test_a_crash_around_the_refund_gives_back_once_and_never_licenses_what_went_back(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    rita = make_user("rita", "reviewer")
    forbid(generation, rita)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        if step == "post":
            crashing.setattr(checkout, "post", crash_instead)
        else:
            crashing.setattr(gateway, step, crash_after(gateway.refund_charge))
        look_up(order, gateway, timezone.now())
    decide_output(generation.output_checks.latest("pk"), Decision.CLEARED, "No copy after all.", rita, timezone.now())
    order = look_up(Order.objects.get(), gateway, timezone.now())
    assert order.state == OrderState.REFUSED
    assert len(gateway.list_refunds(order.stripe_charge_id)) == 1
    assert not Download.objects.exists()


def test_two_who_look_at_once_license_once(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The customer's return and the webhook: both have seen that it is paid before either goes on."""
    order, url = press(carla, generation, gateway)
    pay(url)
    together, note = threading.Barrier(2, timeout=60), checkout._note

    def note_together(*arguments: Any) -> None:
        together.wait()
        note(*arguments)

    def look() -> None:
        look_up(Order.objects.get(pk=order.pk), gateway, timezone.now())
        connection.close()

    monkeypatch.setattr(checkout, "_note", note_together)
    both = [threading.Thread(target=look) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    order.refresh_from_db()
    assert order.state == OrderState.LICENSED
    assert Download.objects.count() == 1


def test_where_stripe_does_not_answer_the_order_waits(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    with pytest.raises(GatewayUnknown):
        look_up(order, StripeGateway(KEY, "http://127.0.0.1:9"), timezone.now())
    assert look_up(Order.objects.get(), gateway, timezone.now()).state == OrderState.LICENSED


@pytest.mark.parametrize(
    "spoil", [{"price_minor": 991}, {"currency": "EUR"}], ids=["another price", "another currency"]
)
def test_a_charge_of_another_amount_than_was_asked_for_licenses_nothing(
    carla: Customer, generation: Generation, gateway: Gateway, spoil: dict[str, Any]
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    for name, value in spoil.items():
        setattr(order, name, value)
    with pytest.raises(CheckoutDiffers, match="came as 990 usd"):
        look_up(order, gateway, timezone.now())
    assert not Download.objects.exists()


def test_the_page_of_another_order_licenses_nothing(carla: Customer, generation: Generation, gateway: Gateway) -> None:
    mine, _ = press(carla, generation, gateway)
    theirs, url = press(make_customer("Dan"), generation, gateway)
    pay(url)
    mine.stripe_session_id = session_of(url)
    with pytest.raises(CheckoutDiffers, match=f"'order': '{theirs.pk}'"):
        look_up(mine, gateway, timezone.now())
    assert not Download.objects.exists()


def test_one_order_that_stripe_does_not_know_keeps_no_other_waiting(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    lost, _ = press(carla, generation, gateway)
    Order.objects.filter(pk=lost.pk).update(stripe_session_id="cs_test_unknown")
    order, url = press(make_customer("Dan"), generation, gateway)
    pay(url)
    look_up_unsettled(gateway, timezone.now(), timezone.now())
    order.refresh_from_db()
    assert order.state == OrderState.LICENSED


def test_the_worker_asks_about_orders_that_nothing_was_heard_of_for_five_minutes(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY = ""
    tasks.look_up_orders()  # nothing to ask
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    recent, url = press(carla, generation, gateway)
    pay(url)
    tasks.look_up_orders()
    recent.refresh_from_db()
    assert recent.state == OrderState.OPEN
    old, url = press(make_customer("Dan"), generation, gateway, at=timezone.now() - timedelta(minutes=6))
    pay(url)
    tasks.look_up_orders()
    old.refresh_from_db()
    assert old.state == OrderState.LICENSED


@pytest.mark.owner
@pytest.mark.parametrize(
    "change",
    [
        {"price_minor": 1},
        {"terms": "Anything goes"},
        {"state": "open"},
        {"state": "refused", "refusal": "x", "stripe_refund_id": "re_1", "download": None},
        {"fee_minor": 0},
        {"stripe_charge_id": "ch_1"},
    ],
)
def test_the_database_keeps_what_was_offered_and_paid(
    carla: Customer, generation: Generation, gateway: Gateway, change: dict[str, Any]
) -> None:
    order = buy(carla, generation, gateway)
    with pytest.raises(DatabaseError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**change)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        order.delete()


def test_a_page_is_only_of_an_open_order(carla: Customer, generation: Generation, gateway: Gateway) -> None:
    assert page_of(buy(carla, generation, gateway), ADDRESSES, gateway) == ""
