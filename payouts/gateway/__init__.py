"""Stripe as we use it: Checkout for customers, Connect accounts that receive transfers from the platform's balance.

Amounts are in minor units of their currency, currencies are lower-case codes. Every call raises one of the exceptions
of `shapes` and no other.
"""

from payouts.gateway.charging import Charging
from payouts.gateway.shapes import (
    Account,
    Charge,
    Checkout,
    Dispute,
    Funds,
    Gateway,
    GatewayBusy,
    GatewayFailed,
    GatewayMisused,
    GatewayRejected,
    GatewayUnknown,
    InsufficientFunds,
    RefundReceipt,
    ReversalReceipt,
    TransferReceipt,
)
from payouts.gateway.signatures import SignatureInvalid, signed_event
from payouts.gateway.transferring import Transferring

__all__ = [
    "Account",
    "Charge",
    "Checkout",
    "Dispute",
    "Funds",
    "Gateway",
    "GatewayBusy",
    "GatewayFailed",
    "GatewayMisused",
    "GatewayRejected",
    "GatewayUnknown",
    "InsufficientFunds",
    "RefundReceipt",
    "ReversalReceipt",
    "SignatureInvalid",
    "StripeGateway",
    "TransferReceipt",
    "signed_event",
]


class StripeGateway(Charging, Transferring):
    """The Gateway to Stripe itself or, where `api_base` is its URL, to the sandbox."""
