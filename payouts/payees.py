"""What each contributor would be paid at a time, or why nothing: a payout run writes it down, their page shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from marketplace.core.money import Money
from marketplace.models import Contributor
from payouts.booking import policy_at
from payouts.core.eligibility import Balances, Excluded, Payable, Payee, Rules, decide_payout, not_ready
from payouts.core.eligibility import ConnectedAccount as AccountState
from payouts.core.ledger import AccountKind
from payouts.core.tax_forms import TaxForm
from payouts.models import ConnectedAccount, LedgerAccount, Payout
from payouts.tax_forms import as_tax_form, newest_reviews

CONTRIBUTORS_AT_ONCE = 2_000


@dataclass(frozen=True)
class Decided:
    """What was decided of a contributor, by which balance and connected account."""

    contributor_id: int
    payable_micro: int
    account: ConnectedAccount | None
    decision: Payable | Excluded


def decide_all(currency: str, at: datetime) -> Iterator[list[Decided]]:
    """Everybody with a payable or held balance, 2,000 at a time in the order of their ids. Raises `NoPolicy`."""
    rules, owed, last = _rules(currency, at), _owed(currency), 0
    while rows := list(owed.filter(contributor_id__gt=last)[:CONTRIBUTORS_AT_ONCE]):
        yield _decided(rows, rules, at)
        last = rows[-1]["contributor_id"]


def decide_one(contributor: Contributor, currency: str, at: datetime) -> Decided | None:
    """What a payout run would give a contributor now, nothing where they have no balance. Raises `NoPolicy`."""
    rows = list(_owed(currency).filter(contributor_id=contributor.pk))
    return _decided(rows, _rules(currency, at), at)[0] if rows else None


def not_ready_now(payout: Payout, at: datetime) -> Excluded | None:
    """Why a payout that was approved cannot be sent any more: their account or tax form, as they are now."""
    account, currency = payout.connected_account, payout.run.currency
    assert account is not None  # a database constraint for everything that is sent
    tax_form = next(map(as_tax_form, newest_reviews([payout.contributor_id], at)), None)
    payee = Payee(account.country, account_state(account), tax_form)
    return not_ready(Money(payout.amount_minor, currency), payee, _rules(currency, at))


def account_state(account: ConnectedAccount) -> AccountState:
    """A connected account as the rules of `core` read it."""
    return AccountState(account.transfers_enabled, tuple(account.requirements), account.disabled_reason)


def _rules(currency: str, at: datetime) -> Rules:
    return Rules(currency, policy_at(at).threshold_minor, settings.PLATFORM_COUNTRY, at.date())


def _owed(currency: str) -> QuerySet[Any, Any]:
    """By contributor, in the order of their ids: balances in micro-units, where something is payable or held."""
    kinds = {"payable": AccountKind.PAYABLE, "held": AccountKind.HELD, "receivable": AccountKind.RECEIVABLE}
    balances = {f"{name}_micro": Sum("balance_micro", filter=Q(kind=kind), default=0) for name, kind in kinds.items()}
    accounts = LedgerAccount.objects.filter(kind__in=kinds.values(), currency=currency)
    by_contributor = accounts.order_by("contributor_id").values("contributor_id", "contributor__country")
    return by_contributor.annotate(**balances).filter(Q(payable_micro__gt=0) | Q(held_micro__gt=0))


def _decided(rows: Sequence[dict[str, Any]], rules: Rules, at: datetime) -> list[Decided]:
    ids = [row["contributor_id"] for row in rows]
    accounts = {one.contributor_id: one for one in ConnectedAccount.objects.filter(contributor_id__in=ids)}
    tax_forms = {review.contributor_id: as_tax_form(review) for review in newest_reviews(ids, at)}
    return [_decide(row, accounts.get(pk), tax_forms.get(pk), rules) for pk, row in zip(ids, rows, strict=True)]


def _decide(row: dict[str, Any], account: ConnectedAccount | None, tax_form: TaxForm | None, rules: Rules) -> Decided:
    country = account.country if account else row["contributor__country"]
    payee = Payee(country, account_state(account) if account else None, tax_form)
    # What is receivable is negative in the ledger.
    balances = Balances(row["payable_micro"], row["held_micro"], -row["receivable_micro"])
    decision = decide_payout(balances, payee, rules)
    return Decided(row["contributor_id"], row["payable_micro"], account, decision)
