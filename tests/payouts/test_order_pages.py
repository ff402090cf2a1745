"""Buying on the pages: to Stripe and back, and each order says in words what became of it."""

from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from marketplace.core.release import Decision, Outcome
from marketplace.models import Contributor, Customer, Download, Generation, User
from marketplace.output_checks import decide_output, record_output_check
from payouts.core.states import OrderState
from payouts.gateway import Gateway
from payouts.models import Order
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
from tests.payouts.buying import pay, press
from tests.payouts.sandbox.client import KEY, call

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def generation(ana: Contributor, settings: LazySettings, sandbox: Sandbox) -> Generation:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    make_policy()
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def log_in(client: Client, person: Contributor | Customer | User) -> None:
    user = person if isinstance(person, User) else person.user
    assert user is not None
    client.force_login(user)


def press_button(client: Client, generation: Generation) -> str:
    """The page that a press of the button leads to."""
    form = client.get(f"/generations/{generation.pk}/").context["form"]
    answer = client.post(f"/generations/{generation.pk}/license/", {"form_key": str(form["form_key"].value())})
    return str(answer.headers["location"])


def page(client: Client, address: str) -> str:
    return client.get(address, follow=True).content.decode()


def test_a_customer_pays_at_stripe_and_comes_back_to_the_licence(
    client: Client, carla: Customer, generation: Generation, sandbox: Sandbox
) -> None:
    log_in(client, carla)
    url = press_button(client, generation)
    assert url.startswith(sandbox.url)
    order = Order.objects.get()
    assert "Waiting to be paid" in page(client, f"/orders/{order.pk}/")
    assert not Download.objects.exists()
    back = pay(url)
    assert back == f"http://testserver/orders/{order.pk}/paid/"
    licensed = page(client, urlsplit(back).path)
    assert "Licensed" in licensed
    assert 'href="/downloads/"' in licensed
    assert "9.90" in licensed
    assert Download.objects.get().customer == carla
    assert "Licensed" in page(client, "/orders/")


def test_who_leaves_stripes_page_is_told_that_nothing_was_charged_and_can_pay_later(
    client: Client, carla: Customer, generation: Generation
) -> None:
    log_in(client, carla)
    url = press_button(client, generation)
    order = Order.objects.get()
    assert "nothing was charged" in page(client, f"/orders/{order.pk}/cancelled/")
    assert client.post(f"/orders/{order.pk}/pay/").headers["location"] == url
    assert Order.objects.get().state == OrderState.OPEN


def test_coming_back_to_the_page_of_success_without_having_paid_licenses_nothing(
    client: Client, carla: Customer, generation: Generation
) -> None:
    log_in(client, carla)
    press_button(client, generation)
    assert "Waiting to be paid" in page(client, f"/orders/{Order.objects.get().pk}/paid/")
    assert not Download.objects.exists()


def test_an_expired_order_says_so_and_can_be_tried_again(
    client: Client, carla: Customer, generation: Generation, sandbox: Sandbox
) -> None:
    log_in(client, carla)
    first = press_button(client, generation)
    order = Order.objects.get()
    call(sandbox, "POST", f"/v1/checkout/sessions/{order.stripe_session_id}/expire")
    expired = client.get(f"/orders/{order.pk}/paid/", follow=True)
    assert "not paid in time, and nothing was charged" in expired.content.decode()
    form_key = str(expired.context["form"]["form_key"].value())
    again = client.post(f"/generations/{generation.pk}/license/", {"form_key": form_key})
    assert again.headers["location"].startswith(sandbox.url)
    assert again.headers["location"] != first


def test_a_refused_order_says_why_and_that_the_money_went_back(
    client: Client, carla: Customer, generation: Generation
) -> None:
    log_in(client, carla)
    pay(press_button(client, generation))
    found = record_output_check(generation, Outcome.BLOCKED, "A copy.", timezone.now())
    decide_output(found, Decision.UPHELD, "It is one.", make_user("rita", "reviewer"), timezone.now())
    refused = page(client, f"/orders/{Order.objects.get().pk}/paid/")
    assert "Not for sale any more: your money went back" in refused
    assert f"Generation {generation.pk} cannot be licensed." in refused
    assert "we gave all of the 9.90" in refused


def test_what_is_paid_and_not_licensed_yet_says_that_it_is_made_ready(
    client: Client, carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    order, _ = press(carla, generation, gateway)
    Order.objects.filter(pk=order.pk).update(
        state=OrderState.PAID, stripe_charge_id="ch_1", fee_minor=59, paid_at=timezone.now()
    )
    log_in(client, carla)
    assert "your licence is being made ready" in page(client, f"/orders/{order.pk}/")


def test_an_order_of_somebody_else_does_not_exist(
    client: Client, carla: Customer, generation: Generation, gateway: Gateway, ana: Contributor, fay: User
) -> None:
    order, url = press(make_customer("Dan"), generation, gateway)
    pay(url)
    for person in (carla, ana, fay):
        log_in(client, person)
        for address in ("", "paid/", "cancelled/"):
            assert client.get(f"/orders/{order.pk}/{address}").status_code == 404
        assert client.post(f"/orders/{order.pk}/pay/").status_code == 404
    assert Order.objects.get().state == OrderState.OPEN
    log_in(client, carla)
    assert f"/orders/{order.pk}/" not in page(client, "/orders/")
    assert client.get("/orders/4711/").status_code == 404


def test_only_customers_can_order_and_only_with_a_form_of_ours(
    client: Client, ana: Contributor, fay: User, carla: Customer, generation: Generation
) -> None:
    address, form = f"/generations/{generation.pk}/license/", {"form_key": str(uuid4())}
    for person in (ana, fay):
        log_in(client, person)
        assert client.post(address, form).status_code == 404
    log_in(client, carla)
    assert client.get(address).status_code == 405
    assert "Nothing was ordered" in client.post(address, {}, follow=True).content.decode()
    strict = Client(enforce_csrf_checks=True)
    log_in(strict, carla)
    assert strict.post(address, form).status_code == 403
    assert not Order.objects.exists()


def test_where_stripe_does_not_answer_nothing_is_lost_and_the_customer_is_told_what_to_do(
    client: Client, carla: Customer, generation: Generation, settings: LazySettings, sandbox: Sandbox
) -> None:
    log_in(client, carla)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert "Stripe cannot be reached now. Nothing was charged" in page(client, press_button(client, generation))
    order = Order.objects.get()
    settings.STRIPE_API_BASE = sandbox.url
    pay(client.post(f"/orders/{order.pk}/pay/").headers["location"])
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert "Stripe cannot be reached now. Nothing is lost" in page(client, f"/orders/{order.pk}/paid/")
    assert "Please press the button again" in page(client, press_button(client, generation))
    settings.STRIPE_API_BASE = sandbox.url
    assert "Licensed" in page(client, f"/orders/{order.pk}/paid/")


def test_without_a_key_a_press_says_that_buying_is_not_set_up(
    client: Client, carla: Customer, generation: Generation, settings: LazySettings
) -> None:
    log_in(client, carla)
    settings.STRIPE_API_KEY = ""
    form = {"form_key": str(uuid4())}
    told = client.post(f"/generations/{generation.pk}/license/", form, follow=True).content.decode()
    assert "Buying is not set up here: nothing was ordered" in told
    assert not Order.objects.exists()


def test_the_return_address_is_the_sites_where_that_is_set(
    client: Client, carla: Customer, generation: Generation, settings: LazySettings
) -> None:
    settings.SITE_URL = "https://tributary.example/"
    log_in(client, carla)
    url = press_button(client, generation)
    assert pay(url) == f"https://tributary.example/orders/{Order.objects.get().pk}/paid/"
