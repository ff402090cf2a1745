"""The customer's licences: their files, certificates and human edits."""

import logging

from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from attribution.delivering import NotAttributedYet, deliver_download
from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile
from marketplace.api.once import once
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.delivering import EXTENSIONS
from marketplace.models import Delivery, Download, HumanEdit
from marketplace.permissions import customer_of
from marketplace.screening.content_credentials import MEDIA_TYPES
from marketplace.signing import CannotSign
from marketplace.views import HUMAN_EDIT_CHARACTERS

logger = logging.getLogger(__name__)


class SigningUnavailable(APIException):
    """A file cannot be signed now."""

    status_code = 503
    default_code = "signing_unavailable"
    default_detail = "The file could not be signed just now. Please try again later."


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """A file as it was handed out, and its licence certificate."""

    certificate = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = ("file_format", "sha256", "certificate_id", "certificate", "delivered_at")

    @extend_schema_field(serializers.URLField())
    def get_certificate(self, delivery: Delivery) -> str:
        """Where anybody can check it."""
        return str(self.context["request"].build_absolute_uri(reverse("certificate", args=[delivery.certificate_id])))


class DownloadSerializer(serializers.ModelSerializer[Download]):
    """A licence, with the files that were handed out of it."""

    deliveries = DeliverySerializer(many=True)
    files = serializers.SerializerMethodField()

    class Meta:
        model = Download
        fields = ("id", "generation", "gross_minor", "currency", "downloaded_at", "deliveries", "files")

    def get_files(self, download: Download) -> dict[str, str]:
        """By format, where the file is; a token gets it."""
        ask = self.context["request"].build_absolute_uri
        return {name: ask(reverse("download-file", args=[download.pk, name])) for name in EXTENSIONS}


class HumanEditSerializer(serializers.ModelSerializer[HumanEdit]):
    """What people did to the picture afterwards."""

    description = serializers.CharField(max_length=HUMAN_EDIT_CHARACTERS)

    class Meta:
        model = HumanEdit
        fields = ("description", "recorded_at")
        read_only_fields = ("recorded_at",)


class Downloads(ListModelMixin, RetrieveModelMixin, Resource[Download]):
    """Your licences."""

    noun = "downloads"
    queryset = Download.objects.none()
    serializer_class = DownloadSerializer

    def get_queryset(self) -> QuerySet[Download]:
        """The customer's own."""
        mine = customer_of(self.user).downloads.select_related(
            "customer", "generation__generator_model", "generation__training_set"
        )
        return mine.prefetch_related("deliveries")

    @extend_schema(
        parameters=[OpenApiParameter("extension", str, OpenApiParameter.PATH, enum=list(EXTENSIONS))],
        responses={(200, media_type): OpenApiTypes.BINARY for media_type in ("image/jpeg", "image/png", "image/webp")},
    )
    @action(detail=True, url_path=r"file\.(?P<extension>[a-z]+)", renderer_classes=(AnyFile,))
    def file(self, request: ApiRequest, pk: str, extension: str) -> FileResponse:
        """The licensed file, signed; the same bytes each time."""
        download = self.get_object()
        if extension not in EXTENSIONS:
            raise Http404("No such format.")
        try:
            with as_conflict(NotAttributedYet):
                delivery = deliver_download(download, EXTENSIONS[extension], timezone.now())
        except CannotSign as error:
            logger.exception("Download %s could not be signed", download.pk)
            raise SigningUnavailable from error
        name = f"tributary-{download.generation_id}.{extension}"
        media_type = MEDIA_TYPES[delivery.file_format]
        return FileResponse(delivery.file.open("rb"), as_attachment=True, filename=name, content_type=media_type)

    @extend_schema(responses=HumanEditSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def edits(self, request: ApiRequest, pk: str) -> Response:
        """What people did to the picture afterwards, as you recorded it."""
        return Response(HumanEditSerializer(self.get_object().human_edits.order_by("pk"), many=True).data)

    @extend_schema(request=HumanEditSerializer, responses={201: HumanEditSerializer})
    @edits.mapping.post
    @once
    def edit(self, request: ApiRequest, pk: str) -> Response:
        """Record an edit. It is dated, cannot be changed, and is shown on the page of each certificate."""
        download = self.get_object()
        filled = HumanEditSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        description = filled.validated_data["description"]
        recorded = download.human_edits.create(description=description, recorded_at=timezone.now())
        return Response(HumanEditSerializer(recorded).data, 201)
