"""Statements with their proofs, the payouts that were made of them, and for everybody the roots to check against."""

from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin

from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile
from marketplace.api.views import PublicResource, Resource
from marketplace.permissions import contributor_of
from payouts.api.months import IN_PATH, ByMonth, MonthField
from payouts.core.states import PayoutState, RunState
from payouts.documents import document_of, statement_file
from payouts.models import Payout, Statement, StatementRoot
from payouts.statement_csv import as_csv
from payouts.statement_pdf import as_pdf

PAYOUT_STATES = [(state.value, state.value) for state in PayoutState]


class StatementSerializer(serializers.ModelSerializer[Statement]):
    """What you were told of one month: opening + earned + adjusted - paid = closing."""

    month = MonthField()
    currency = serializers.CharField(source="period.currency")
    root_sha256 = serializers.CharField(source="period.statement_root.root_sha256")
    files = serializers.SerializerMethodField()

    class Meta:
        model = Statement
        fields = (
            "month",
            "currency",
            "opening_micro",
            "earned_micro",
            "adjusted_micro",
            "paid_micro",
            "closing_micro",
            "owed_back_micro",
            "issued_at",
            "leaf_sha256",
            "root_sha256",
            "files",
        )

    def get_files(self, statement: Statement) -> dict[str, str]:
        """With all lines: as JSON with its proof, as CSV and as PDF."""
        ask, month = self.context["request"].build_absolute_uri, f"{statement.period.month_on:%Y-%m}"
        names = {"json": "statement-detail", "csv": "statement-as-csv", "pdf": "statement-as-pdf"}
        return {kind: ask(reverse(name, args=[month])) for kind, name in names.items()}


class ProvedSerializer(serializers.Serializer[Any]):
    """What `verify_statement.py` checks against the month's root."""

    statement = serializers.DictField(help_text="The statement with all its lines, in the format that it names.")
    proof = serializers.ListField(child=serializers.CharField(), help_text="The hashes that lead to the root.")


class PayoutSerializer(serializers.ModelSerializer[Payout]):
    """What you were sent in one payout run, or why nothing was."""

    currency = serializers.CharField(source="run.currency")
    approved_at = serializers.DateTimeField(source="run.approved_at", allow_null=True)
    stripe_transfer_id = serializers.CharField(source="transfer.stripe_transfer_id", default=None, allow_null=True)

    class Meta:
        model = Payout
        fields = (
            "id",
            "run",
            "state",
            "amount_minor",
            "currency",
            "payable_micro",
            "reason",
            "explanation",
            "approved_at",
            "stripe_transfer_id",
        )


class RootSerializer(serializers.ModelSerializer[StatementRoot]):
    """What commits to all statements of a month."""

    month = MonthField()
    currency = serializers.CharField(source="period.currency")

    class Meta:
        model = StatementRoot
        fields = ("month", "currency", "statement_count", "root_sha256", "published_at")


class Statements(ByMonth, ListModelMixin, Resource[Statement]):
    """Your statements."""

    noun = "statements"
    queryset = Statement.objects.none()
    serializer_class = StatementSerializer
    ordering = ("-month_on",)

    def get_queryset(self) -> QuerySet[Statement]:
        """The user's own."""
        mine = contributor_of(self.user).statements.filter(
            period__statement_root__isnull=False, period__currency=settings.SETTLEMENT_CURRENCY
        )
        related = mine.select_related("period__statement_root", "contributor")
        return related.annotate(month_on=F("period__month_on"))

    def get_object(self) -> Statement:
        """That of the month."""
        return get_object_or_404(self.get_queryset(), month_on=self.month.start_at.date())

    @extend_schema(parameters=[IN_PATH], responses=ProvedSerializer)
    def retrieve(self, request: ApiRequest, month: str) -> HttpResponse:
        """The statement of a month with all its lines and its proof, byte by byte as it was issued."""
        return HttpResponse(statement_file(self.get_object()), content_type="application/json")

    @extend_schema(parameters=[IN_PATH], responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, url_path=r"statement\.csv", renderer_classes=(AnyFile,))
    def as_csv(self, request: ApiRequest, month: str) -> HttpResponse:
        """The statement of a month for spreadsheets and machines."""
        return HttpResponse(as_csv(document_of(self.get_object())), content_type="text/csv; charset=utf-8")

    @extend_schema(parameters=[IN_PATH], responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=r"statement\.pdf", renderer_classes=(AnyFile,))
    def as_pdf(self, request: ApiRequest, month: str) -> HttpResponse:
        """The statement of a month for people."""
        one = self.get_object()
        root = one.period.statement_root.root_sha256
        data = as_pdf(document_of(one), one.contributor.name, one.leaf_sha256, root)
        return HttpResponse(data, content_type="application/pdf")


class Payouts(ListModelMixin, Resource[Payout]):
    """What you were sent, and why you were not."""

    noun = "payouts"
    queryset = Payout.objects.none()
    serializer_class = PayoutSerializer

    def get_queryset(self) -> QuerySet[Payout]:
        """The user's own, of runs that were approved."""
        mine = contributor_of(self.user).payouts.exclude(run__state__in=[RunState.DRAFT, RunState.CANCELLED])
        return mine.select_related("run", "transfer")


class StatementRoots(ListModelMixin, PublicResource[StatementRoot]):
    """For everybody: the roots to check statements against."""

    queryset = StatementRoot.objects.select_related("period").annotate(month_on=F("period__month_on"))
    serializer_class = RootSerializer
    ordering = ("-month_on", "-pk")
