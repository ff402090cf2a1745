"""Accounts, postings and the entries made of them: every movement of money, in micro-units, summing to zero.

Sign: a posting is positive when it raises what the platform owes or has earned (payable, held, pool, common fund,
payouts in transit, revenue), and negative when it raises what the platform owns or has spent (money at Stripe,
receivables, fees, bad debts). So a payable of 5 is +5, cash of 5 at Stripe is -5, and all balances together are zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.core.money import exponent_of, minor_to_micro
from marketplace.core.periods import Month


class AccountKind(StrEnum):
    """What an account counts; one per currency, and also per period (pool) or per contributor (the last three)."""

    STRIPE_BALANCE = "stripe_balance"
    STRIPE_PENDING = "stripe_pending"
    COLLECTED_ELSEWHERE = "collected_elsewhere"
    PLATFORM_REVENUE = "platform_revenue"
    POOL = "pool"
    COMMON_FUND = "common_fund"
    PAYOUT_IN_TRANSIT = "payout_in_transit"
    FEES = "fees"
    BAD_DEBT = "bad_debt"
    FX_CLEARING = "fx_clearing"
    PAYABLE = "payable"
    HELD = "held"
    RECEIVABLE = "receivable"


FLOORED = frozenset({AccountKind.PAYABLE, AccountKind.HELD})
OF_CONTRIBUTOR = FLOORED | {AccountKind.RECEIVABLE}


class UnbalancedEntryError(ValueError):
    """An entry's postings do not sum to zero in each currency."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account, before its currency: printed as 'fees', 'pool:2026-11' or 'payable:17' (a contributor's id)."""

    kind: AccountKind
    contributor_id: int | None = None
    period: Month | None = None

    def __post_init__(self) -> None:
        """Raise ValueError when the kind needs a contributor or a period that is missing, or has one too many."""
        if (self.contributor_id is not None) != (self.kind in OF_CONTRIBUTOR):
            raise ValueError(f"Account {self.kind} {_needs(self.kind in OF_CONTRIBUTOR)} a contributor.")
        if (self.period is not None) != (self.kind is AccountKind.POOL):
            raise ValueError(f"Account {self.kind} {_needs(self.kind is AccountKind.POOL)} a period.")

    @property
    def is_floored(self) -> bool:
        """Whether the balance may never be below zero."""
        return self.kind in FLOORED

    def __str__(self) -> str:
        owner = self.period if self.contributor_id is None else self.contributor_id
        return self.kind.value if owner is None else f"{self.kind}:{owner}"


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One line of an entry; see the module for its sign."""

    account: Account
    amount_micro: int
    currency: str

    def __post_init__(self) -> None:
        """Raise CurrencyError for an unknown currency and ValueError for a line that moves nothing."""
        exponent_of(self.currency)
        if not self.amount_micro:
            raise ValueError(f"A posting to {self.account} moves nothing; leave it out.")


Entry = tuple[PostingLine, ...]


def check_balanced(lines: Sequence[PostingLine]) -> None:
    """Raise UnbalancedEntryError, with the difference in each currency, unless the lines sum to zero in each."""
    if not lines:
        raise UnbalancedEntryError("An entry needs postings; this one has none.")
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_micro
    differences = ", ".join(
        f"{amount_micro:+d} micro {code}" for code, amount_micro in sorted(sums.items()) if amount_micro
    )
    if differences:
        raise UnbalancedEntryError(f"The postings of an entry must sum to zero, but they leave {differences}.")


def sale(gross_minor: int, fee_minor: int, currency: str, *, through_checkout: bool = False) -> Entry:
    """Return the entry of a sale: the customer paid `gross_minor`, of which `fee_minor` was kept by who collected it.

    Through checkout that is Stripe, where the rest is pending; otherwise somebody else has it.
    """
    _require_not_negative(gross_minor, fee_minor, gross_minor - fee_minor)
    gross_micro, fee_micro = minor_to_micro(gross_minor, currency), minor_to_micro(fee_minor, currency)
    return _entry(
        currency,
        {
            _collected(through_checkout): fee_micro - gross_micro,
            Account(AccountKind.FEES): -fee_micro,
            Account(AccountKind.PLATFORM_REVENUE): gross_micro,
        },
    )


def funds_available(net_minor: int, currency: str, *, through_checkout: bool = False) -> Entry:
    """Return the entry of money that can be transferred from now on: pending before, or brought from elsewhere."""
    _require_not_negative(net_minor)
    net_micro = minor_to_micro(net_minor, currency)
    return _entry(currency, {_collected(through_checkout): net_micro, Account(AccountKind.STRIPE_BALANCE): -net_micro})


def order_refused(gross_minor: int, fee_minor: int, currency: str) -> Entry:
    """Return the entry of what was paid through checkout and given back at once: Stripe keeps its fee of it."""
    _require_not_negative(gross_minor, fee_minor, gross_minor - fee_minor)
    gross_micro, fee_micro = minor_to_micro(gross_minor, currency), minor_to_micro(fee_minor, currency)
    return _entry(
        currency,
        {
            Account(AccountKind.STRIPE_PENDING): fee_micro - gross_micro,
            Account(AccountKind.STRIPE_BALANCE): gross_micro,
            Account(AccountKind.FEES): -fee_micro,
        },
    )


def close_pool(period: Month, pool_micro: int, common_fund_micro: int, currency: str) -> Entry:
    """Return the entry that takes a period's pool out of revenue; `common_fund_micro` of it was unattributed."""
    _require_not_negative(pool_micro, common_fund_micro, pool_micro - common_fund_micro)
    return _entry(
        currency,
        {
            Account(AccountKind.PLATFORM_REVENUE): -pool_micro,
            Account(AccountKind.POOL, period=period): pool_micro - common_fund_micro,
            Account(AccountKind.COMMON_FUND): common_fund_micro,
        },
    )


def money_back(amount_minor: int, fee_minor: int, currency: str) -> Entry:
    """Return the entry of money that Stripe gave back to a customer, with what it charges for that."""
    _require_not_negative(amount_minor, fee_minor)
    amount_micro, fee_micro = minor_to_micro(amount_minor, currency), minor_to_micro(fee_minor, currency)
    return _entry(
        currency,
        {
            Account(AccountKind.STRIPE_BALANCE): amount_micro + fee_micro,
            Account(AccountKind.FEES): -fee_micro,
            Account(AccountKind.PLATFORM_REVENUE): -amount_micro,
        },
    )


def dispute_won(amount_minor: int, currency: str) -> Entry:
    """Return the entry of disputed money that Stripe gave back to us."""
    _require_not_negative(amount_minor)
    amount_micro = minor_to_micro(amount_minor, currency)
    return _entry(
        currency,
        {Account(AccountKind.STRIPE_BALANCE): -amount_micro, Account(AccountKind.PLATFORM_REVENUE): amount_micro},
    )


def given_back(payable: Mapping[int, int], receivable: Mapping[int, int], fund_micro: int, currency: str) -> Entry:
    """Return the entry of what contributors and the common fund give back to the platform, in micro-units.

    By contributor: out of the payable balance, and what is receivable from then on since they do not have it.
    """
    taken = {Account(AccountKind.PAYABLE, pk): -micro for pk, micro in payable.items()}
    taken |= {Account(AccountKind.RECEIVABLE, pk): -micro for pk, micro in receivable.items()}
    taken[Account(AccountKind.COMMON_FUND)] = -fund_micro
    _require_not_negative(*(-micro for micro in taken.values()))
    return _entry(currency, {Account(AccountKind.PLATFORM_REVENUE): -sum(taken.values()), **taken})


def credited(contributor_id: int, amount_micro: int, currency: str) -> Entry:
    """Return the entry of an adjustment in a contributor's favour."""
    _require_not_negative(amount_micro)
    return _entry(
        currency,
        {
            Account(AccountKind.PLATFORM_REVENUE): -amount_micro,
            Account(AccountKind.PAYABLE, contributor_id): amount_micro,
        },
    )


def hold_placed(amounts_micro: Mapping[int, int], currency: str) -> Entry:
    """Return the entry that keeps parts of contributors' balances from being paid out."""
    _require_not_negative(*amounts_micro.values())
    payable = {Account(AccountKind.PAYABLE, pk): -micro for pk, micro in amounts_micro.items()}
    held = {Account(AccountKind.HELD, pk): micro for pk, micro in amounts_micro.items()}
    return _entry(currency, payable | held)


def hold_released(amounts_micro: Mapping[int, int], currency: str) -> Entry:
    """Return the entry that makes what was held payable again."""
    return tuple(
        PostingLine(line.account, -line.amount_micro, line.currency) for line in hold_placed(amounts_micro, currency)
    )


def payout_reserved(contributor_id: int, amount_minor: int, currency: str) -> Entry:
    """Return the entry that sets aside what one payout is about to send, so that nothing else can spend it."""
    _require_not_negative(amount_minor)
    amount_micro = minor_to_micro(amount_minor, currency)
    return _entry(
        currency,
        {
            Account(AccountKind.PAYABLE, contributor_id): -amount_micro,
            Account(AccountKind.PAYOUT_IN_TRANSIT): amount_micro,
        },
    )


def payout_released(contributor_id: int, amount_minor: int, currency: str) -> Entry:
    """Return the entry that gives back what was set aside for a transfer that Stripe refused."""
    return tuple(
        PostingLine(line.account, -line.amount_micro, line.currency)
        for line in payout_reserved(contributor_id, amount_minor, currency)
    )


def payout_sent(amount_minor: int, currency: str) -> Entry:
    """Return the entry of a transfer that Stripe confirmed."""
    _require_not_negative(amount_minor)
    amount_micro = minor_to_micro(amount_minor, currency)
    return _entry(
        currency,
        {Account(AccountKind.PAYOUT_IN_TRANSIT): -amount_micro, Account(AccountKind.STRIPE_BALANCE): amount_micro},
    )


def payout_reversed(contributor_id: int, amount_minor: int, currency: str) -> Entry:
    """Return the entry of money of a transfer that came back: the contributor is owed it again."""
    _require_not_negative(amount_minor)
    amount_micro = minor_to_micro(amount_minor, currency)
    return _entry(
        currency,
        {
            Account(AccountKind.STRIPE_BALANCE): -amount_micro,
            Account(AccountKind.PAYABLE, contributor_id): amount_micro,
        },
    )


def _collected(through_checkout: bool) -> Account:
    return Account(AccountKind.STRIPE_PENDING if through_checkout else AccountKind.COLLECTED_ELSEWHERE)


def _entry(currency: str, amounts_micro: dict[Account, int]) -> Entry:
    lines = tuple(PostingLine(account, micro, currency) for account, micro in amounts_micro.items() if micro)
    check_balanced(lines)
    return lines


def _require_not_negative(*minor_or_micro: int) -> None:
    if min(minor_or_micro) < 0:
        raise ValueError(f"Amounts, and what is left of one after another, cannot be negative: {minor_or_micro}.")


def _needs(needed: bool) -> str:
    return "needs" if needed else "cannot have"
