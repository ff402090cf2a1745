"""Stripe as we use it: Connect accounts that receive transfers from the platform's balance, and nothing else.

Separate charges and transfers: https://docs.stripe.com/connect/separate-charges-and-transfers. Amounts are in minor
units of their currency, currencies are lower-case codes. Every call raises one of the exceptions below and no other.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast

import stripe

if TYPE_CHECKING:
    from stripe.params import TransferListParams

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
PAGE_SIZE = 100


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


class StripeGateway:
    """The Gateway to Stripe itself or, where `api_base` is its URL, to the sandbox."""

    def __init__(self, api_key: str, api_base: str | None, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._timeout_s = (CONNECT_TIMEOUT_S, read_timeout_s)
        self._client: stripe.StripeClient | None = None
        self._client_pid: int | None = None

    def create_account(
        self, *, reference: str, name: str, country: str, currency: str, idempotency_key: str
    ) -> Account:
        with _in_our_words():
            account = self._stripe().v1.accounts.create(
                {
                    "business_profile": {"name": name},
                    "capabilities": {"transfers": {"requested": True}},
                    "controller": {
                        "fees": {"payer": "application"},
                        "losses": {"payments": "application"},
                        "stripe_dashboard": {"type": "express"},
                    },
                    "country": country,
                    "default_currency": currency,
                    "metadata": {"reference": reference},
                },
                {"idempotency_key": idempotency_key},
            )
        return _account(account)

    def account(self, stripe_account_id: str) -> Account:
        with _in_our_words():
            return _account(self._stripe().v1.accounts.retrieve(stripe_account_id))

    def onboarding_link(self, stripe_account_id: str, *, return_url: str, refresh_url: str) -> str:
        with _in_our_words():
            link = self._stripe().v1.account_links.create(
                {
                    "account": stripe_account_id,
                    "refresh_url": refresh_url,
                    "return_url": return_url,
                    "type": "account_onboarding",
                }
            )
        return link.url

    def available_minor(self, currency: str) -> int:
        with _in_our_words():
            balance = self._stripe().v1.balance.retrieve()
        return sum(part.amount for part in balance.available if part.currency == currency)

    def top_up(self, amount_minor: int, currency: str, *, idempotency_key: str) -> str:
        with _in_our_words():
            topup = self._stripe().v1.topups.create(
                {"amount": amount_minor, "currency": currency}, {"idempotency_key": idempotency_key}
            )
        return topup.id

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
        with _in_our_words():
            transfer = self._stripe().v1.transfers.create(
                {
                    "amount": amount_minor,
                    "currency": currency,
                    "destination": stripe_account_id,
                    "metadata": metadata,
                    "transfer_group": transfer_group,
                },
                {"idempotency_key": idempotency_key},
            )
        return _receipt(transfer)

    def list_transfers(self, *, transfer_group: str, stripe_account_id: str | None = None) -> list[TransferReceipt]:
        params: TransferListParams = {"transfer_group": transfer_group, "limit": PAGE_SIZE}
        if stripe_account_id is not None:
            params["destination"] = stripe_account_id
        with _in_our_words():
            first_page = self._stripe().v1.transfers.list(params)
            return [_receipt(transfer) for transfer in first_page.auto_paging_iter()]

    def list_transfers_since(self, created_from: datetime) -> Iterator[TransferReceipt]:
        params: TransferListParams = {"created": {"gte": int(created_from.timestamp())}, "limit": PAGE_SIZE}
        with _in_our_words():
            for transfer in self._stripe().v1.transfers.list(params).auto_paging_iter():
                yield _receipt(transfer)

    def reverse_transfer(self, stripe_transfer_id: str, amount_minor: int, *, idempotency_key: str) -> ReversalReceipt:
        with _in_our_words():
            reversal = self._stripe().v1.transfers.reversals.create(
                stripe_transfer_id, {"amount": amount_minor}, {"idempotency_key": idempotency_key}
            )
        return _reversal(reversal)

    def list_reversals(self, stripe_transfer_id: str) -> list[ReversalReceipt]:
        with _in_our_words():
            first_page = self._stripe().v1.transfers.reversals.list(stripe_transfer_id, {"limit": PAGE_SIZE})
            return [_reversal(reversal) for reversal in first_page.auto_paging_iter()]

    def _stripe(self) -> stripe.StripeClient:
        # A forked worker must not share its parent's open connections, so each process builds its own client.
        if self._client is None or self._client_pid != os.getpid():
            self._client = stripe.StripeClient(
                self._api_key,
                base_addresses={"api": self._api_base} if self._api_base else None,
                http_client=stripe.RequestsClient(timeout=self._timeout_s),
                max_network_retries=0,
            )
            self._client_pid = os.getpid()
        return self._client


class SignatureInvalid(ValueError):
    """A webhook that Stripe did not sign, or not for us."""


def signed_event(payload: bytes, signature: str, secret: str) -> tuple[dict[str, Any], datetime]:
    """The event in a webhook's body and the time at which it was signed. Raises `SignatureInvalid`.

    The time is not judged: Stripe's client bounds it on one side only, and would take one dated a year ahead.
    """
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret)
        # Only one time may be named, or which of them was signed would be a guess.
        ((_, signed_at),) = (part.split("=", 1) for part in signature.split(",") if part.startswith("t="))
        event: dict[str, Any] = json.loads(payload)
        return event, datetime.fromtimestamp(int(signed_at), tz=UTC)
    except (stripe.SignatureVerificationError, ValueError, OverflowError) as error:
        raise SignatureInvalid(f"The webhook's signature is not Stripe's: {error}") from error


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error


def _translated(error: stripe.StripeError) -> Exception:
    """The exception that says what to do. What is not understood is unknown, never rejected."""
    message = str(error)
    code = getattr(error.error, "code", None) or ""
    if error.http_status in (409, 429) or isinstance(error, stripe.RateLimitError):
        return GatewayBusy(message)
    if code == "balance_insufficient":
        return InsufficientFunds(code, message)
    # Also 403, and yet about one connected account (unknown, or no longer ours) and not about our key.
    if isinstance(error, stripe.InvalidRequestError) or code == "account_invalid":
        return GatewayRejected(code or "invalid_request", message)
    if isinstance(error, stripe.IdempotencyError | stripe.AuthenticationError | stripe.PermissionError):
        return GatewayMisused(message)
    if error.http_status is not None and error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GatewayFailed(message)
    return GatewayUnknown(message)


def _account(account: stripe.Account) -> Account:
    # The SDK's objects lack an attribute for what Stripe left out, so optional parts are read from a dictionary.
    fields = account.to_dict()
    asked = fields["requirements"]
    deadline = asked["current_deadline"]
    return Account(
        stripe_account_id=account.id,
        country=fields["country"],
        currency=fields["default_currency"],
        transfers_enabled=fields.get("capabilities", {}).get("transfers") == "active",
        requirements=tuple(asked["currently_due"] or ()),
        requirements_due_at=datetime.fromtimestamp(deadline, tz=UTC) if deadline else None,
        disabled_reason=asked["disabled_reason"] or "",
    )


def _receipt(transfer: stripe.Transfer) -> TransferReceipt:
    return TransferReceipt(
        stripe_transfer_id=transfer.id,
        amount_minor=transfer.amount,
        currency=transfer.currency,
        # Stripe gives the id, because we never ask it to expand the account.
        stripe_account_id=cast(str, transfer.destination),
        created_at=datetime.fromtimestamp(transfer.created, tz=UTC),
        metadata=transfer.metadata.to_dict(),
        reversed_minor=transfer.amount_reversed,
    )


def _reversal(reversal: stripe.TransferReversal) -> ReversalReceipt:
    return ReversalReceipt(
        stripe_reversal_id=reversal.id,
        amount_minor=reversal.amount,
        created_at=datetime.fromtimestamp(reversal.created, tz=UTC),
    )
