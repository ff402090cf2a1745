"""Sales of October and November in the training set of the worked month: Ana has 3 assets in it and Ben 1."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection

from attribution.models import Encoder
from marketplace.models import Asset, Contributor, Customer, Download, GeneratorModel, User
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.ledger import AccountKind, payout_reserved
from payouts.integrity import findings
from payouts.models import LedgerAccount, Period, Statement
from payouts.posting import period_of, post
from tests.builders import (
    OCTOBER,
    SOLD_AT,
    make_asset,
    make_closed_month,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_policy,
    make_training_set,
)

NOVEMBER = OCTOBER.next
IN_NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=UTC)
DECEMBER_AT = datetime(2026, 12, 2, 9, tzinfo=UTC)


@dataclass
class Shop:
    """Who sells what, by the rules of the worked month: 2.9 % fee, 40 % to contributors."""

    ana: Contributor
    ben: Contributor
    carla: Customer
    fay: User
    finn: User
    of_ana: list[Asset] = field(init=False)
    of_ben: Asset = field(init=False)
    model: GeneratorModel = field(init=False)
    encoder: Encoder = field(init=False)
    sold: list[Download] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.of_ana, self.of_ben = [make_asset(self.ana) for _ in range(3)], make_asset(self.ben)
        self.model, self.encoder = make_generator_model(make_training_set()), make_encoder()
        make_policy(contributor_rate_ppm=400_000, fee_ppm=29_000, threshold_minor=500)

    def sell(
        self, gross_minor: int, ana_ppm: int, ben_ppm: int, at: datetime = SOLD_AT, second_ppm: int = 0
    ) -> Download:
        """Sell and attribute one picture, also to the second of Ana's; the rest of it is unattributed."""
        download = make_download(self.carla, make_generation(self.model), gross_minor=gross_minor, at=at)
        shares = {self.of_ana[0]: ana_ppm, self.of_ana[1]: second_ppm, self.of_ben: ben_ppm}
        make_inspiration_list(download, {asset: ppm for asset, ppm in shares.items() if ppm}, self.encoder)
        self.sold.append(download)
        return download

    def worked_month(self) -> tuple[Download, Download]:
        """The two sales of the README, not booked yet."""
        return self.sell(1_000, 600_000, 150_000), self.sell(2_000, 0, 500_000)

    def close_october(self) -> Period:
        return make_closed_month(self.fay, self.finn)

    def close_november(self) -> Period:
        book_downloads(DECEMBER_AT)
        close_period(NOVEMBER, self.fay, DECEMBER_AT)
        return approve_close(NOVEMBER, self.finn, DECEMBER_AT)

    def pay(self, contributor: Contributor, amount_minor: int) -> None:
        lines = payout_reserved(contributor.pk, amount_minor, "USD")
        post("payout_reserved", period_of(NOVEMBER), f"payout:{contributor.pk}", lines, IN_NOVEMBER)


def balances(kind: AccountKind) -> dict[str, int]:
    """By name of the contributor, those that are not zero."""
    accounts = LedgerAccount.objects.filter(kind=kind).exclude(balance_micro=0)
    return dict(accounts.values_list("contributor__name", "balance_micro"))


def balance_micro(kind: AccountKind) -> int:
    return LedgerAccount.objects.filter(kind=kind).values_list("balance_micro", flat=True).first() or 0


def told(period: Period) -> dict[str, tuple[int, int, int, int, int]]:
    """Statements by name: opening, earned, adjusted, paid, closing."""
    return {
        s.contributor.name: (s.opening_micro, s.earned_micro, s.adjusted_micro, s.paid_micro, s.closing_micro)
        for s in Statement.objects.filter(period=period).select_related("contributor")
    }


def off() -> list[str]:
    """What `check_ledger` would find if all this were committed, but for payouts, which `pay` posts without a run."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    return [f"{one.check}: {one.sentence}" for one in findings() if one.check != "payouts are transfers"]
