"""The addresses that are told of events, and what became of each delivery."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.once import once
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.core.webhooks import Event
from marketplace.models import WebhookDelivery, WebhookEndpoint
from marketplace.webhook_outbox import EndpointRefused, add_endpoint
from marketplace.webhook_sending import require_allowed

EVENTS = [(event.value, event.value) for event in Event]


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """An address that is told of events."""

    url = serializers.URLField(max_length=500)
    events = serializers.ListField(child=serializers.ChoiceField(EVENTS), min_length=1, max_length=len(EVENTS))

    class Meta:
        model = WebhookEndpoint
        fields = ("id", "url", "events", "created_at")
        read_only_fields = ("created_at",)

    def validate_url(self, url: str) -> str:
        """Raise ValidationError for an address that may not be told."""
        try:
            require_allowed(url)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error
        return url


class NewEndpointSerializer(EndpointSerializer):
    """An address with the secret that signs what it is told: keep it; your page of webhooks shows it too."""

    class Meta(EndpointSerializer.Meta):
        fields = (*EndpointSerializer.Meta.fields, "secret")  # type: ignore[assignment]
        read_only_fields = ("created_at", "secret")  # type: ignore[assignment]


class WebhookDeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """One event for one address."""

    class Meta:
        model = WebhookDelivery
        fields = ("id", "endpoint", "event", "body", "created_at", "try_count", "next_try_at", "taken_at", "problem")


class DeliveryFilter(filters.FilterSet):
    """Which deliveries."""

    endpoint = filters.NumberFilter("endpoint_id")
    event = filters.ChoiceFilter(choices=EVENTS)
    is_waiting = filters.BooleanFilter("next_try_at", "isnull", exclude=True)

    class Meta:
        model = WebhookDelivery
        fields: tuple[str, ...] = ()


class Endpoints(
    ListModelMixin,
    RetrieveModelMixin,
    DestroyModelMixin,
    Resource[WebhookEndpoint],
):
    """Addresses of yours that are told of events."""

    noun = "webhooks"
    queryset = WebhookEndpoint.objects.none()
    serializer_class = EndpointSerializer

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        """The user's own."""
        return self.user.webhook_endpoints.all()

    @extend_schema(request=EndpointSerializer, responses={201: NewEndpointSerializer})
    @once
    def create(self, request: ApiRequest) -> Response:
        """Name an address. The answer has the secret that signs what it is told."""
        filled = EndpointSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        said: dict[str, Any] = filled.validated_data
        with as_conflict(EndpointRefused):
            added = add_endpoint(self.user, said["url"], said["events"], timezone.now())
        return Response(NewEndpointSerializer(added).data, 201)


class Deliveries(ListModelMixin, Resource[WebhookDelivery]):
    """What your addresses were told, and what waits to be."""

    noun = "webhooks"
    queryset = WebhookDelivery.objects.none()
    serializer_class = WebhookDeliverySerializer
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[WebhookDelivery]:
        """Those of the user's own endpoints."""
        return WebhookDelivery.objects.filter(endpoint__user=self.user)
