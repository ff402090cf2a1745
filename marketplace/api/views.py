"""What the resources of all layers are made of."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import AnonRateThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from marketplace.api.authentication import ApiRequest
from marketplace.models import User

M = TypeVar("M", bound=Model)


class Resource(GenericViewSet[M]):
    """Things that a token with the scopes of `noun` may read or write, in `ordering`, as far as its user may."""

    noun: str
    ordering: tuple[str, ...] = ("-pk",)
    request: ApiRequest

    @property
    def user(self) -> User:
        """On whose behalf the token asks."""
        return self.request.user

    def answer(self, instance: Any, status: int = 200) -> Response:
        """One thing, written by the serializer of what is read."""
        return Response(self.get_serializer(instance).data, status)


class PublicResource(GenericViewSet[M]):
    """Things for everybody, without a token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AnonRateThrottle,)
    ordering: tuple[str, ...] = ("-pk",)


class NoSuchAddress(APIView):
    """Any other address of the API: a problem as from everywhere else, and no page."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise `NotFound`."""
        raise NotFound
