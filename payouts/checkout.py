"""Checkout: from a press of the button over Stripe's page to a licence, or the money back.

Each step is written down before the next one begins, and can be taken again: whatever stops it, `look_up` goes on from
there, on the customer's return, by a webhook or by the clock. Stripe is called with no database transaction open.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from marketplace.core.terms import Audience
from marketplace.models import Customer, Generation, TermsAcceptance
from marketplace.output_checks import NotForSale, require_for_sale
from marketplace.prices import licence_price
from marketplace.services import record_download
from marketplace.terms import current_terms
from payouts.core.ledger import order_refused
from payouts.core.states import UNSETTLED_ORDERS, OrderState
from payouts.gateway import Charge, Checkout, Gateway, GatewayRejected
from payouts.models import Order
from payouts.posting import open_period, post

LIFETIME = timedelta(hours=1)
LEAST_LIFETIME = timedelta(minutes=30)  # Stripe makes no page that expires sooner

logger = logging.getLogger(__name__)


class CheckoutDiffers(RuntimeError):
    """What Stripe says of an order is not what we asked for: somebody has to look at both."""


@dataclass(frozen=True)
class Addresses:
    """Where Stripe sends the customer of an order back to: once it is paid, and where they leave without paying."""

    paid: str
    cancelled: str


def find_order(
    customer: Customer,
    generation: Generation,
    accepted: TermsAcceptance,
    form_key: UUID,
    gateway: Gateway,
    at: datetime,
) -> Order:
    """The order of one press of the button, as Stripe has it now, or a new one.

    The same form, sent again, ends in the same order; another form of the same thing ends in the one that still waits,
    if price and terms are as they were. `accepted` are the terms of use as they are now, which the order keeps. Raises
    `NotForSale` and the gateway's exceptions.
    """
    of_press = {"customer": customer, "generation": generation, "form_key": form_key}
    pressed = Order.objects.filter(**of_press).first()
    if pressed is not None:
        return look_up(pressed, gateway, at)
    require_for_sale(generation)
    waiting = _still_waiting(customer, generation, accepted, gateway, at)
    if waiting is not None:
        return waiting
    price, terms = licence_price(), generation.generator_model.licence
    try:
        with transaction.atomic():
            return Order.objects.create(
                **of_press,
                price_minor=price.minor,
                currency=price.currency,
                terms=terms,
                accepted_terms=accepted,
                opened_at=at,
                expires_at=at + LIFETIME,
            )
    except IntegrityError:  # another press, at the same moment, was first
        return Order.objects.filter(customer=customer, generation=generation).latest("pk")


def _still_waiting(
    customer: Customer, generation: Generation, accepted: TermsAcceptance, gateway: Gateway, at: datetime
) -> Order | None:
    """The customer's other order of the same thing, where it is not over; one at another price or on other terms is."""
    waiting = Order.objects.filter(customer=customer, generation=generation, state__in=UNSETTLED_ORDERS).first()
    if waiting is None:
        return None
    order = look_up(waiting, gateway, at)
    price = licence_price()
    offer = (price.minor, price.currency, generation.generator_model.licence, accepted.pk)
    offered = (order.price_minor, order.currency, order.terms, order.accepted_terms_id)
    if order.state == OrderState.OPEN and offered != offer:
        order = _give_up(order, gateway, at)
    return None if order.state == OrderState.EXPIRED else order


def _give_up(order: Order, gateway: Gateway, at: datetime) -> Order:
    """Let nobody pay an open order any more; where it was paid at that very moment, it goes on."""
    if order.stripe_session_id:
        try:
            gateway.expire_checkout(order.stripe_session_id)
        except GatewayRejected:
            logger.info("%s is over at Stripe already", order)
        return look_up(order, gateway, at)
    return _expire(order)


def page_of(order: Order, addresses: Addresses, gateway: Gateway) -> str:
    """The URL of Stripe's page for an open order: one page however often it is asked for.

    '' where it is not open, and where other terms of use hold by now: a customer who is on the page already can pay
    still, under the terms that they accepted for the order, and nobody else is led to it.

    Nobody can pay on a page before its id is written here, since nobody else is told its URL; nor on one that Stripe
    made while its order expired. Raises the gateway's exceptions.
    """
    if order.state != OrderState.OPEN or has_other_terms(order):
        return ""
    if order.stripe_session_id:
        return gateway.checkout(order.stripe_session_id).url
    made = gateway.create_checkout(
        name=f"Licence of generation {order.generation_id}",
        amount_minor=order.price_minor,
        currency=order.currency.lower(),
        success_url=addresses.paid,
        cancel_url=addresses.cancelled,
        metadata=_metadata(order),
        expires_at=order.expires_at,
        idempotency_key=f"checkout:{settings.DEPLOYMENT}:{order.pk}",
    )
    without_page = Order.objects.filter(pk=order.pk, state=OrderState.OPEN, stripe_session_id="")
    without_page.update(stripe_session_id=made.stripe_session_id)
    order.refresh_from_db()
    return made.url if order.state == OrderState.OPEN else ""


def has_other_terms(order: Order) -> bool:
    """Whether other terms of use hold now than those that the customer accepted for the order."""
    accepted = order.accepted_terms
    return accepted is None or accepted.sha256 != current_terms(Audience.CUSTOMER).sha256


def look_up(order: Order, gateway: Gateway, at: datetime) -> Order:
    """Ask Stripe how an unsettled order is and go on with it; the order as it is then.

    Raises `CheckoutDiffers` and the gateway's exceptions.
    """
    if order.state == OrderState.OPEN and order.stripe_session_id:
        _note(order, gateway.checkout(order.stripe_session_id))
    elif order.state == OrderState.OPEN and at > order.expires_at - LEAST_LIFETIME:
        _expire(order)  # it has no page, and Stripe makes none any more
    if _license_or_refuse(order, at) == OrderState.PAID:
        _send_back(order, gateway, at)
    order.refresh_from_db()
    return order


def look_up_unsettled(gateway: Gateway, at: datetime, opened_until: datetime) -> None:
    """Go on with each order that nothing was heard of. Raises the gateway's exceptions where Stripe does not answer."""
    for order in Order.objects.filter(state__in=UNSETTLED_ORDERS, opened_at__lte=opened_until).order_by("pk"):
        try:
            look_up(order, gateway, at)
        except (CheckoutDiffers, GatewayRejected):  # of this one; the others go on
            logger.exception("%s cannot be settled", order)


def _note(order: Order, seen: Checkout) -> None:
    """Write down what Stripe says of an open order."""
    if seen.metadata != _metadata(order):
        raise CheckoutDiffers(f"{seen.stripe_session_id} of {order} is about {dict(seen.metadata)} at Stripe.")
    if seen.charge:
        _require_asked(order, seen.charge)
        Order.objects.filter(pk=order.pk, state=OrderState.OPEN).update(
            state=OrderState.PAID,
            stripe_charge_id=seen.charge.stripe_charge_id,
            fee_minor=seen.charge.fee_minor,
            paid_at=seen.charge.created_at,
        )
    elif seen.is_expired:
        _expire(order)


def _require_asked(order: Order, charge: Charge) -> None:
    """Raise `CheckoutDiffers` for another amount, or one that Stripe converted to another currency."""
    if (charge.amount_minor, charge.currency) != (order.price_minor, order.currency.lower()):
        raise CheckoutDiffers(
            f"{charge.stripe_charge_id} of {order} came as {charge.amount_minor} {charge.currency}, and "
            f"{order.price_minor} {order.currency} were asked for."
        )


def _expire(order: Order) -> Order:
    """End an open order, unless it got a page since it was read, on which it can be paid."""
    as_read = Order.objects.filter(pk=order.pk, state=OrderState.OPEN, stripe_session_id=order.stripe_session_id)
    as_read.update(state=OrderState.EXPIRED)
    order.refresh_from_db()
    return order


@transaction.atomic
def _license_or_refuse(order: Order, at: datetime) -> str:
    """Let what was paid become a licence, or write down why it cannot: decided once. The state that it is in then."""
    paid = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    if paid.state != OrderState.PAID or paid.refusal:
        return paid.state
    try:
        paid.download = record_download(
            paid.customer,
            paid.generation,
            gross_minor=paid.price_minor,
            currency=paid.currency,
            at=at,
            idempotency_key=f"order:{paid.pk}",
            accepted=paid.accepted_terms,
        )
        paid.state = OrderState.LICENSED
    except NotForSale as refused:
        paid.refusal = str(refused)
    paid.save(update_fields=["download", "state", "refusal"])
    return paid.state


def _send_back(order: Order, gateway: Gateway, at: datetime) -> None:
    """Refund what is left of what was refused, once: Stripe gives no more back than was paid, and is asked first."""
    order.refresh_from_db()
    refunds = gateway.list_refunds(order.stripe_charge_id)
    if sum(refund.amount_minor for refund in refunds) < order.price_minor:
        rest = gateway.refund_charge(
            order.stripe_charge_id,
            metadata=_metadata(order),
            idempotency_key=f"refund:{settings.DEPLOYMENT}:{order.pk}",
        )
        refunds = [rest, *refunds]
    with transaction.atomic():
        paid = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        if paid.state != OrderState.PAID:
            return
        assert paid.fee_minor is not None
        lines = order_refused(paid.price_minor, paid.fee_minor, paid.currency)
        post("order_refused", open_period(at), f"order_refused:{paid.pk}", lines, at)
        paid.state, paid.stripe_refund_id = OrderState.REFUSED, refunds[0].stripe_refund_id
        paid.save(update_fields=["state", "stripe_refund_id"])


def _metadata(order: Order) -> dict[str, str]:
    return {"deployment": settings.DEPLOYMENT, "order": str(order.pk)}
