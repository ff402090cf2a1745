"""Buying a licence: to Stripe's page and back, and what became of each order, in words."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.core.terms import Audience
from marketplace.output_checks import NotForSale
from marketplace.permissions import LoggedInRequest, customer_of, generations_for
from marketplace.terms import TermsNotAccepted, require_terms
from marketplace.views import LicenceForm
from payouts.checkout import Addresses, CheckoutDiffers, find_order, has_other_terms, look_up, page_of
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import Order
from payouts.onboarding import stripe_gateway

ORDERS_A_PAGE = 50
NO_ANSWER = (CheckoutDiffers, GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown)


@require_POST
def license_generation(request: LoggedInRequest, generation_id: int) -> HttpResponse:
    """Open the order of this press of the button, and lead the customer to Stripe's page for it."""
    customer = customer_of(request.user)
    generation = get_object_or_404(generations_for(request.user).select_related("generator_model"), pk=generation_id)
    form = LicenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was ordered: the form was not complete. Please press the button again."))
        return redirect("generation", generation_id)
    try:
        accepted, gateway = require_terms(request.user, Audience.CUSTOMER), stripe_gateway()
        order = find_order(customer, generation, accepted, form.cleaned_data["form_key"], gateway, timezone.now())
    except NotForSale as refused:
        messages.error(request, str(refused))
    except TermsNotAccepted as error:
        messages.error(request, f"{error} {_('Nothing was charged.')}")
        return redirect(f"{reverse('terms')}?next={reverse('generation', args=[generation_id])}")
    except ImproperlyConfigured:
        messages.error(request, _("Buying is not set up here: nothing was ordered, and nothing is charged."))
    except NO_ANSWER:
        messages.error(request, _("Stripe cannot be reached now. Please press the button again in a few minutes."))
    else:
        return _to_stripe(request, order)
    return redirect("generation", generation_id)


@require_POST
def pay(request: LoggedInRequest, order_id: int) -> HttpResponse:
    """Lead the customer of an order that waits to Stripe's page again; where other terms hold by now, to its own."""
    return _to_stripe(request, _own(request, order_id))


def _to_stripe(request: LoggedInRequest, order: Order) -> HttpResponse:
    """Stripe's page for an open order; the order's own for any other, and where Stripe does not answer."""
    try:
        url = page_of(order, addresses_of(order, request), stripe_gateway())
    except (*NO_ANSWER, ImproperlyConfigured):
        messages.error(request, _("Stripe cannot be reached now. Nothing was charged: try again in a few minutes."))
        url = ""
    return redirect(url or reverse("order", args=[order.pk]))


def addresses_of(order: Order, request: HttpRequest) -> Addresses:
    """Where Stripe sends the customer of an order back to, below SITE_URL where that is set."""
    paths = (reverse(name, args=[order.pk]) for name in ("order_paid", "order_cancelled"))
    site = settings.SITE_URL.rstrip("/")
    return Addresses(*(f"{site}{path}" if site else request.build_absolute_uri(path) for path in paths))


@require_safe
def paid(request: LoggedInRequest, order_id: int) -> HttpResponse:
    """Where Stripe sends customers back to: ask it what became of the order, whoever says that it was paid."""
    order = _own(request, order_id)
    try:
        look_up(order, stripe_gateway(), timezone.now())
    except (*NO_ANSWER, ImproperlyConfigured):
        messages.error(request, _("Stripe cannot be reached now. Nothing is lost: we ask again within a few minutes."))
    return redirect("order", order.pk)


@require_safe
def cancelled(request: LoggedInRequest, order_id: int) -> HttpResponse:
    """Where customers come back to who left Stripe's page without paying."""
    order = _own(request, order_id)
    messages.info(request, _("You came back without paying: nothing was charged. You can still pay, or leave it."))
    return redirect("order", order.pk)


@require_safe
def order(request: LoggedInRequest, order_id: int) -> HttpResponse:
    """What became of one order, and what the customer can do now."""
    order = _own(request, order_id)
    context = {"order": order, "form": LicenceForm(), "has_other_terms": has_other_terms(order)}
    return render(request, "payouts/order.html", context)


@require_safe
def orders(request: LoggedInRequest) -> HttpResponse:
    """The customer's orders, newest first."""
    mine = customer_of(request.user).orders.order_by("-pk")
    page = Paginator(mine, ORDERS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/orders.html", {"page": page})


def _own(request: LoggedInRequest, order_id: int) -> Order:
    """An order of the reading customer's own. Raises `Http404`."""
    return get_object_or_404(customer_of(request.user).orders.select_related("accepted_terms"), pk=order_id)
