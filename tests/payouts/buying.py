"""What tests of buying share: a press of the button, a card on Stripe's page, and what came of it."""

from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.utils import timezone

from marketplace.core.terms import Audience
from marketplace.models import Customer, Generation, TermsAcceptance
from marketplace.terms import require_terms
from payouts.checkout import Addresses, find_order, look_up, page_of
from payouts.gateway import Gateway
from payouts.models import Order
from tests.payouts.sandbox.client import visit

ADDRESSES = Addresses("https://tributary.example/paid", "https://tributary.example/cancelled")
CARD, DECLINED_CARD = "4242 4242 4242 4242", "4000 0000 0000 0002"


def press(
    customer: Customer,
    generation: Generation,
    gateway: Gateway,
    form_key: UUID | None = None,
    at: datetime | None = None,
) -> tuple[Order, str]:
    """The order of a press of the button, and the URL of Stripe's page."""
    order = find_order(customer, generation, accepted_by(customer), form_key or uuid4(), gateway, at or timezone.now())
    return order, page_of(order, ADDRESSES, gateway)


def accepted_by(customer: Customer) -> TermsAcceptance:
    """Raises `TermsNotAccepted`."""
    assert customer.user
    return require_terms(customer.user, Audience.CUSTOMER)


def pay(url: str, card: str = CARD) -> str | None:
    """Where Stripe's page leads to after paying."""
    return visit(url, number=card)[2]


def buy(customer: Customer, generation: Generation, gateway: Gateway) -> Order:
    """An order that was paid and became a licence."""
    order, url = press(customer, generation, gateway)
    pay(url)
    return look_up(Order.objects.get(pk=order.pk), gateway, timezone.now())


def session_of(url: str) -> str:
    """The id of the session whose page that is."""
    return urlsplit(url).path.rpartition("/")[2]
