"""What a gateway to Stripe takes and gives, and the exceptions that say what may be done next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class GatewayRejected(Exception):
    """Not executed, and asking again in the same way will not help; `code` is Stripe's, such as resource_missing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code


class InsufficientFunds(GatewayRejected):
    """The platform's available balance does not cover the transfer."""


class GatewayUnknown(Exception):
    """It may or may not have been executed: timed out, cut off, failed at Stripe or not understood."""


class GatewayFailed(GatewayUnknown):
    """Stripe failed, with or without effect, and remembers that under the key: the same key can only fail again."""


class GatewayBusy(Exception):
    """Not executed: too many calls, or this key is in flight. Ask again later with the same key."""


class GatewayMisused(Exception):
    """Our own fault, such as a wrong API key or an idempotency key used twice. Nothing more must be sent."""


@dataclass(frozen=True)
class Account:
    """A connected account; `requirements` names what Stripe still asks its holder for, and until when that may wait."""

    stripe_account_id: str
    country: str
    currency: str
    transfers_enabled: bool
    requirements: tuple[str, ...]
    requirements_due_at: datetime | None
    disabled_reason: str


@dataclass(frozen=True)
class TransferReceipt:
    """A transfer that was made; `reversed_minor` is what has come back of it."""

    stripe_transfer_id: str
    amount_minor: int
    currency: str
    stripe_account_id: str
    created_at: datetime
    metadata: Mapping[str, str]
    reversed_minor: int = 0


@dataclass(frozen=True)
class ReversalReceipt:
    """Money of a transfer that came back."""

    stripe_reversal_id: str
    amount_minor: int
    created_at: datetime


@dataclass(frozen=True)
class Charge:
    """A customer's money at Stripe, by the balance transaction that it came with; pending until it is available."""

    stripe_charge_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    created_at: datetime
    is_available: bool

    @property
    def net_minor(self) -> int:
        """What is left of it after Stripe's fee."""
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True)
class Checkout:
    """A Checkout Session: `url` is its page while it is open, `charge` what was paid on it, None before that."""

    stripe_session_id: str
    url: str
    is_expired: bool
    charge: Charge | None
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class RefundReceipt:
    """Money of a charge that went back to the customer."""

    stripe_refund_id: str
    amount_minor: int


@dataclass(frozen=True)
class Dispute:
    """A disputed charge. `taken_minor` and `fee_minor` are what Stripe took for it, both zero for a mere inquiry."""

    stripe_dispute_id: str
    stripe_charge_id: str
    taken_minor: int
    fee_minor: int
    status: str


@dataclass(frozen=True)
class Funds:
    """The platform's balance in one currency."""

    available_minor: int
    pending_minor: int


class Gateway(Protocol):
    """What moves money. The same idempotency key with the same arguments acts once, for about a day."""

    def create_account(
        self, *, reference: str, name: str, country: str, currency: str, idempotency_key: str
    ) -> Account:
        """Open a connected account; `reference` is our own id of its holder, `country` two capital letters."""
        ...

    def account(self, stripe_account_id: str) -> Account:
        """The connected account as it is now."""
        ...

    def onboarding_link(self, stripe_account_id: str, *, return_url: str, refresh_url: str) -> str:
        """A short-lived URL where the holder says who they are and where to be paid."""
        ...

    def available_minor(self, currency: str) -> int:
        """What the platform can transfer now."""
        ...

    def funds(self, currency: str) -> Funds:
        """What the platform has at Stripe, read at one moment."""
        ...

    def top_up(self, amount_minor: int, currency: str, *, idempotency_key: str) -> str:
        """Add funds to the platform's balance from its bank; the top-up's Stripe id."""
        ...

    def create_transfer(
        self,
        *,
        amount_minor: int,
        currency: str,
        stripe_account_id: str,
        transfer_group: str,
        metadata: dict[str, str],
        idempotency_key: str,
    ) -> TransferReceipt:
        """Move money from the platform to a connected account. InsufficientFunds if the balance does not cover it."""
        ...

    def list_transfers(self, *, transfer_group: str, stripe_account_id: str | None = None) -> list[TransferReceipt]:
        """Every transfer of the group, to one account if given, newest first."""
        ...

    def list_transfers_since(self, created_from: datetime) -> Iterator[TransferReceipt]:
        """Every transfer of the platform made at that time or later, newest first, fetched page by page."""
        ...

    def reverse_transfer(self, stripe_transfer_id: str, amount_minor: int, *, idempotency_key: str) -> ReversalReceipt:
        """Take money of a transfer back; Stripe refuses more than is left of it."""
        ...

    def list_reversals(self, stripe_transfer_id: str) -> list[ReversalReceipt]:
        """Every reversal of a transfer, newest first."""
        ...

    def create_checkout(
        self,
        *,
        name: str,
        amount_minor: int,
        currency: str,
        success_url: str,
        cancel_url: str,
        metadata: dict[str, str],
        expires_at: datetime,
        idempotency_key: str,
    ) -> Checkout:
        """A page of Stripe's where one thing is paid by card; it expires 30 minutes to 24 hours from now."""
        ...

    def checkout(self, stripe_session_id: str) -> Checkout:
        """The session as it is now."""
        ...

    def expire_checkout(self, stripe_session_id: str) -> None:
        """Close an open session; GatewayRejected where it is not open any more."""
        ...

    def list_charges_since(self, created_from: datetime) -> Iterator[Charge]:
        """Every charge of the platform made at that time or later, newest first, fetched page by page."""
        ...

    def refund_charge(self, stripe_charge_id: str, *, metadata: dict[str, str], idempotency_key: str) -> RefundReceipt:
        """Give all of a charge back; Stripe keeps its fee."""
        ...

    def list_refunds(self, stripe_charge_id: str) -> list[RefundReceipt]:
        """What went back of a charge or is about to, newest first; a refund that failed is none."""
        ...

    def dispute(self, stripe_dispute_id: str) -> Dispute:
        """The dispute as it is now."""
        ...
