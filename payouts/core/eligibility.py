"""Who is in a payout run, with how much, and why someone is not."""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.core.money import Money, format_micro, whole_minor


class ExclusionReason(StrEnum):
    """Why a contributor with a balance is left out of a payout run."""

    ON_HOLD = "on_hold"
    BELOW_THRESHOLD = "below_threshold"
    NO_CONNECTED_ACCOUNT = "no_connected_account"
    ONBOARDING_INCOMPLETE = "onboarding_incomplete"


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """What Stripe last said of a connected account: whether transfers reach it, and what it still asks for."""

    is_ready: bool
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Payable:
    """A payout of whole minor units; the rest of the balance is carried over."""

    amount_minor: int


@dataclass(frozen=True, slots=True)
class Excluded:
    """No payout in this run; the whole balance is carried over."""

    reason: ExclusionReason
    sentence: str


def decide_payout(
    payable_micro: int, held_micro: int, currency: str, threshold_minor: int, account: ConnectedAccount | None
) -> Payable | Excluded:
    """Decide one contributor's payout from their balances in micro-units and the threshold in minor units.

    What is held is not paid, whatever its amount; the rest is, if it reaches the threshold. The first reason that
    applies is given. Raises ValueError for a negative balance or threshold.
    """
    if payable_micro < 0 or held_micro < 0 or threshold_minor < 0:
        raise ValueError(
            f"Balances ({payable_micro} and {held_micro} micro) and threshold ({threshold_minor} minor) cannot be "
            "negative."
        )
    balance = Money(whole_minor(payable_micro, currency), currency)
    if balance.minor < max(threshold_minor, 1):
        threshold = Money(threshold_minor, currency)
        if held_micro:
            held = f"{format_micro(held_micro)} {currency}"
            sentence = f"{held} is on hold, and the rest of {balance} is below the threshold of {threshold}."
            return Excluded(ExclusionReason.ON_HOLD, sentence)
        sentence = f"The balance of {balance} is below the threshold of {threshold} and is carried over."
        return Excluded(ExclusionReason.BELOW_THRESHOLD, sentence)
    if account is None:
        sentence = f"{balance} is waiting: connect a Stripe account to be paid."
        return Excluded(ExclusionReason.NO_CONNECTED_ACCOUNT, sentence)
    if not account.is_ready:
        return Excluded(ExclusionReason.ONBOARDING_INCOMPLETE, _onboarding_sentence(balance, account.requirements))
    return Payable(balance.minor)


def _onboarding_sentence(balance: Money, requirements: tuple[str, ...]) -> str:
    asked = f"Stripe still asks for {', '.join(requirements)}" if requirements else "Stripe has not enabled transfers"
    return f"{balance} is waiting: the connected account is not ready, {asked}."
