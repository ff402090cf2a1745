"""Uploads of the contributor whose token it is: what became of each and why, new ones, and appeals."""

import json
from pathlib import PurePath
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from marketplace import appeals
from marketplace.api.authentication import ApiRequest
from marketplace.api.files import WithFiles
from marketplace.api.filtering import InstantFilter
from marketplace.api.once import file_sha256, once
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.core.appeals import WHAT_NEXT, State
from marketplace.core.verdicts import Verdict
from marketplace.declaration import current_declaration
from marketplace.models import ScreeningResult, Submission, SubmissionDecision
from marketplace.permissions import contributor_of
from marketplace.reasons import sentence_of
from marketplace.services import Details
from marketplace.terms import TermsNotAccepted
from marketplace.uploads import MOST_FILES, UploadsSuspended, upload

LONGEST_STATEMENT = 2_000


class SignalSerializer(serializers.Serializer[dict[str, Any]]):
    """One thing that the screen found in a file, with what it asks for and its evidence."""

    name = serializers.CharField()
    verdict = serializers.ChoiceField([verdict.value for verdict in Verdict])
    reason = serializers.CharField()
    in_words = serializers.SerializerMethodField()
    evidence = serializers.DictField(child=serializers.CharField())

    def get_in_words(self, signal: dict[str, Any]) -> str | None:
        """A sentence; null for a reason that only another version knows."""
        return sentence_of(signal["reason"])


class DecisionSerializer(serializers.ModelSerializer[SubmissionDecision]):
    """What a reviewer decided, and why."""

    class Meta:
        model = SubmissionDecision
        fields = ("decision", "reason", "decided_at")


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """An upload: where it stands, what the screen found, what reviewers decided, and what can be done."""

    state = serializers.SerializerMethodField()
    what_next = serializers.SerializerMethodField()
    signals = serializers.SerializerMethodField()
    decisions = DecisionSerializer(many=True, read_only=True)
    appealed_at = serializers.DateTimeField(source="appeal.appealed_at", default=None, read_only=True, allow_null=True)
    appeal_until = serializers.SerializerMethodField()
    asset = serializers.IntegerField(source="asset.pk", default=None, read_only=True, allow_null=True)

    class Meta:
        model = Submission
        fields = (
            "id",
            "file_name",
            "title",
            "keywords",
            "licence",
            "sha256",
            "submitted_at",
            "training_consent",
            "verdict",
            "state",
            "what_next",
            "signals",
            "decisions",
            "appealed_at",
            "appeal_until",
            "asset",
        )

    @extend_schema_field(serializers.ChoiceField([state.value for state in State]))
    def get_state(self, submission: Submission) -> str:
        """Where it stands now."""
        return appeals.state_of(submission, timezone.now())

    def get_what_next(self, submission: Submission) -> str:
        """A sentence."""
        return WHAT_NEXT[appeals.state_of(submission, timezone.now())]

    @extend_schema_field(SignalSerializer(many=True))
    def get_signals(self, submission: Submission) -> Any:
        """Of the newest screening."""
        newest = max(submission.screening_results.all(), key=lambda result: result.pk)
        return SignalSerializer(newest.signals, many=True).data

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_appeal_until(self, submission: Submission) -> Any:
        """Until when a rejection can be appealed; null for what is not rejected."""
        return appeals.deadline_of(submission) if submission.verdict == Verdict.REJECT else None


class SaidSerializer(serializers.Serializer[Any]):
    """What a contributor says of a file."""

    title = serializers.CharField(max_length=300, required=False, help_text="Without one, the name of the file.")
    keywords = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=50)
    licence = serializers.CharField(max_length=200)
    training_consent = serializers.BooleanField(default=False, help_text="It may be used to train image generators.")


class DeclaredSerializer(serializers.Serializer[Any]):
    """The signature under the declaration, without which nothing is taken."""

    declaration_sha256 = serializers.CharField(
        help_text="The `sha256` of the declaration that you read and sign with this request: see /declaration/."
    )

    def validate_declaration_sha256(self, signed: str) -> str:
        """Raise ValidationError where another text is in force: what is kept is what was read."""
        if signed != current_declaration().sha256:
            raise serializers.ValidationError(_("Another declaration is in force: read /declaration/ and sign that."))
        return signed


class UploadSerializer(SaidSerializer, DeclaredSerializer):
    """One file."""

    file = serializers.FileField(allow_empty_file=True)


class ManifestLineSerializer(SaidSerializer):
    """What is said of one of several files."""

    file_name = serializers.CharField(max_length=255, help_text="As the file is called in `files`.")


class BulkSerializer(DeclaredSerializer):
    """Several files, with what is said of each."""

    files = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), min_length=1, max_length=MOST_FILES
    )
    manifest = serializers.CharField(
        help_text="JSON: a list with an object for each file: file_name, licence and, if you like, title, keywords, "
        "training_consent."
    )

    def validate_manifest(self, text: str) -> dict[str, dict[str, Any]]:
        """What is said, by the name of the file. Raise ValidationError that names the line."""
        try:
            read = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError(_("This is no JSON: %(error)s") % {"error": error}) from error
        lines = ManifestLineSerializer(data=read, many=True)
        lines.is_valid(raise_exception=True)
        by_name = {line["file_name"]: line for line in lines.validated_data}
        if len(by_name) < len(lines.validated_data):
            raise serializers.ValidationError(_("Two lines have the same file_name: give each file its own."))
        return by_name


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one of several files: the upload, or why there is none."""

    file_name = serializers.CharField()
    outcome = serializers.ChoiceField(["taken", "known", "refused"])
    problem = serializers.CharField(allow_blank=True)
    submission = SubmissionSerializer(allow_null=True)


class OutcomesSerializer(serializers.Serializer[Any]):
    """Counts, so that partial success is not overlooked, and the outcome of each file, in their order."""

    taken = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Uploaded before by you, and left as they were.")
    refused = serializers.IntegerField(help_text="Not taken: send these again, mended.")
    outcomes = OutcomeSerializer(many=True)


class AppealSerializer(serializers.Serializer[Any]):
    """What the owner says, if they want to."""

    statement = serializers.CharField(max_length=LONGEST_STATEMENT, allow_blank=True, default="")


class SubmissionFilter(filters.FilterSet):
    """Which uploads."""

    verdict = filters.ChoiceFilter(choices=[(verdict.value, verdict.value) for verdict in Verdict])
    submitted_from = InstantFilter("submitted_at", "gte")
    submitted_before = InstantFilter("submitted_at", "lt")

    class Meta:
        model = Submission
        fields: tuple[str, ...] = ()


class Submissions(ListModelMixin, RetrieveModelMixin, Resource[Submission]):
    """What you uploaded."""

    noun = "assets"
    queryset = Submission.objects.none()
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilter
    parser_classes = (JSONParser, WithFiles)

    def get_queryset(self) -> QuerySet[Submission]:
        """The user's own, with all that is told of them."""
        results = Prefetch("screening_results", ScreeningResult.objects.order_by("pk"))
        mine = contributor_of(self.user).submissions.select_related("appeal__decision", "asset", "contributor")
        return mine.prefetch_related(results, "decisions")

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: SubmissionSerializer})
    @once
    def create(self, request: ApiRequest) -> Response:
        """Upload one file. It is screened at once; 200 is the answer where you uploaded the same file before."""
        contributor = contributor_of(self.user)
        filled = UploadSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        said = filled.validated_data
        with as_conflict(UploadsSuspended, TermsNotAccepted):
            taken, is_new = upload(
                contributor, said["file"].read(), self._details(said["file"].name, said), timezone.now()
            )
        return self.answer(taken, 201 if is_new else 200)

    @extend_schema(request={"multipart/form-data": BulkSerializer}, responses={200: OutcomesSerializer})
    @action(detail=False, methods=["post"])
    @once
    def bulk(self, request: ApiRequest) -> Response:
        """Upload several files with a manifest. Each is taken or refused for itself, and the answer says which."""
        contributor = contributor_of(self.user)
        filled = BulkSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        said = filled.validated_data["manifest"]
        files = filled.validated_data["files"]
        by_hash = sorted(files, key=file_sha256)  # two requests that hold the same files never wait for one another
        with as_conflict(TermsNotAccepted):
            done = {id(file): self._outcome(contributor, file, said.get(str(file.name))) for file in by_hash}
        outcomes = [done[id(file)] for file in files]
        counts = {kind: sum(one["outcome"] == kind for one in outcomes) for kind in ("taken", "known", "refused")}
        return Response(OutcomesSerializer({**counts, "outcomes": outcomes}).data)

    def _outcome(self, contributor: Any, file: Any, said: dict[str, Any] | None) -> dict[str, Any]:
        refused = {"file_name": file.name, "outcome": "refused", "submission": None}
        if said is None:
            return refused | {"problem": _("The manifest has no line with this file_name.")}
        try:
            taken, is_new = upload(contributor, file.read(), self._details(file.name, said), timezone.now())
        except UploadsSuspended as error:  # perhaps by a file before it, which stays taken with its strike
            return refused | {"problem": str(error)}
        outcome = "taken" if is_new else "known"
        return {"file_name": file.name, "outcome": outcome, "problem": "", "submission": taken}

    def _details(self, file_name: str, said: dict[str, Any]) -> Details:
        name = "".join(letter for letter in file_name if letter.isprintable())
        return Details(
            file_name=name[-255:],
            title=said.get("title") or PurePath(name).stem[:300],
            keywords=tuple(said.get("keywords", ())),
            licence=said["licence"],
            training_consent=said["training_consent"],
            signed_by=self.user,
        )

    @extend_schema(request=AppealSerializer, responses={201: SubmissionSerializer})
    @action(detail=True, methods=["post"])
    @once
    def appeal(self, request: ApiRequest, pk: str) -> Response:
        """Appeal a rejection, once. A reviewer who has not decided on it before decides."""
        submission = self.get_object()
        filled = AppealSerializer(data=request.data)
        filled.is_valid(raise_exception=True)
        with as_conflict(appeals.CannotAppeal):
            appeals.appeal(submission, filled.validated_data["statement"], self.user, timezone.now())
        return self.answer(self.get_object(), 201)
