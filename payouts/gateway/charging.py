"""Customers' money: Checkout Sessions and their charges, refunds and disputes (https://docs.stripe.com/api/checkout/sessions).

A session is of one thing at one price, paid by card: what takes days to arrive is not offered.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import stripe

from payouts.gateway.client import PAGE_SIZE, Client, in_our_words
from payouts.gateway.shapes import Charge, Checkout, Dispute, RefundReceipt

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

PAID = "payment_intent.latest_charge.balance_transaction"
NOT_GOING_BACK = ("failed", "canceled")


class Charging(Client):
    """The half of a gateway that is paid."""

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
        params: SessionCreateParams = {
            "adaptive_pricing": {"enabled": False},  # it is paid in the currency that it is sold in
            "allowed_payment_method_types": ["card"],
            "cancel_url": cancel_url,
            "expires_at": int(expires_at.timestamp()),
            "line_items": [
                {
                    "price_data": {
                        "currency": currency,
                        "product_data": {"name": name},
                        "unit_amount": amount_minor,
                    },
                    "quantity": 1,
                }
            ],
            "metadata": metadata,
            "mode": "payment",
            # Captured at once, so that the fee is known as soon as it is paid.
            "payment_intent_data": {"capture_method": "automatic", "metadata": metadata},
            "success_url": success_url,
        }
        with in_our_words():
            session = self._stripe().v1.checkout.sessions.create(params, {"idempotency_key": idempotency_key})
        return _checkout(session.to_dict())

    def checkout(self, stripe_session_id: str) -> Checkout:
        with in_our_words():
            session = self._stripe().v1.checkout.sessions.retrieve(stripe_session_id, {"expand": [PAID]})
        return _checkout(session.to_dict())

    def expire_checkout(self, stripe_session_id: str) -> None:
        with in_our_words():
            self._stripe().v1.checkout.sessions.expire(stripe_session_id)

    def list_charges_since(self, created_from: datetime) -> Iterator[Charge]:
        with in_our_words():
            first_page = self._stripe().v1.balance_transactions.list(
                {"created": {"gte": int(created_from.timestamp())}, "limit": PAGE_SIZE, "type": "charge"}
            )
            for transaction in first_page.auto_paging_iter():
                yield _charge(transaction.to_dict())

    def refund_charge(self, stripe_charge_id: str, *, metadata: dict[str, str], idempotency_key: str) -> RefundReceipt:
        with in_our_words():
            refund = self._stripe().v1.refunds.create(
                {"charge": stripe_charge_id, "metadata": metadata}, {"idempotency_key": idempotency_key}
            )
        return _refund(refund)

    def list_refunds(self, stripe_charge_id: str) -> list[RefundReceipt]:
        with in_our_words():
            first_page = self._stripe().v1.refunds.list({"charge": stripe_charge_id, "limit": PAGE_SIZE})
            return [_refund(one) for one in first_page.auto_paging_iter() if one.status not in NOT_GOING_BACK]

    def dispute(self, stripe_dispute_id: str) -> Dispute:
        with in_our_words():
            dispute = self._stripe().v1.disputes.retrieve(stripe_dispute_id)
        taken = [one for one in dispute.balance_transactions if one.amount < 0]
        return Dispute(
            stripe_dispute_id=dispute.id,
            # Stripe gives the id, because we never ask it to expand the charge.
            stripe_charge_id=cast(str, dispute.charge),
            taken_minor=-sum(one.amount for one in taken),
            fee_minor=sum(one.fee for one in taken),
            status=dispute.status,
        )


def _checkout(session: dict[str, Any]) -> Checkout:
    return Checkout(
        stripe_session_id=session["id"],
        url=session["url"] or "",
        is_expired=session["status"] == "expired",
        charge=_paid(session) if session["payment_status"] == "paid" else None,
        metadata=session["metadata"] or {},
    )


def _paid(session: dict[str, Any]) -> Charge | None:
    """The charge of a paid session; None for the moments in which Stripe has not booked it yet."""
    transaction = session["payment_intent"]["latest_charge"]["balance_transaction"]
    return _charge(transaction) if transaction else None


def _charge(transaction: dict[str, Any]) -> Charge:
    return Charge(
        stripe_charge_id=transaction["source"],
        amount_minor=transaction["amount"],
        fee_minor=transaction["fee"],
        currency=transaction["currency"],
        created_at=datetime.fromtimestamp(transaction["created"], tz=UTC),
        is_available=transaction["status"] == "available",
    )


def _refund(refund: stripe.Refund) -> RefundReceipt:
    return RefundReceipt(stripe_refund_id=refund.id, amount_minor=refund.amount)
