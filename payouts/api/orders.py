"""Orders of licences: opened here, paid on Stripe's page, and a licence of /downloads/ once they are."""

from http import HTTPStatus
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.once import required_key
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.core.terms import Audience
from marketplace.output_checks import NotForSale
from marketplace.permissions import customer_of, generations_for
from marketplace.terms import TermsNotAccepted, require_terms
from payouts.checkout import Addresses, CheckoutDiffers, find_order, page_of
from payouts.core.states import OrderState
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import Order
from payouts.onboarding import stripe_gateway

NO_ANSWER = (CheckoutDiffers, GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown, ImproperlyConfigured)
MOST = 2**63 - 1
ORDER_STATES = [(state.value, state.value) for state in OrderState]


class StripeNotReached(APIException):
    """Nothing was charged, and the same request can be sent again."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = _("Stripe cannot be reached now. Nothing was charged: send the same request again later.")
    default_code = "stripe_not_reached"


class OrderSerializer(serializers.ModelSerializer[Order]):
    """A licence that is being bought."""

    class Meta:
        model = Order
        fields = (
            "id",
            "generation",
            "state",
            "price_minor",
            "currency",
            "terms",
            "opened_at",
            "expires_at",
            "download",
        )


class OpenedSerializer(OrderSerializer):
    """An order with the page on which it is paid; empty once it is not open any more."""

    pay_at = serializers.CharField(allow_blank=True)

    class Meta(OrderSerializer.Meta):
        fields = (*OrderSerializer.Meta.fields, "pay_at")  # type: ignore[assignment]


class WantedSerializer(serializers.Serializer[Any]):
    """What is to be licensed."""

    generation = serializers.IntegerField(min_value=1, max_value=MOST)


class Orders(ListModelMixin, RetrieveModelMixin, Resource[Order]):
    """Your orders."""

    noun = "downloads"
    queryset = Order.objects.none()
    serializer_class = OrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        """The customer's own."""
        return customer_of(self.user).orders.all()

    @extend_schema(request=WantedSerializer, responses={201: OpenedSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Order a licence at today's price; somebody pays it at `pay_at`, with Stripe, within the hour."""
        customer = customer_of(self.user)
        filled = WantedSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        mine = generations_for(self.user).select_related("generator_model")
        generation = get_object_or_404(mine, pk=filled.validated_data["generation"])
        # The order itself is made once for each key: Stripe is not called with a transaction open, as `once` has one.
        press = uuid5(NAMESPACE_OID, f"{request.auth.pk}:{required_key(request)}:{generation.pk}")
        with as_conflict(NotForSale, TermsNotAccepted):
            require_terms(self.user, Audience.CUSTOMER)
            try:
                gateway = stripe_gateway()
                order = find_order(customer, generation, press, gateway, timezone.now())
                pay_at = page_of(order, self._addresses(order), gateway)
            except NO_ANSWER as error:
                raise StripeNotReached from error
        return Response({**OrderSerializer(order).data, "pay_at": pay_at}, 201)

    create.needs_key = True  # type: ignore[attr-defined]

    def _addresses(self, order: Order) -> Addresses:
        return Addresses(paid=self._page("order_paid", order), cancelled=self._page("order_cancelled", order))

    def _page(self, name: str, order: Order) -> str:
        path = reverse(name, args=[order.pk])
        site = settings.SITE_URL.rstrip("/")
        return f"{site}{path}" if site else self.request.build_absolute_uri(path)
