"""What a contributor earned, broken down to each download and image."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Sum

from marketplace.models import Asset, Contributor, Download
from payouts.core.pool import DownloadLine, break_down
from payouts.models import Earning, Period, RevenueEvent, RevenueKind
from payouts.selectors import line_weights


@dataclass(frozen=True)
class EarningLine:
    """What one image earned by one download."""

    download: Download
    asset: Asset
    gross_minor: int
    share_ppm: int
    amount_micro: int


def earning_lines(period: Period, contributor: Contributor) -> list[EarningLine]:
    """Every (download, image) behind a contributor's attribution earning of a closed period, which they add up to."""
    weights = line_weights(period, contributor.pk)
    amounts_micro = _amounts_micro(period, contributor, weights)
    download_ids = {download_id for download_id, _ in amounts_micro}
    downloads = Download.objects.in_bulk(download_ids)
    events = period.revenue_events.filter(origin_period__isnull=True, download__in=download_ids)
    shared = events.order_by().values("download__pk")
    gross_minor = dict(shared.annotate(gross=Sum("gross_minor")).values_list("download__pk", "gross"))
    assets = Asset.objects.select_related("submission").in_bulk({asset_id for _, asset_id in amounts_micro})
    lines = [
        EarningLine(
            download=downloads[download_id],
            asset=assets[asset_id],
            gross_minor=gross_minor[download_id],
            share_ppm=weights[download_id, asset_id] // gross_minor[download_id],
            amount_micro=amount_micro,
        )
        for (download_id, asset_id), amount_micro in amounts_micro.items()
    ]
    return sorted(lines, key=lambda line: (line.download.downloaded_at, line.download.pk, -line.amount_micro))


def amounts_micro_by_asset(download: Download, contributor: Contributor) -> dict[int, int]:
    """What each of the contributor's images earned by one download, in micro-units; empty until its month is closed."""
    sale = sale_of(download)
    if sale is None:
        return {}
    amounts_micro = _amounts_micro(sale.period, contributor, line_weights(sale.period, contributor.pk))
    return {asset_id: micro for (download_id, asset_id), micro in amounts_micro.items() if download_id == download.pk}


def sale_of(download: Download) -> RevenueEvent | None:
    """The revenue event of a download's sale; None until it is booked."""
    sales = RevenueEvent.objects.filter(kind=RevenueKind.DOWNLOAD_SALE, download=download)
    return sales.select_related("period").first()


def earned_by_line(contributor: Contributor, asset: Asset, currency: str) -> dict[Period, dict[int, int]]:
    """What one image earned by each download, by id and in micro-units, in each closed period, the newest first."""
    earnings = contributor.earnings.filter(kind=Earning.ATTRIBUTION, period__currency=currency)
    by_period = {}
    for earning in earnings.select_related("period").order_by("-period__month_on"):
        lines = break_down(earning.amount_micro, line_weights(earning.period, contributor.pk))
        by_period[earning.period] = {
            download_id: micro for (download_id, asset_id), micro in lines.items() if asset_id == asset.pk
        }
    return by_period


def earned_by_asset(contributor: Contributor, currency: str) -> Counter[int]:
    """What each of the contributor's images earned in all closed periods together, in micro-units."""
    earned: Counter[int] = Counter()
    earnings = contributor.earnings.filter(kind=Earning.ATTRIBUTION, period__currency=currency)
    for earning in earnings.select_related("period"):
        for (_, asset_id), amount_micro in break_down(
            earning.amount_micro, line_weights(earning.period, contributor.pk)
        ).items():
            earned[asset_id] += amount_micro
    return earned


def _amounts_micro(
    period: Period, contributor: Contributor, weights: dict[DownloadLine, int]
) -> dict[DownloadLine, int]:
    earning = Earning.objects.filter(period=period, contributor=contributor, kind=Earning.ATTRIBUTION).first()
    return break_down(earning.amount_micro, weights) if earning else {}
