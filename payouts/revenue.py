"""What a period's pool is made of: its revenue events that no earlier month's pool had."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Sum

from payouts.core.pool import pool_of
from payouts.models import Period, RevenueKind


@dataclass(frozen=True)
class Revenue:
    """Sums in minor units: gross by kind, what of it the fees were, and what was left."""

    currency: str
    gross_by_kind: Mapping[str, int]
    gross_minor: int
    """Of downloads, less what went back of it."""
    download_net_minor: int
    deal_net_minor: Mapping[int, int]
    """By training set."""

    @property
    def net_minor(self) -> int:
        """Of downloads and dataset deals."""
        return self.download_net_minor + sum(self.deal_net_minor.values())

    @property
    def fee_minor(self) -> int:
        """The fees of what was kept: those of refunded sales are the platform's."""
        return sum(self.gross_by_kind.values()) - self.net_minor

    def download_pool_micro(self, contributor_rate_ppm: int) -> int:
        """The part of the pool that downloads brought."""
        return pool_of(self.download_net_minor, contributor_rate_ppm, self.currency)

    def deal_pools_micro(self, contributor_rate_ppm: int) -> dict[int, int]:
        """The parts of the pool that dataset deals brought, by training set."""
        return {pk: pool_of(net, contributor_rate_ppm, self.currency) for pk, net in self.deal_net_minor.items()}


def revenue_of(period: Period) -> Revenue:
    """The revenue that a period's pool is made of."""
    events = period.revenue_events.filter(origin_period__isnull=True).values("kind", "training_set")
    rows = list(events.annotate(gross=Sum("gross_minor"), net=Sum("net_minor")).order_by("kind", "training_set"))
    deals = [row for row in rows if row["kind"] == RevenueKind.DATASET_DEAL]
    of_downloads = [row for row in rows if row["kind"] != RevenueKind.DATASET_DEAL]
    return Revenue(
        currency=period.currency,
        gross_by_kind={row["kind"]: row["gross"] for row in of_downloads}
        | ({RevenueKind.DATASET_DEAL.value: sum(row["gross"] for row in deals)} if deals else {}),
        gross_minor=sum(row["gross"] for row in of_downloads),
        download_net_minor=sum(row["net"] for row in of_downloads),
        deal_net_minor={row["training_set"]: row["net"] for row in deals},
    )
