"""The contributor's assets and their training consent."""

from django.db.models import QuerySet, Subquery
from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile
from marketplace.api.once import once
from marketplace.api.views import Resource
from marketplace.consents import record_consent
from marketplace.models import Asset, TrainingConsent
from marketplace.permissions import contributor_of
from marketplace.selectors import answers_in_effect


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """An accepted image."""

    title = serializers.CharField(source="submission.title")
    training_consent = serializers.BooleanField(help_text="What holds now.")

    class Meta:
        model = Asset
        fields = ("id", "submission", "title", "sha256", "width", "height", "ingested_at", "training_consent")


class ConsentSerializer(serializers.ModelSerializer[TrainingConsent]):
    """A yes or no to training on one asset, from a time on; of those in effect the one recorded last counts."""

    class Meta:
        model = TrainingConsent
        fields = ("granted", "effective_at", "recorded_at")
        read_only_fields = ("effective_at", "recorded_at")


class Assets(ListModelMixin, RetrieveModelMixin, Resource[Asset]):
    """Your images in the catalogue."""

    noun = "assets"
    queryset = Asset.objects.none()
    serializer_class = AssetSerializer

    def get_queryset(self) -> QuerySet[Asset]:
        """The user's own, with the consent that holds now."""
        newest = answers_in_effect(timezone.now()).values("granted")[:1]
        return contributor_of(self.user).assets.select_related("submission").annotate(training_consent=Subquery(newest))

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, renderer_classes=(AnyFile,))
    def preview(self, request: ApiRequest, pk: str) -> FileResponse:
        """The image, re-encoded without its metadata. The original is never handed out."""
        return FileResponse(self.get_object().preview.open("rb"), content_type="image/jpeg")

    @extend_schema(responses=ConsentSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def consents(self, request: ApiRequest, pk: str) -> Response:
        """All that you said about training on it, the newest first."""
        said = self.get_object().consents.order_by("-pk")
        return Response(ConsentSerializer(said, many=True).data)

    @extend_schema(request=ConsentSerializer, responses={201: ConsentSerializer})
    @consents.mapping.post
    @once
    def consent(self, request: ApiRequest, pk: str) -> Response:
        """Say yes or no to training from now on. Sets frozen before keep the image, and go on earning for it."""
        asset, now = self.get_object(), timezone.now()
        filled = ConsentSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        record_consent(Asset.objects.filter(pk=asset.pk), filled.validated_data["granted"], effective_at=now, at=now)
        return Response(ConsentSerializer(asset.consents.latest("pk")).data, 201)
