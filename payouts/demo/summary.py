"""What the demo's month came to: every figure read back from the database, or from Stripe where it says so."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean

from django.db.models import Count, Sum

from attribution.core.evaluation import total_variation
from attribution.models import CopyCheck, Encoder, EncoderState, InspirationList
from marketplace.core.money import micro_to_minor
from marketplace.models import Asset, Contributor, Download, Generation, OutputDecision, RemixTruth, Submission
from payouts.attempts import transfer_group
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState
from payouts.demo.incidents import Incident
from payouts.gateway import Gateway
from payouts.integrity import findings
from payouts.models import Earning, LedgerAccount, Payout, PayoutRun, Period, RevenueEvent, Statement, Transfer


@dataclass(frozen=True)
class ContributorLine:
    """What one contributor earned in the period and what became of it."""

    name: str
    downloads: int
    attributed_micro: int
    common_fund_micro: int
    dataset_deal_micro: int
    paid_minor: int
    reason: str
    explanation: str


@dataclass(frozen=True)
class Summary:
    """The month in figures; amounts are in the period's currency."""

    month: str
    currency: str
    encoder: str
    submissions: Mapping[str, int]
    generations: int
    copies: Mapping[str, int]
    decisions: Mapping[str, int]
    downloads: int
    gross_minor: int
    fee_minor: int
    net_minor: int
    pool_micro: int
    common_fund_micro: int
    statements: int
    contributors: tuple[ContributorLine, ...]
    transfers: int
    transferred_minor: int
    transferred_at_stripe_minor: int
    ledger_sum_micro: int
    ledger_cash_minor: int
    stripe_available_minor: int
    findings: tuple[str, ...]
    misattributed: float
    misallocated: float
    incidents: tuple[Incident, ...]
    seconds: Mapping[str, float]

    @property
    def is_balanced(self) -> bool:
        """Whether the ledger passes every check, its cash is Stripe's, and so is what it says was transferred."""
        return (
            not self.findings
            and self.ledger_sum_micro == 0
            and self.ledger_cash_minor == self.stripe_available_minor
            and self.transferred_minor == self.transferred_at_stripe_minor
        )

    def as_dict(self) -> dict[str, object]:
        """For programs: the fields as they are, and whether the books balance."""
        return asdict(self) | {"is_balanced": self.is_balanced}


def summarise(
    period: Period, run: PayoutRun, gateway: Gateway, incidents: Sequence[Incident], seconds: Mapping[str, float]
) -> Summary:
    """Read the month back."""
    revenue = RevenueEvent.objects.filter(period=period).aggregate(
        downloads=Count("download"), gross=Sum("gross_minor"), fee=Sum("fee_minor"), net=Sum("net_minor")
    )
    transfers = Transfer.objects.filter(payout__run=run).aggregate(count=Count("pk"), total=Sum("amount_minor"))
    accounts = LedgerAccount.objects.filter(currency=period.currency)
    cash_micro = accounts.get(kind=AccountKind.STRIPE_BALANCE).balance_micro
    return Summary(
        month=f"{period.month_on:%Y-%m}",
        currency=period.currency,
        encoder=Encoder.objects.get(state=EncoderState.CURRENT).name,
        submissions=dict(Counter(Submission.objects.values_list("verdict", flat=True))),
        generations=Generation.objects.count(),
        copies=dict(Counter(CopyCheck.objects.values_list("tier", flat=True))),
        decisions=dict(Counter(OutputDecision.objects.values_list("decision", flat=True))),
        downloads=revenue["downloads"],
        gross_minor=revenue["gross"],
        fee_minor=revenue["fee"],
        net_minor=revenue["net"],
        pool_micro=period.pool_micro or 0,
        common_fund_micro=period.common_fund_micro or 0,
        statements=Statement.objects.filter(period=period).count(),
        contributors=_contributors(period, run),
        transfers=transfers["count"],
        transferred_minor=transfers["total"] or 0,
        transferred_at_stripe_minor=sum(
            receipt.amount_minor for receipt in gateway.list_transfers(transfer_group=transfer_group(run.pk))
        ),
        ledger_sum_micro=accounts.aggregate(total=Sum("balance_micro"))["total"],
        ledger_cash_minor=-micro_to_minor(cash_micro, period.currency),
        stripe_available_minor=gateway.available_minor(period.currency.lower()),
        findings=tuple(f"{finding.check}: {finding.sentence}" for finding in findings()),
        misattributed=misattributed(),
        misallocated=misallocated(period),
        incidents=tuple(incidents),
        seconds=dict(seconds),
    )


def _contributors(period: Period, run: PayoutRun) -> tuple[ContributorLine, ...]:
    downloads = Counter(
        contributor_id
        for ids in InspirationList.objects.filter(download__revenue_event__period=period).values_list(
            "contributor_ids", flat=True
        )
        for contributor_id in set(ids)
    )
    earned = {
        (contributor_id, kind): amount_micro
        for contributor_id, kind, amount_micro in Earning.objects.filter(period=period).values_list(
            "contributor_id", "kind", "amount_micro"
        )
    }
    payouts = {payout.contributor_id: payout for payout in Payout.objects.filter(run=run)}
    names = dict(Contributor.objects.filter(pk__in={pk for pk, _ in earned}).values_list("pk", "name"))
    lines = [
        ContributorLine(
            name=name,
            downloads=downloads[pk],
            attributed_micro=earned.get((pk, Earning.ATTRIBUTION), 0),
            common_fund_micro=earned.get((pk, Earning.COMMON_FUND), 0),
            dataset_deal_micro=earned.get((pk, Earning.DATASET_DEAL), 0),
            paid_minor=payouts[pk].amount_minor if payouts[pk].state == PayoutState.SENT else 0,
            reason=payouts[pk].reason,
            explanation=payouts[pk].explanation,
        )
        for pk, name in names.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.attributed_micro - line.common_fund_micro, line.name)))


def misattributed() -> float:
    """Mean total variation between the shares paid and what the sample generator really mixed, over all downloads."""
    truth = _truth()
    lists = InspirationList.objects.values_list("download__generation_id", "asset_ids", "shares_ppm")
    return mean(
        total_variation(dict(zip(asset_ids, shares_ppm, strict=True)), truth[generation_id])
        for generation_id, asset_ids, shares_ppm in lists
    )


def misallocated(period: Period) -> float:
    """The part of what sales brought that others would have had if everybody were paid by what was really mixed."""
    truth, owner = _truth(), dict(Asset.objects.values_list("pk", "contributor_id"))
    due: Counter[int] = Counter()
    sold = RevenueEvent.objects.filter(period=period, download__isnull=False)
    for generation_id, gross_minor in sold.values_list("download__generation_id", "gross_minor"):
        for asset_id, weight_ppm in truth[generation_id].items():
            due[owner[asset_id]] += gross_minor * weight_ppm
    earned = Earning.objects.filter(period=period).exclude(kind=Earning.DATASET_DEAL)
    paid = Counter(dict(earned.values_list("contributor").annotate(Sum("amount_micro"))))
    return sum(abs(paid[pk] / paid.total() - due[pk] / due.total()) for pk in due.keys() | paid.keys()) / 2


def _truth() -> dict[int, dict[int, int]]:
    """By generation: what the sample generator mixed, as ppm by asset."""
    rows = RemixTruth.objects.values_list("generation_id", "asset_ids", "weights_ppm")
    return {pk: dict(zip(asset_ids, weights_ppm, strict=True)) for pk, asset_ids, weights_ppm in rows}


def most_instructive_download() -> Download:
    """A download whose list names at least two contributors, so that its explanation shows a split."""
    for one in InspirationList.objects.order_by("pk").select_related("download"):
        if len(set(one.contributor_ids)) > 1:
            return one.download
    return Download.objects.earliest("pk")
