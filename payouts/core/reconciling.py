"""Comparing what Stripe lists with what we recorded. Amounts are in minor units of one currency."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    """What a reconciliation can find."""

    SENT_UNASKED = "sent_unasked"
    SENT_TWICE = "sent_twice"
    TRANSFER_MISSING = "transfer_missing"
    TRANSFER_DIFFERS = "transfer_differs"
    REVERSAL_DIFFERS = "reversal_differs"
    LEDGER_DIFFERS = "ledger_differs"
    IN_TRANSIT_DIFFERS = "in_transit_differs"
    CASH_DIFFERS = "cash_differs"
    PENDING_DIFFERS = "pending_differs"
    CHARGE_UNKNOWN = "charge_unknown"
    REFUND_FAILED = "refund_failed"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A payout as we know it: without `stripe_transfer_id` none is recorded, and while it is due one may come."""

    payout_id: int
    stripe_account_id: str
    amount_minor: int
    stripe_transfer_id: str
    reversed_minor: int
    is_due: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A transfer in Stripe's list."""

    stripe_transfer_id: str
    stripe_account_id: str
    amount_minor: int
    currency: str
    reversed_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same at both ends: `subject` names it, `found` says it to a person."""

    kind: FindingKind
    subject: str
    found: str


def differences(listed: Listed, recorded: Recorded | None, currency: str, payout: str) -> Iterator[Difference]:
    """What is wrong with one transfer that Stripe lists, for the payout that its metadata names.

    One that we do not know is no difference any more once all of it came back.
    """
    id_, subject = listed.stripe_transfer_id, f"transfer {listed.stripe_transfer_id}"
    is_known = recorded is not None and recorded.stripe_transfer_id == id_
    if not is_known and listed.reversed_minor == listed.amount_minor:
        return
    if recorded is None:
        yield Difference(FindingKind.SENT_UNASKED, subject, f"{id_} is for payout {payout}, which we do not have.")
        return
    if not recorded.stripe_transfer_id:
        if not recorded.is_due:
            found = f"{id_} is for payout {payout}, of which nothing was to be sent."
            yield Difference(FindingKind.SENT_UNASKED, subject, found)
    elif recorded.stripe_transfer_id != id_:
        found = f"{id_} is for payout {payout}, which was paid by {recorded.stripe_transfer_id}: it was paid twice."
        yield Difference(FindingKind.SENT_TWICE, subject, found)
        return
    at_stripe = (listed.amount_minor, listed.currency, listed.stripe_account_id)
    with_us = (recorded.amount_minor, currency.lower(), recorded.stripe_account_id)
    if at_stripe != with_us:
        found = f"{id_} is {_words(*at_stripe)} at Stripe, and {_words(*with_us)} with us."
        yield Difference(FindingKind.TRANSFER_DIFFERS, subject, found)
    if recorded.stripe_transfer_id and listed.reversed_minor != recorded.reversed_minor:
        found = f"Of {id_} {listed.reversed_minor} came back at Stripe, and {recorded.reversed_minor} with us."
        yield Difference(FindingKind.REVERSAL_DIFFERS, subject, found)


def missing(stripe_transfer_id: str, payout_id: int) -> Difference:
    """A transfer that we recorded and Stripe does not list."""
    found = f"{stripe_transfer_id} of payout {payout_id} is recorded, and Stripe does not list it."
    return Difference(FindingKind.TRANSFER_MISSING, f"transfer {stripe_transfer_id}", found)


def unknown_charge(stripe_charge_id: str, amount: str) -> Difference:
    """A customer's money at Stripe that no order knows of."""
    found = f"{stripe_charge_id} of {amount} is at Stripe, and no order of ours was paid by it."
    return Difference(FindingKind.CHARGE_UNKNOWN, f"charge {stripe_charge_id}", found)


def failed_refund(stripe_refund_id: str, of: str) -> Difference:
    """A customer's money that we recorded as gone back, and that came back to Stripe's balance: it is theirs still."""
    found = (
        f"{stripe_refund_id} of {of} is recorded as gone back, and failed at Stripe: the customer does not have the "
        "money. Ask them for another way and give it back at Stripe; it is recorded already."
    )
    return Difference(FindingKind.REFUND_FAILED, f"refund {stripe_refund_id}", found)


@dataclass(frozen=True, slots=True)
class Cash:
    """What the ledger has of Stripe's balance = what Stripe has + what is in flight: of the available, of the pending.

    In flight is what has left Stripe's balance and the ledger does not know of yet: transfers that are not recorded.
    What came in and is not booked yet, of sales, counts against it.
    """

    ledger_minor: int
    stripe_minor: int
    in_flight_minor: int

    @property
    def difference_minor(self) -> int:
        """What the ledger has too much; zero where the equation holds."""
        return self.ledger_minor - self.stripe_minor - self.in_flight_minor


def _words(amount_minor: int, currency: str, stripe_account_id: str) -> str:
    return f"{amount_minor} {currency} to account {stripe_account_id}"
