"""Generations: to look at and to license for customers, to send for partners who run a generator of their own."""

import json
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from attribution.selectors import most_resembled
from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile, WithFiles
from marketplace.api.filtering import InstantFilter
from marketplace.api.once import once
from marketplace.api.problems import RecordedConflict, as_conflict
from marketplace.api.views import Resource
from marketplace.core.model_states import ModelRefused
from marketplace.core.release import WHY_NOT_FOR_SALE, SaleState
from marketplace.generating import Said, take_generation
from marketplace.images import UnreadableImage
from marketplace.model_views import PUBLIC_STATES
from marketplace.models import Generation, GeneratorModel
from marketplace.output_checks import sale_states
from marketplace.people_checks import people_facts
from marketplace.permissions import generations_for, require_customer_or_finance
from marketplace.prompts.checking import LONGEST_PROMPT, PromptNotAllowed
from marketplace.services import AlreadyGenerated, NoTrainingSet

RESEMBLED = 6
MOST = 2**63 - 1


class GeneratorModelSerializer(serializers.ModelSerializer[GeneratorModel]):
    """A generator's card."""

    training_set = serializers.CharField(source="training_set.__str__", default=None, allow_null=True)

    class Meta:
        model = GeneratorModel
        fields = ("id", "name", "version", "provider", "licence", "description", "training_set", "created_at")


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    """A generated image, and whether it can be licensed."""

    generator_model = serializers.IntegerField(source="generator_model_id")
    sale_state = serializers.SerializerMethodField()
    why_not_for_sale = serializers.SerializerMethodField()

    class Meta:
        model = Generation
        fields = (
            "id",
            "generator_model",
            "prompt",
            "seed",
            "must_show_no_people",
            "parameters",
            "sha256",
            "width",
            "height",
            "generated_at",
            "sale_state",
            "why_not_for_sale",
        )

    @extend_schema_field(serializers.ChoiceField([state.value for state in SaleState]))
    def get_sale_state(self, generation: Generation) -> str:
        """By its check for copies, and what reviewers decided of it."""
        return str(self.context["states"][generation.pk].value)

    def get_why_not_for_sale(self, generation: Generation) -> str | None:
        """A sentence; null where it is for sale."""
        return WHY_NOT_FOR_SALE.get(self.context["states"][generation.pk])


class ResembledSerializer(serializers.Serializer[Any]):
    """An image of the training set that it resembles."""

    asset = serializers.IntegerField(source="asset.pk")
    title = serializers.CharField(source="asset.submission.title")
    similarity = serializers.FloatField(help_text="The cosine of their embeddings, from -1 to 1.")


class PeopleCheckSerializer(serializers.Serializer[Any]):
    """What was found in an image that must show no people; null what was not looked at yet."""

    requirement = serializers.CharField()
    checked_at = serializers.DateTimeField(allow_null=True)
    checked_with = serializers.CharField(allow_null=True, help_text="The detector and the list of keywords.")
    face_count = serializers.IntegerField(allow_null=True)
    may_copy_image_of_people = serializers.BooleanField(allow_null=True)
    decision = serializers.CharField(allow_null=True, help_text="A reviewer's newest: cleared or upheld.")
    not_found = serializers.CharField(help_text="Whom the check does not find.")


class GenerationDetailSerializer(GenerationSerializer):
    """A generated image with what it most resembles: quick and approximate, and nobody is paid by it."""

    resembled = serializers.SerializerMethodField()
    people_check = serializers.SerializerMethodField()

    class Meta(GenerationSerializer.Meta):
        fields = (*GenerationSerializer.Meta.fields, "resembled", "people_check")  # type: ignore[assignment]

    @extend_schema_field(PeopleCheckSerializer(allow_null=True))
    def get_people_check(self, generation: Generation) -> dict[str, Any] | None:
        """Null where it may show people."""
        return people_facts(generation)

    @extend_schema_field(ResembledSerializer(many=True))
    def get_resembled(self, generation: Generation) -> Any:
        """Up to six; none until it is embedded."""
        found = most_resembled(generation, RESEMBLED)
        return ResembledSerializer([{"asset": asset, "similarity": one} for asset, one in found], many=True).data


class SentSerializer(serializers.Serializer[Any]):
    """An image that a partner's generator made."""

    file = serializers.FileField(allow_empty_file=True)
    generator_model = serializers.IntegerField(min_value=1, max_value=MOST)
    prompt = serializers.CharField(max_length=LONGEST_PROMPT)
    seed = serializers.IntegerField(min_value=-MOST, max_value=MOST)
    parameters = serializers.CharField(default="{}", help_text="A JSON object: what it was given beside the prompt.")
    must_show_no_people = serializers.BooleanField(
        default=False,
        help_text="It is then looked at for people before it can be sold. What is sent first stays.",
    )

    def validate_parameters(self, text: str) -> dict[str, Any]:
        """Raise ValidationError for what is no JSON object, or holds what cannot be kept."""
        try:
            read = json.loads(text)
            written = json.dumps(read, allow_nan=False, ensure_ascii=False).encode()  # halves of characters are refused
            if b"\\u0000" in written:
                raise ValueError(_("There is a null character in it."))
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError(_("This is no JSON: %(error)s") % {"error": error}) from error
        if not isinstance(read, dict):
            raise serializers.ValidationError(_("This is no JSON object."))
        return read


class GenerationFilter(filters.FilterSet):
    """Which generations."""

    generator_model = filters.NumberFilter("generator_model_id", min_value=0, max_value=MOST)
    prompt = filters.CharFilter("prompt", "icontains")
    generated_from = InstantFilter("generated_at", "gte")
    generated_before = InstantFilter("generated_at", "lt")

    class Meta:
        model = Generation
        fields: tuple[str, ...] = ()


class GeneratorModels(ListModelMixin, RetrieveModelMixin, Resource[GeneratorModel]):
    """The generators whose images are sold here, or were; a partner also sees their own before that."""

    noun = "generations"
    queryset = GeneratorModel.objects.none()
    serializer_class = GeneratorModelSerializer

    def get_queryset(self) -> QuerySet[GeneratorModel]:
        """Drafts are nobody else's business."""
        seen = Q(state__in=PUBLIC_STATES) | Q(partner=self.user)
        return GeneratorModel.objects.filter(seen).select_related("training_set")


class Generations(ListModelMixin, RetrieveModelMixin, Resource[Generation]):
    """Generated images, for customers and finance. Prompts are not for contributors."""

    noun = "generations"
    queryset = Generation.objects.none()
    filterset_class = GenerationFilter
    parser_classes = (WithFiles, JSONParser)

    def get_queryset(self) -> QuerySet[Generation]:
        """What the user may look at."""
        require_customer_or_finance(self.user)
        return generations_for(self.user)

    def get_serializer_class(self) -> type[GenerationSerializer]:
        """One has more than the many."""
        return GenerationDetailSerializer if self.action == "retrieve" else GenerationSerializer

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """With the states of all that is written, found at once."""
        written: Iterable[Generation] = () if not args else args[0] if kwargs.get("many") else [args[0]]
        kwargs["context"] = {**self.get_serializer_context(), "states": sale_states(written)}
        return self.get_serializer_class()(*args, **kwargs)

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, renderer_classes=(AnyFile,))
    def preview(self, request: ApiRequest, pk: str) -> FileResponse:
        """The image in small."""
        return FileResponse(self.get_object().preview.open("rb"), content_type="image/jpeg")

    @extend_schema(request={"multipart/form-data": SentSerializer}, responses={201: GenerationSerializer})
    @once
    def create(self, request: ApiRequest) -> Response:
        """For partners: send an image that your own generator made. It is for sale once it is checked for copies."""
        filled = SentSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        sent = filled.validated_data
        model = get_object_or_404(self.user.generator_models, pk=sent["generator_model"])
        try:
            with (
                as_conflict(AlreadyGenerated, ModelRefused, NoTrainingSet),
                as_conflict(PromptNotAllowed, problem=RecordedConflict),
            ):
                said = Said(sent["prompt"], sent["seed"], sent["parameters"], sent["must_show_no_people"])
                generation = take_generation(model, sent["file"].read(), said, self.user, timezone.now())
        except UnreadableImage as error:
            raise serializers.ValidationError({"file": [str(error)]}) from error
        return self.answer(generation, 201)
