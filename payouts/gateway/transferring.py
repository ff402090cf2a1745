"""Connected accounts and the transfers that they receive from the platform's balance.

Separate charges and transfers: https://docs.stripe.com/connect/separate-charges-and-transfers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import stripe

from payouts.gateway.client import PAGE_SIZE, Client, in_our_words
from payouts.gateway.shapes import Account, Funds, ReversalReceipt, TransferReceipt

if TYPE_CHECKING:
    from stripe.params import TransferListParams


class Transferring(Client):
    """The half of a gateway that pays out."""

    def create_account(
        self, *, reference: str, name: str, country: str, currency: str, idempotency_key: str
    ) -> Account:
        with in_our_words():
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
        with in_our_words():
            return _account(self._stripe().v1.accounts.retrieve(stripe_account_id))

    def onboarding_link(self, stripe_account_id: str, *, return_url: str, refresh_url: str) -> str:
        with in_our_words():
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
        return self.funds(currency).available_minor

    def funds(self, currency: str) -> Funds:
        with in_our_words():
            balance = self._stripe().v1.balance.retrieve()
        return Funds(
            available_minor=sum(part.amount for part in balance.available if part.currency == currency),
            pending_minor=sum(part.amount for part in balance.pending if part.currency == currency),
        )

    def top_up(self, amount_minor: int, currency: str, *, idempotency_key: str) -> str:
        with in_our_words():
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
        with in_our_words():
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
        with in_our_words():
            first_page = self._stripe().v1.transfers.list(params)
            return [_receipt(transfer) for transfer in first_page.auto_paging_iter()]

    def list_transfers_since(self, created_from: datetime) -> Iterator[TransferReceipt]:
        params: TransferListParams = {"created": {"gte": int(created_from.timestamp())}, "limit": PAGE_SIZE}
        with in_our_words():
            for transfer in self._stripe().v1.transfers.list(params).auto_paging_iter():
                yield _receipt(transfer)

    def reverse_transfer(self, stripe_transfer_id: str, amount_minor: int, *, idempotency_key: str) -> ReversalReceipt:
        with in_our_words():
            reversal = self._stripe().v1.transfers.reversals.create(
                stripe_transfer_id, {"amount": amount_minor}, {"idempotency_key": idempotency_key}
            )
        return _reversal(reversal)

    def list_reversals(self, stripe_transfer_id: str) -> list[ReversalReceipt]:
        with in_our_words():
            first_page = self._stripe().v1.transfers.reversals.list(stripe_transfer_id, {"limit": PAGE_SIZE})
            return [_reversal(reversal) for reversal in first_page.auto_paging_iter()]


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
