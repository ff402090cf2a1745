"""What the contributor earned: by month, by download, and why a download was shared as it was."""

from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.response import Response

from attribution.explain import Explanation, Inspiration, read_list
from attribution.models import InspirationList
from marketplace.api.authentication import ApiRequest
from marketplace.api.views import Resource
from marketplace.models import Contributor, Download
from marketplace.permissions import contributor_of, may_see_why
from payouts.api.months import IN_PATH, ByMonth, MonthField
from payouts.earnings import EarningLine, amounts_micro_by_asset, earning_lines
from payouts.models import Earning, Period


class EarnedMonthSerializer(serializers.ModelSerializer[Period]):
    """What one closed month brought you."""

    month = MonthField()
    attribution_micro = serializers.IntegerField(source="by_attribution")
    common_fund_micro = serializers.IntegerField(source="by_common_fund")
    dataset_deal_micro = serializers.IntegerField(source="by_dataset_deal")
    total_micro = serializers.IntegerField()

    class Meta:
        model = Period
        fields = ("month", "currency", "attribution_micro", "common_fund_micro", "dataset_deal_micro", "total_micro")


class LineSerializer(serializers.Serializer[EarningLine]):
    """What one image of yours earned by a download."""

    asset = serializers.IntegerField(source="asset.pk")
    title = serializers.CharField(source="asset.submission.title")
    share_ppm = serializers.IntegerField()
    amount_micro = serializers.IntegerField()


class EarningDownloadSerializer(serializers.ModelSerializer[Download]):
    """A download that your images have a share of."""

    download = serializers.IntegerField(source="pk")
    gross_minor = serializers.SerializerMethodField()
    images = serializers.SerializerMethodField()

    class Meta:
        model = Download
        fields = ("download", "downloaded_at", "gross_minor", "currency", "images")

    def get_gross_minor(self, download: Download) -> int:
        """What it brought to the month, less what went back."""
        return int(self.context["lines"][download.pk][0].gross_minor)

    @extend_schema_field(LineSerializer(many=True))
    def get_images(self, download: Download) -> Any:
        """With what each earned."""
        return LineSerializer(self.context["lines"][download.pk], many=True).data


class InspirationSerializer(serializers.Serializer[Inspiration]):
    """One image on the list."""

    asset = serializers.IntegerField(source="asset.pk")
    similarity = serializers.FloatField()
    share_ppm = serializers.IntegerField()
    is_yours = serializers.SerializerMethodField()
    amount_micro = serializers.SerializerMethodField()

    def get_is_yours(self, one: Inspiration) -> bool:
        """Whether it is of the contributor who asks."""
        reader = self.context["reader"]
        return reader is not None and one.asset.contributor_id == reader.pk

    def get_amount_micro(self, one: Inspiration) -> int | None:
        """What it earned you; null for other people's, and until the month is closed."""
        amounts_micro: dict[int, int] = self.context["amounts_micro"]
        return amounts_micro.get(one.asset.pk)


class WhySerializer(serializers.Serializer[Explanation]):
    """Why a download was shared as it was: resemblance within an embedding, no proof that an image was used."""

    download = serializers.IntegerField(source="stored.download_id")
    method = serializers.CharField(source="stored.batch.method.__str__")
    encoder = serializers.CharField(source="stored.batch.encoder.fingerprint")
    training_set = serializers.CharField(source="stored.batch.training_set.__str__")
    unattributed_ppm = serializers.IntegerField(source="stored.unattributed_ppm")
    inspirations = InspirationSerializer(many=True)


class Earnings(ByMonth, ListModelMixin, Resource[Any]):
    """What you earned, by closed month."""

    noun = "earnings"
    queryset = Period.objects.none()
    serializer_class = EarnedMonthSerializer
    ordering = ("-month_on",)

    def get_queryset(self) -> QuerySet[Period]:
        """Months with an earning of the user's."""
        mine = Period.objects.filter(
            earnings__contributor=contributor_of(self.user), currency=settings.SETTLEMENT_CURRENCY
        )
        kinds = (Earning.ATTRIBUTION, Earning.COMMON_FUND, Earning.DATASET_DEAL)
        sums = {f"by_{kind}": Sum("earnings__amount_micro", filter=Q(earnings__kind=kind), default=0) for kind in kinds}
        return mine.annotate(total_micro=Sum("earnings__amount_micro"), **sums)

    @extend_schema(parameters=[IN_PATH], responses=EarningDownloadSerializer(many=True), filters=False)
    @action(detail=True)
    def downloads(self, request: ApiRequest, month: str) -> Response:
        """Each download of a month with what your images earned by it; all together, your earning by attribution."""
        period = get_object_or_404(self.get_queryset(), month_on=self.month.start_at.date())
        found = earning_lines(period, contributor_of(self.user))
        lines = {pk: list(group) for pk, group in groupby(found, key=lambda line: line.download.pk)}
        self.ordering = ("pk",)
        page = self.paginate_queryset(Download.objects.filter(pk__in=lines))
        context = {**self.get_serializer_context(), "lines": lines}
        return self.get_paginated_response(EarningDownloadSerializer(page, many=True, context=context).data)


class Why(Resource[Any]):
    """Why a download was shared as it was."""

    noun = "earnings"
    queryset = Download.objects.all()
    serializer_class = WhySerializer

    @action(detail=True)
    def why(self, request: ApiRequest, pk: str) -> Response:
        """Its inspiration list, for whoever is on it, who bought it, and finance; with your own part of the money."""
        download = self.get_object()
        stored = InspirationList.objects.select_related("download__customer").filter(download=download).first()
        if stored is None or not may_see_why(self.user, download, stored.contributor_ids):
            raise Http404("No such download of yours.")
        reader = Contributor.objects.filter(user=self.user, pk__in=stored.contributor_ids).first()
        context = {"reader": reader, "amounts_micro": amounts_micro_by_asset(download, reader) if reader else {}}
        return Response(WhySerializer(read_list(download), context=context).data)
