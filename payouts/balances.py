"""The ledger in a few figures: by kind of account, of one contributor, and cash set against what is owed and ours."""

from dataclasses import dataclass

from django.db.models import Count, Sum

from marketplace.models import Contributor
from payouts.core.ledger import AccountKind
from payouts.models import LedgerAccount, Reversal, Transfer

CASH = (AccountKind.STRIPE_BALANCE, AccountKind.STRIPE_PENDING, AccountKind.COLLECTED_ELSEWHERE)
OWED = (
    AccountKind.PAYABLE,
    AccountKind.HELD,
    AccountKind.RECEIVABLE,
    AccountKind.POOL,
    AccountKind.COMMON_FUND,
    AccountKind.PAYOUT_IN_TRANSIT,
)


@dataclass(frozen=True)
class KindBalance:
    """All accounts of one kind together, in micro-units with the ledger's signs."""

    kind: str
    account_count: int
    balance_micro: int


@dataclass(frozen=True)
class CashEquation:
    """Cash = owed + ours, in micro-units as a person would count them."""

    cash_micro: int
    owed_micro: int
    ours_micro: int

    @property
    def holds(self) -> bool:
        """Whether both sides are equal."""
        return self.cash_micro == self.owed_micro + self.ours_micro


def balances_by_kind(currency: str) -> list[KindBalance]:
    """Every kind of account that was ever used in a currency."""
    kinds = LedgerAccount.objects.filter(currency=currency).values("kind")
    summed = kinds.annotate(account_count=Count("pk"), total_micro=Sum("balance_micro")).order_by("kind")
    return [KindBalance(row["kind"], row["account_count"], int(row["total_micro"])) for row in summed]


def cash_equation(balances: list[KindBalance]) -> CashEquation:
    """Set what is at Stripe or was collected elsewhere against what is owed to contributors and what is left for us."""
    by_kind = {one.kind: one.balance_micro for one in balances}
    cash_micro = sum(by_kind.pop(kind, 0) for kind in CASH)
    owed_micro = sum(by_kind.pop(kind, 0) for kind in OWED)
    return CashEquation(-cash_micro, owed_micro, sum(by_kind.values()))


def balances_of(contributor: Contributor, currency: str) -> dict[str, int]:
    """By kind of account, in micro-units; what is receivable of them is negative."""
    accounts = LedgerAccount.objects.filter(contributor=contributor, currency=currency)
    return dict.fromkeys(AccountKind, 0) | dict(accounts.values_list("kind", "balance_micro"))


def paid_minor(contributor: Contributor, currency: str) -> int:
    """All transfers to a contributor, less what came back."""
    sent = Transfer.objects.filter(payout__contributor=contributor, currency=currency)
    back = Reversal.objects.filter(transfer__payout__contributor=contributor, transfer__currency=currency)
    total = sent.aggregate(total=Sum("amount_minor", default=0))["total"]
    return int(total - back.aggregate(total=Sum("amount_minor", default=0))["total"])
