"""For everybody, without a token: the declaration, certificates, and whether a file is one of ours."""

import json
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.api.files import WithFiles
from marketplace.api.views import PublicResource
from marketplace.declaration import current_declaration
from marketplace.describing import describe, verdict_of
from marketplace.images import UnreadableImage
from marketplace.licences import open_seal
from marketplace.models import Delivery
from marketplace.signing import NotSigned
from marketplace.verifying import MOST_BYTES, Match, examine


class DeclarationSerializer(serializers.Serializer[Any]):
    """The declaration in force, which is signed with each upload."""

    version = serializers.CharField()
    text = serializers.CharField()
    sha256 = serializers.CharField(help_text="Send it with an upload: that is the signature.")


class CertificateSerializer(serializers.ModelSerializer[Delivery]):
    """A licence certificate, and whether its signature is good now."""

    is_good = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()
    certificate = serializers.SerializerMethodField()
    pdf = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = ("certificate_id", "is_good", "problem", "certificate", "pdf")

    def get_is_good(self, delivery: Delivery) -> bool:
        """Whether it is signed under our root, and unchanged."""
        return not self.get_problem(delivery)

    def get_problem(self, delivery: Delivery) -> str:
        """Why it is not good; empty where it is."""
        try:
            open_seal(delivery.certificate)
        except NotSigned as error:
            return str(error)
        return ""

    def get_certificate(self, delivery: Delivery) -> dict[str, Any]:
        """The document with its signature."""
        return dict(json.loads(delivery.certificate))

    @extend_schema_field(serializers.URLField())
    def get_pdf(self, delivery: Delivery) -> str:
        """Where it is for people."""
        address = reverse("certificate_pdf", args=[delivery.certificate_id])
        return str(self.context["request"].build_absolute_uri(address))


class MatchSerializer(serializers.Serializer[Match]):
    """A file that we delivered, and by what it was found."""

    certificate_id = serializers.CharField(source="delivery.certificate_id")
    found_by = serializers.CharField()
    distance = serializers.IntegerField(allow_null=True, help_text="Of 64 bits; null where the bytes are the same.")
    looks_alike = serializers.BooleanField()
    delivered_at = serializers.DateTimeField(source="delivery.delivered_at")


class VerifiedSerializer(serializers.Serializer[Any]):
    """What is known of a file, and what it says of itself."""

    headline = serializers.CharField()
    meaning = serializers.CharField()
    matches = MatchSerializer(many=True)
    says = serializers.DictField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.CharField())),
        help_text="By heading, pairs of a label and what stands there.",
    )


class FileSerializer(serializers.Serializer[Any]):
    """A file to check; it is not kept."""

    file = serializers.FileField(allow_empty_file=True)

    def validate_file(self, file: Any) -> Any:
        """Raise ValidationError for one that is too large."""
        if file.size > MOST_BYTES:
            raise serializers.ValidationError(_("At most %(mb)d MB can be checked.") % {"mb": MOST_BYTES // 10**6})
        return file


class Declarations(PublicResource[Delivery]):
    """The declaration that contributors sign."""

    serializer_class = DeclarationSerializer

    @extend_schema(operation_id="declaration_retrieve")
    def retrieve(self, request: Request) -> Response:
        """The declaration in force."""
        return Response(DeclarationSerializer(current_declaration()).data)


class Certificates(RetrieveModelMixin, PublicResource[Delivery]):
    """Licence certificates, by their number."""

    queryset = Delivery.objects.order_by("pk")
    serializer_class = CertificateSerializer
    lookup_field = "certificate_id"
    lookup_value_regex = "[A-Z2-7]+"


class Verifications(PublicResource[Delivery]):
    """Files of anybody's."""

    serializer_class = VerifiedSerializer
    parser_classes = (WithFiles,)

    @extend_schema(request={"multipart/form-data": FileSerializer}, responses=VerifiedSerializer)
    def create(self, request: Request) -> Response:
        """Whether a file is one that we delivered, and what it says of itself."""
        filled = FileSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        try:
            findings = examine(filled.validated_data["file"].read())
        except UnreadableImage as error:
            raise serializers.ValidationError({"file": [str(error)]}) from error
        headline, meaning = verdict_of(findings)
        told = {
            "headline": headline,
            "meaning": meaning,
            "matches": findings.matches,
            "says": dict(describe(findings)),
        }
        return Response(VerifiedSerializer(told).data)
