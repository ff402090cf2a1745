"""The contributor's images that count as copies of earlier ones, and contests of that."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from attribution import contests
from attribution.groups import links_now
from attribution.models import Contest, NearDuplicate
from marketplace.api.authentication import ApiRequest
from marketplace.api.once import once
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.permissions import contributor_of

LONGEST = 2_000


class ContestSerializer(serializers.ModelSerializer[Contest]):
    """The owner's objection, and what a reviewer decided of it."""

    statement = serializers.CharField(max_length=LONGEST)
    outcome = serializers.CharField(source="decision.outcome", default=None, read_only=True, allow_null=True)
    reason = serializers.CharField(source="decision.reason", default=None, read_only=True, allow_null=True)

    class Meta:
        model = Contest
        fields = ("statement", "contested_at", "outcome", "reason")
        read_only_fields = ("contested_at",)


class CopySerializer(serializers.ModelSerializer[NearDuplicate]):
    """That an asset was found to be a copy of an earlier one, by what proof, and whether it still counts as one."""

    counts = serializers.BooleanField(help_text="A copy that counts earns nothing.")
    contest = ContestSerializer(default=None, read_only=True, allow_null=True)

    class Meta:
        model = NearDuplicate
        fields = ("id", "asset", "original", "proof", "evidence", "detected_at", "counts", "contest")


class Copies(ListModelMixin, RetrieveModelMixin, Resource[NearDuplicate]):
    """Images of yours that count, or counted, as copies."""

    noun = "assets"
    queryset = NearDuplicate.objects.none()
    serializer_class = CopySerializer

    def get_queryset(self) -> QuerySet[NearDuplicate]:
        """Of the user's own assets."""
        links = NearDuplicate.objects.filter(asset__contributor=contributor_of(self.user))
        counting = Exists(links_now().filter(pk=OuterRef("pk")))
        return links.select_related("asset__contributor", "contest__decision").annotate(counts=counting)

    @extend_schema(request=ContestSerializer, responses={201: CopySerializer})
    @action(detail=True, methods=["post"])
    @once
    def contest(self, request: ApiRequest, pk: str) -> Response:
        """Say why it is no copy, once. A reviewer decides."""
        link = self.get_object()
        filled = ContestSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        statement: Any = filled.validated_data["statement"]
        with as_conflict(contests.CannotContest):
            contests.contest(link, statement, self.user, timezone.now())
        return self.answer(self.get_object(), 201)
