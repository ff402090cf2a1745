"""Who is in a payout run, with how much, and why someone is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from marketplace.core.money import Money, format_micro, whole_minor
from payouts.core.borders import least_minor, reaches
from payouts.core.tax_forms import TaxForm, forms_for, objection

NAMED = 5


class ExclusionReason(StrEnum):
    """Why a contributor with a balance is left out of a payout run."""

    ON_HOLD = "on_hold"
    OWES_MONEY_BACK = "owes_money_back"
    BELOW_THRESHOLD = "below_threshold"
    BELOW_CROSS_BORDER_MINIMUM = "below_cross_border_minimum"
    COUNTRY_NOT_REACHED = "country_not_reached"
    NO_CONNECTED_ACCOUNT = "no_connected_account"
    ONBOARDING_INCOMPLETE = "onboarding_incomplete"
    TAX_FORM = "tax_form"


@dataclass(frozen=True, slots=True)
class Balances:
    """A contributor's balances in micro-units, none of them negative; `owed_back_micro` is what is receivable."""

    payable_micro: int
    held_micro: int = 0
    owed_back_micro: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError for a negative one."""
        if min(self.payable_micro, self.held_micro, self.owed_back_micro) < 0:
            raise ValueError(f"Balances cannot be negative: {self}.")


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """What Stripe last said of a connected account: whether transfers reach it, what it still asks for, and why."""

    is_ready: bool
    requirements: tuple[str, ...] = ()
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True)
class Payee:
    """What decides whether a contributor can be paid; `country` is that of the account, or their own before it."""

    country: str
    account: ConnectedAccount | None
    tax_form: TaxForm | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for everybody on the day of a run."""

    currency: str
    threshold_minor: int
    platform_country: str
    on: date


@dataclass(frozen=True, slots=True)
class Payable:
    """A payout of whole minor units; the rest of the balance is carried over."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class Excluded:
    """No payout in this run; the whole balance is carried over."""

    reason: ExclusionReason
    sentence: str


def decide_payout(balances: Balances, payee: Payee, rules: Rules) -> Payable | Excluded:
    """Decide one contributor's payout.

    What is held is not paid, nor as much as is owed back, since that is netted first; the rest is, if it reaches the
    threshold. The first reason that applies is given. Raises ValueError for a negative threshold.
    """
    if rules.threshold_minor < 0:
        raise ValueError(f"The threshold cannot be negative: {rules.threshold_minor} minor units.")
    free_micro = max(balances.payable_micro - balances.owed_back_micro, 0)
    balance = Money(whole_minor(free_micro, rules.currency), rules.currency)
    return _too_little(balance, balances, payee, rules) or not_ready(balance, payee, rules) or Payable(balance.minor)


def _too_little(balance: Money, balances: Balances, payee: Payee, rules: Rules) -> Excluded | None:
    threshold = Money(rules.threshold_minor, rules.currency)
    least = Money(least_minor(rules.platform_country, payee.country, rules.currency), rules.currency)
    if balance.minor >= max(threshold.minor, least.minor):
        return None
    if balance.minor >= max(threshold.minor, 1):
        sentence = f"The balance of {balance} is carried over: less than {least} cannot be sent to another country."
        return Excluded(ExclusionReason.BELOW_CROSS_BORDER_MINIMUM, sentence)
    if balances.owed_back_micro:
        owed = f"{format_micro(balances.owed_back_micro)} {rules.currency}"
        sentence = (
            f"{owed} is owed back and comes off first; the rest of {balance} is below the threshold of {threshold}."
        )
        return Excluded(ExclusionReason.OWES_MONEY_BACK, sentence)
    if balances.held_micro:
        held = f"{format_micro(balances.held_micro)} {rules.currency}"
        sentence = f"{held} is on hold, and the rest of {balance} is below the threshold of {threshold}."
        return Excluded(ExclusionReason.ON_HOLD, sentence)
    sentence = f"The balance of {balance} is below the threshold of {threshold} and is carried over."
    return Excluded(ExclusionReason.BELOW_THRESHOLD, sentence)


def not_ready(balance: Money, payee: Payee, rules: Rules) -> Excluded | None:
    """Why a contributor cannot be paid whatever they have: their country, connected account or tax form."""
    if payee.country and not reaches(rules.platform_country, payee.country):
        sentence = f"{balance} is waiting: Stripe lets us send nothing to {payee.country} yet. Ask us how to be paid."
        return Excluded(ExclusionReason.COUNTRY_NOT_REACHED, sentence)
    if payee.account is None:
        sentence = f"{balance} is waiting: connect a Stripe account to be paid."
        return Excluded(ExclusionReason.NO_CONNECTED_ACCOUNT, sentence)
    if not payee.account.is_ready:
        sentence = f"{balance} is waiting: the connected account is not ready, {still_asked(payee.account)}."
        return Excluded(ExclusionReason.ONBOARDING_INCOMPLETE, sentence)
    tax_form = objection(payee.tax_form, forms_for(rules.platform_country, payee.country), rules.on)
    if tax_form:
        return Excluded(ExclusionReason.TAX_FORM, f"{balance} is waiting. {tax_form}")
    return None


def still_asked(account: ConnectedAccount) -> str:
    """What keeps an account from being ready, in words."""
    if account.requirements:
        return f"Stripe still asks for {in_words(account.requirements)}"
    return _DISABLED.get(account.disabled_reason, "Stripe has not enabled transfers")


def in_words(requirements: Sequence[str]) -> str:
    """What Stripe asks for, such as individual.first_name, as people read it: the first few, and how many more."""
    words = list(dict.fromkeys(_FIELDS.get(code, code.replace(".", " ").replace("_", " ")) for code in requirements))
    named, more = ", ".join(words[:NAMED]), len(words) - NAMED
    return f"{named} and {more} more" if more > 0 else named


_FIELDS = {
    "external_account": "a bank account",
    "individual.dob.day": "day of birth",
    "individual.dob.month": "month of birth",
    "individual.dob.year": "year of birth",
    "individual.first_name": "first name",
    "individual.id_number": "a tax or identity number",
    "individual.last_name": "last name",
    "individual.verification.document": "an identity document",
    "tos_acceptance.date": "agreement to its terms",
    "tos_acceptance.ip": "agreement to its terms",
}
"""Of the fields named in https://docs.stripe.com/connect/required-verification-information, those that need words."""

_DISABLED = {
    "listed": "Stripe is comparing it with lists of persons it must not pay",
    "platform_paused": "we have paused it",
    "rejected.fraud": "Stripe has rejected it",
    "rejected.incomplete_verification": "Stripe has rejected it because what it asked for never came",
    "rejected.listed": "Stripe has rejected it",
    "rejected.other": "Stripe has rejected it",
    "rejected.terms_of_service": "Stripe has rejected it for a breach of its terms",
    "requirements.pending_verification": "Stripe is checking what you gave",
    "under_review": "Stripe is reviewing it",
}
"""The values of requirements.disabled_reason in https://docs.stripe.com/api/accounts/object that need words."""
