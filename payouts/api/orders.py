"""A customer's orders: what they are to pay at Stripe, and what became of it."""

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.once import needs_key, required_key
from marketplace.api.problems import OtherRequest, as_conflict
from marketplace.api.views import Resource
from marketplace.core.terms import Audience
from marketplace.output_checks import NotForSale
from marketplace.permissions import customer_of, generations_for
from marketplace.terms import TermsNotAccepted, require_terms
from payouts.checkout import find_order, look_up, page_of
from payouts.core.states import OrderState
from payouts.models import Order
from payouts.onboarding import stripe_gateway
from payouts.views.orders import NO_ANSWER, addresses_of

MOST = 2**63 - 1
ORDER_STATES = [(state.value, state.value) for state in OrderState]


class StripeUnavailable(APIException):
    """Stripe does not answer, or is not set up here."""

    status_code = 503
    default_code = "stripe_unavailable"


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order; once it is licensed, `download` is the licence."""

    class Meta:
        model = Order
        fields = (
            "id",
            "generation",
            "price_minor",
            "currency",
            "state",
            "opened_at",
            "expires_at",
            "paid_at",
            "refusal",
            "download",
        )


class PayableOrderSerializer(OrderSerializer):
    """An order with the page on which it is paid; the address is empty where there is nothing to pay any more."""

    checkout_url = serializers.SerializerMethodField()

    class Meta(OrderSerializer.Meta):
        fields = (*OrderSerializer.Meta.fields, "checkout_url")  # type: ignore[assignment]

    def get_checkout_url(self, order: Order) -> str:
        """Stripe's page."""
        return page_of(order, addresses_of(order, self.context["request"]), stripe_gateway())


class WantedSerializer(serializers.Serializer[Any]):
    """What is to be licensed."""

    generation = serializers.IntegerField(min_value=1, max_value=MOST)


class Orders(ListModelMixin, Resource[Order]):
    """Your orders."""

    noun = "downloads"
    queryset = Order.objects.none()
    serializer_class = OrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        """The customer's own."""
        return customer_of(self.user).orders.all()

    @extend_schema(request=WantedSerializer, responses={201: PayableOrderSerializer})
    @needs_key
    def create(self, request: ApiRequest) -> Response:
        """Order a licence at today's price. Whoever opens `checkout_url` pays; then the order gets its `download`.

        An order is its own record of the key: nothing is asked of Stripe within a transaction.
        """
        customer = customer_of(self.user)
        wanted = WantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        seen = generations_for(self.user).select_related("generator_model")
        generation = get_object_or_404(seen, pk=wanted.validated_data["generation"])
        form_key = _form_key(request)
        if customer.orders.filter(form_key=form_key).exclude(generation=generation).exists():
            raise OtherRequest(_("This Idempotency-Key was used for another request. Use a new key for a new request."))
        with as_conflict(NotForSale, TermsNotAccepted):
            accepted = require_terms(self.user, Audience.CUSTOMER)
            order = _answered(
                lambda: find_order(customer, generation, accepted, form_key, stripe_gateway(), timezone.now())
            )
        return self._payable(order, 201)

    @extend_schema(responses=PayableOrderSerializer)
    def retrieve(self, request: ApiRequest, pk: str) -> Response:
        """One order, as Stripe has it now."""
        order = self.get_object()
        return self._payable(_answered(lambda: look_up(order, stripe_gateway(), timezone.now())), 200)

    def _payable(self, order: Order, status: int) -> Response:
        return Response(
            _answered(lambda: PayableOrderSerializer(order, context={"request": self.request}).data), status
        )


def _form_key(request: ApiRequest) -> UUID:
    """The same for the same key of the same token."""
    return uuid5(NAMESPACE_URL, f"api-token:{request.auth.pk}:{required_key(request)}")


def _answered(ask: Any) -> Any:
    """What Stripe answers. Raises `StripeUnavailable`."""
    try:
        return ask()
    except (*NO_ANSWER, ImproperlyConfigured) as error:
        message = _("Stripe cannot be reached now. Nothing is lost: send the same request with the same key again.")
        raise StripeUnavailable(message) from error
