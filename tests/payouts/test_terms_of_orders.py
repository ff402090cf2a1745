"""At whatever moment the terms of use change, a licence is under those that the customer accepted for its order."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from marketplace.core.terms import Audience
from marketplace.delivering import deliver
from marketplace.licences import open_seal
from marketplace.models import Asset, Contributor, Customer, Generation, User
from marketplace.terms import TermsNotAccepted, accept_current_terms
from payouts.checkout import find_order, look_up, page_of
from payouts.core.states import OrderState
from payouts.gateway import StripeGateway
from payouts.models import Order
from payouts.sandbox import Sandbox
from tests.builders import (
    make_asset,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_training_set,
)
from tests.marketplace.test_terms import change_terms
from tests.payouts.buying import ADDRESSES, accepted_by, pay, press
from tests.payouts.sandbox.client import KEY

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW = "2026-11", "2027-01"
Change = Callable[[], None]


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_policy(fee_ppm=500_000)
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Change:
    return lambda: change_terms(monkeypatch, tmp_path_factory.mktemp("terms"))


def login(carla: Customer) -> User:
    assert carla.user
    return carla.user


def accept_new(carla: Customer) -> None:
    accept_current_terms(login(carla), Audience.CUSTOMER, timezone.now())


def terms_of(order: Order, gateway: StripeGateway) -> str:
    """The version that the licence of an order is under, once it is paid."""
    order = look_up(Order.objects.get(pk=order.pk), gateway, timezone.now())
    assert order.state == OrderState.LICENSED
    assert order.download
    return str(order.download.accepted_terms.acceptance.version)


def test_before_an_order_the_new_terms_are_accepted_or_nothing_is_ordered(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change
) -> None:
    change()
    with pytest.raises(TermsNotAccepted, match="Read and accept the terms first"):
        press(carla, generation, gateway)
    assert not Order.objects.exists()
    accept_new(carla)
    order, url = press(carla, generation, gateway)
    pay(url)
    assert terms_of(order, gateway) == NEW


def test_between_order_and_stripes_page_nobody_is_led_to_it_and_a_new_press_orders_under_the_new_terms(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change
) -> None:
    older = find_order(carla, generation, accepted_by(carla), uuid4(), gateway, timezone.now())
    change()
    assert page_of(older, ADDRESSES, gateway) == ""
    accept_new(carla)
    assert page_of(older, ADDRESSES, gateway) == ""
    newer, url = press(carla, generation, gateway)
    older.refresh_from_db()
    assert (older.state, older.stripe_session_id, newer != older) == (OrderState.EXPIRED, "", True)
    pay(url)
    assert terms_of(newer, gateway) == NEW


@pytest.mark.parametrize("is_accepted", [False, True])
def test_whoever_is_on_stripes_page_already_pays_under_the_terms_accepted_for_the_order(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change, is_accepted: bool
) -> None:
    order, url = press(carla, generation, gateway)
    change()
    if is_accepted:  # in another tab, for other things
        accept_new(carla)
    pay(url)
    assert terms_of(order, gateway) == OLD


def test_a_new_press_after_the_change_closes_the_older_page_at_stripe(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change
) -> None:
    older, older_url = press(carla, generation, gateway)
    change()
    accept_new(carla)
    newer, url = press(carla, generation, gateway)
    assert newer != older
    assert pay(older_url) is None
    pay(url)
    assert terms_of(newer, gateway) == NEW
    older.refresh_from_db()
    assert older.state == OrderState.EXPIRED


def test_an_order_that_was_paid_just_before_a_new_press_is_that_orders_licence_under_the_older_terms(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change
) -> None:
    older, url = press(carla, generation, gateway)
    change()
    accept_new(carla)
    pay(url)
    assert press(carla, generation, gateway) == (older, "")
    assert terms_of(older, gateway) == OLD
    assert Order.objects.count() == 1


def test_once_it_is_paid_nothing_of_a_licence_changes_and_its_certificate_names_the_version(
    carla: Customer, generation: Generation, gateway: StripeGateway, change: Change
) -> None:
    order, url = press(carla, generation, gateway)
    pay(url)
    assert terms_of(order, gateway) == OLD
    change()
    accept_new(carla)
    assert terms_of(order, gateway) == OLD
    download = Order.objects.get().download
    assert download
    make_inspiration_list(download, {Asset.objects.get(): 1_000_000}, make_encoder())
    certificate = open_seal(deliver(download, "JPEG", None, timezone.now()).certificate.encode())
    assert certificate["licence"]["terms_of_use"]["version"] == OLD


def test_the_page_of_an_order_names_its_terms_and_says_what_to_do_once_others_hold(
    client: Client,
    carla: Customer,
    generation: Generation,
    gateway: StripeGateway,
    sandbox: Sandbox,
    settings: LazySettings,
    change: Change,
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    client.force_login(login(carla))
    older, _ = press(carla, generation, gateway)
    page = client.get(f"/orders/{older.pk}/").content.decode()
    assert f"Version {OLD}, accepted at" in page
    assert "have changed since you ordered" not in page
    change()
    assert client.post(f"/orders/{older.pk}/pay/")["Location"] == f"/orders/{older.pk}/"
    assert "have changed since you ordered" in client.get(f"/orders/{older.pk}/").content.decode()
    again = f"/generations/{generation.pk}/license/"
    assert client.post(again, {"form_key": str(uuid4())})["Location"].startswith("/terms/?next=")
    accept_new(carla)
    assert client.post(again, {"form_key": str(uuid4())})["Location"].startswith(sandbox.url)
    assert f"Version {NEW}, accepted at" in client.get(f"/orders/{Order.objects.latest('pk').pk}/").content.decode()


@pytest.mark.owner
def test_the_database_keeps_the_terms_that_an_order_was_opened_under(
    carla: Customer, generation: Generation, gateway: StripeGateway
) -> None:
    press(carla, generation, gateway, at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Order.objects.update(accepted_terms=None)
