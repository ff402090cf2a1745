"""Uploads that wait for a reviewer: held ones, and appeals."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from marketplace import appeals
from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile
from marketplace.api.once import once
from marketplace.api.problems import as_conflict
from marketplace.api.submissions import SubmissionSerializer
from marketplace.api.views import Resource
from marketplace.core.appeals import Decision
from marketplace.models import ScreeningResult, Submission
from marketplace.permissions import require_reviewer


class DecideSerializer(serializers.Serializer[Any]):
    """A decision, and why: the contributor reads it."""

    decision = serializers.ChoiceField([decision.value for decision in Decision])
    reason = serializers.CharField(max_length=2_000)


class Reviews(ListModelMixin, Resource[Submission]):
    """For reviewers: what waits for a decision, the longest first."""

    noun = "screening"
    queryset = Submission.objects.none()
    serializer_class = SubmissionSerializer
    ordering = ("waiting_since", "pk")

    def get_queryset(self) -> QuerySet[Submission]:
        """What waits; for reviewers alone."""
        require_reviewer(self.user)
        results = Prefetch("screening_results", ScreeningResult.objects.order_by("pk"))
        waiting = appeals.waiting_submissions().select_related("appeal__decision", "asset", "contributor")
        return waiting.prefetch_related(results, "decisions")

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    @action(detail=True, renderer_classes=(AnyFile,))
    def preview(self, request: ApiRequest, pk: str) -> FileResponse:
        """The re-encoded picture."""
        submission = self.get_object()
        if not submission.preview:
            raise Http404("There is no picture of it.")
        return FileResponse(submission.preview.open("rb"), content_type="image/jpeg")

    @extend_schema(request=DecideSerializer, responses={201: SubmissionSerializer})
    @action(detail=True, methods=["post"])
    @once
    def decide(self, request: ApiRequest, pk: str) -> Response:
        """Decide a held upload or an appeal; an appeal is for whoever has not decided on it before."""
        submission = self.get_object()
        filled = DecideSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        decision, reason = Decision(filled.validated_data["decision"]), filled.validated_data["reason"]
        with as_conflict(appeals.CannotDecide):
            appeals.decide_submission(submission, decision, reason, self.user, timezone.now())
        return self.answer(Submission.objects.get(pk=submission.pk), 201)
