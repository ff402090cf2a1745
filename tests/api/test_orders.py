"""A customer's program orders a licence; somebody pays on Stripe's page; the program gets the licence, once."""

import pytest
from django.conf import LazySettings

from marketplace.models import Contributor, Customer, Download, Generation
from payouts.models import Order
from payouts.sandbox import Sandbox
from tests.api.asking import Asker
from tests.builders import (
    make_asset,
    make_customer,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
)
from tests.payouts.buying import pay
from tests.payouts.conftest import sandbox
from tests.payouts.sandbox.client import KEY

__all__ = ["sandbox"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def generation(ana: Contributor, settings: LazySettings, sandbox: Sandbox) -> Generation:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    make_policy()
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def test_an_order_leads_to_stripes_page_and_paid_to_a_licence_of_the_customers(
    generation: Generation, carla: Customer
) -> None:
    asker = Asker(carla)
    ordered = asker.post("orders/", {"generation": generation.pk})
    assert ordered.status_code == 201
    told = ordered.json()
    assert (told["state"], told["price_minor"], told["download"]) == ("open", 990, None)
    pay(told["checkout_url"])
    paid = asker.get(f"orders/{told['id']}/").json()
    assert (paid["state"], paid["checkout_url"]) == ("licensed", "")
    assert paid["download"] == Download.objects.get(customer=carla).pk
    assert [one["id"] for one in asker.get("orders/").json()["results"]] == [told["id"]]


def test_the_same_key_is_the_same_order_and_not_one_of_another_generation(
    generation: Generation, carla: Customer
) -> None:
    asker = Asker(carla)
    first, again = (asker.post("orders/", {"generation": generation.pk}, key="k").json() for _ in range(2))
    assert first == again
    other = make_generation(generation.generator_model)
    assert asker.post("orders/", {"generation": other.pk}, key="k").status_code == 422
    assert Order.objects.count() == 1


def test_what_is_not_for_sale_is_refused_with_the_reason(generation: Generation, carla: Customer) -> None:
    held = make_generation(generation.generator_model, is_checked=False)
    refused = Asker(carla).post("orders/", {"generation": held.pk})
    assert refused.status_code == 409
    assert "has not been compared" in refused.json()["detail"]
    assert Asker(carla).post("orders/", {"generation": 10**12}).status_code == 404
    assert not Order.objects.exists()


def test_without_stripe_nothing_is_ordered_and_the_program_may_ask_again(
    generation: Generation, carla: Customer, settings: LazySettings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    asker = Asker(carla)
    answer = asker.post("orders/", {"generation": generation.pk}, key="k")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert "with the same key" in answer.json()["detail"]


def test_an_order_of_somebody_else_is_not_there(generation: Generation, carla: Customer) -> None:
    told = Asker(carla).post("orders/", {"generation": generation.pk}).json()
    assert Asker(make_customer("Dora")).get(f"orders/{told['id']}/").status_code == 404
