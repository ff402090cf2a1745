"""For finance: months and their closing, payout runs, findings, reconciliations and exports."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response

from marketplace.api.authentication import ApiRequest
from marketplace.api.files import AnyFile
from marketplace.api.once import once
from marketplace.api.problems import as_conflict
from marketplace.api.views import Resource
from marketplace.core.periods import Month
from marketplace.models import User
from marketplace.permissions import require_finance
from payouts import tasks
from payouts.api.months import IN_PATH, ByMonth, MonthField
from payouts.api.statements import PAYOUT_STATES, PayoutSerializer
from payouts.booking import NoPolicy
from payouts.closing import CannotClose, approve_close, close_period
from payouts.core.states import TransitionRefused
from payouts.models import Finding, Payout, PayoutRun, Period, Reconciliation
from payouts.report_queries import REPORTS
from payouts.reports import ReportRefused, as_csv, report_of
from payouts.runs import (
    RunRefused,
    approve_payout_run,
    begin_sending,
    cancel_payout_run,
    draft_payout_run,
)


class MonthSerializer(serializers.ModelSerializer[Period]):
    """A month: open, closing, or closed by two people; the sums are there once it is closed."""

    month = MonthField()
    closed_by = serializers.CharField(source="closed_by.username", default=None, allow_null=True)
    approved_by = serializers.CharField(source="approved_by.username", default=None, allow_null=True)

    class Meta:
        model = Period
        fields = (
            "month",
            "currency",
            "state",
            "closed_by",
            "approved_by",
            "closed_at",
            "gross_minor",
            "net_minor",
            "pool_micro",
            "deals_micro",
            "common_fund_micro",
        )


class RunSerializer(serializers.ModelSerializer[PayoutRun]):
    """One round of payouts."""

    drafted_by = serializers.CharField(source="drafted_by.username")
    approved_by = serializers.CharField(source="approved_by.username", default=None, allow_null=True)
    payout_count = serializers.IntegerField()
    total_minor = serializers.IntegerField()

    class Meta:
        model = PayoutRun
        fields = (
            "id",
            "currency",
            "state",
            "drafted_by",
            "drafted_at",
            "approved_by",
            "approved_at",
            "settled_at",
            "problem",
            "payout_count",
            "total_minor",
        )


class RunPayoutSerializer(PayoutSerializer):
    """One contributor in a run."""

    class Meta(PayoutSerializer.Meta):
        fields = ("contributor", *PayoutSerializer.Meta.fields)  # type: ignore[assignment]


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """What a reconciliation found different."""

    owner = serializers.CharField(source="owner.username")

    class Meta:
        model = Finding
        fields = ("id", "kind", "subject", "found", "run", "owner", "opened_at", "resolved_at", "resolution")


class ReconciliationSerializer(serializers.ModelSerializer[Reconciliation]):
    """One comparison of Stripe's list with the payouts and the ledger."""

    class Meta:
        model = Reconciliation
        fields = (
            "id",
            "run",
            "currency",
            "transfer_count",
            "ledger_minor",
            "available_minor",
            "in_flight_minor",
            "reconciled_at",
        )


class ExportSerializer(serializers.Serializer[Any]):
    """A report that can be had."""

    name = serializers.CharField()
    is_of_a_year = serializers.BooleanField(help_text="Otherwise it is of a month or of a year.")
    columns = serializers.ListField(child=serializers.CharField())


class PayoutFilter(filters.FilterSet):
    """Which payouts of a run."""

    state = filters.ChoiceFilter(choices=PAYOUT_STATES)

    class Meta:
        model = Payout
        fields: tuple[str, ...] = ()


class FindingFilter(filters.FilterSet):
    """Which findings."""

    is_open = filters.BooleanFilter("resolved_at", "isnull")

    class Meta:
        model = Finding
        fields: tuple[str, ...] = ()


class Months(ByMonth, ListModelMixin, Resource[Period]):
    """Months of money."""

    noun = "months"
    queryset = Period.objects.none()
    serializer_class = MonthSerializer
    ordering = ("-month_on",)

    def get_queryset(self) -> QuerySet[Period]:
        """All, for finance alone."""
        require_finance(self.user)
        ours = Period.objects.filter(currency=settings.SETTLEMENT_CURRENCY)
        return ours.select_related("closed_by", "approved_by")

    def get_object(self) -> Period:
        """That of the address."""
        return get_object_or_404(self.get_queryset(), month_on=self.month.start_at.date())

    @extend_schema(parameters=[IN_PATH])
    def retrieve(self, request: ApiRequest, month: str) -> Response:
        """One month."""
        return self.answer(self.get_object())

    @extend_schema(parameters=[IN_PATH], request=None, responses=MonthSerializer)
    @action(detail=True, methods=["post"])
    @once
    def close(self, request: ApiRequest, month: str) -> Response:
        """The first of two people closes a month that has ended."""
        return self._step(close_period)

    @extend_schema(parameters=[IN_PATH], request=None, responses=MonthSerializer)
    @action(detail=True, methods=["post"])
    @once
    def approve(self, request: ApiRequest, month: str) -> Response:
        """The second person approves: earnings are posted and statements issued."""
        return self._step(approve_close)

    def _step(self, step: Callable[[Month, User, datetime], Period]) -> Response:
        self.get_object()
        with as_conflict(CannotClose, NoPolicy):
            return self.answer(step(self.month, self.user, timezone.now()))


class PayoutRuns(ListModelMixin, RetrieveModelMixin, Resource[PayoutRun]):
    """Payout runs: drafted by one person, approved by another, then sent."""

    noun = "payouts"
    queryset = PayoutRun.objects.none()
    serializer_class = RunSerializer

    def get_queryset(self) -> QuerySet[PayoutRun]:
        """All, for finance alone."""
        require_finance(self.user)
        runs = PayoutRun.objects.select_related("drafted_by", "approved_by")
        return runs.annotate(payout_count=Count("payouts"), total_minor=Sum("payouts__amount_minor", default=0))

    @extend_schema(request=None, responses={201: RunSerializer})
    @once
    def create(self, request: ApiRequest) -> Response:
        """Draft a run of everybody who has a balance."""
        require_finance(self.user)
        with as_conflict(RunRefused, NoPolicy):
            drafted = draft_payout_run(self.user, timezone.now())
        return self.answer(self.get_queryset().get(pk=drafted.pk), 201)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    @once
    def approve(self, request: ApiRequest, pk: str) -> Response:
        """The second person approves."""
        return self._step(lambda run: approve_payout_run(run.pk, self.user, timezone.now()))

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    @once
    def cancel(self, request: ApiRequest, pk: str) -> Response:
        """Give up a draft."""
        return self._step(lambda run: cancel_payout_run(run.pk))

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    @once
    def send(self, request: ApiRequest, pk: str) -> Response:
        """Hand an approved run to the worker, or one that stopped half-way or was paused; ask again how far it is."""
        return self._step(self._hand_over)

    def _hand_over(self, run: PayoutRun) -> None:
        begin_sending(run.pk)
        # robust: without a broker it is logged, and the schedule goes on with the run
        transaction.on_commit(lambda: tasks.send_payout_run.delay(run.pk), robust=True)

    def _step(self, step: Callable[[PayoutRun], object]) -> Response:
        run = self.get_object()
        with as_conflict(RunRefused, TransitionRefused):
            step(run)
        return self.answer(self.get_object())


class RunPayouts(ListModelMixin, Resource[Payout]):
    """Every payout of a run, with its transfer or the reason why there is none."""

    noun = "payouts"
    queryset = Payout.objects.none()
    serializer_class = RunPayoutSerializer
    filterset_class = PayoutFilter

    def get_queryset(self) -> QuerySet[Payout]:
        """Of the run in the address, for finance alone."""
        require_finance(self.user)
        run = get_object_or_404(PayoutRun, pk=self.kwargs["run_id"])
        return run.payouts.select_related("run", "transfer")


class Findings(ListModelMixin, Resource[Finding]):
    """What reconciliations found different."""

    noun = "payouts"
    queryset = Finding.objects.none()
    serializer_class = FindingSerializer
    filterset_class = FindingFilter

    def get_queryset(self) -> QuerySet[Finding]:
        """All, for finance alone."""
        require_finance(self.user)
        return Finding.objects.select_related("owner")


class Reconciliations(ListModelMixin, Resource[Reconciliation]):
    """Comparisons with Stripe."""

    noun = "payouts"
    queryset = Reconciliation.objects.none()
    serializer_class = ReconciliationSerializer

    def get_queryset(self) -> QuerySet[Reconciliation]:
        """All, for finance alone."""
        require_finance(self.user)
        return Reconciliation.objects.all()


class Exports(Resource[Period]):
    """Reports as files."""

    noun = "months"
    queryset = Period.objects.none()
    serializer_class = ExportSerializer
    lookup_field = "name"
    lookup_value_regex = "[a-z_]+"
    pagination_class = None

    @extend_schema(responses=ExportSerializer(many=True), filters=False)
    def list(self, request: ApiRequest) -> Response:
        """The reports that there are."""
        require_finance(self.user)
        listed = [
            {"name": name, "is_of_a_year": report.is_of_a_year, "columns": report.columns}
            for name, report in REPORTS.items()
        ]
        return Response(ExportSerializer(listed, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("name", str, OpenApiParameter.PATH, enum=[*REPORTS]),
            OpenApiParameter("span", str, required=True, description="A month or a year: 2026-10 or 2026."),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    @action(detail=True, url_path=r"report\.csv", renderer_classes=(AnyFile,))
    def report(self, request: ApiRequest, name: str) -> StreamingHttpResponse:
        """One report of a month or a year."""
        require_finance(self.user)
        if name not in REPORTS:
            raise Http404("No such report.")
        try:
            asked, when = report_of(name, request.query_params.get("span", ""))
        except ReportRefused as error:
            raise serializers.ValidationError({"span": [str(error)]}) from error
        return StreamingHttpResponse(as_csv(asked, when), content_type="text/csv; charset=utf-8")
