"""The records of the money, one file per noun."""

from payouts.models.adjustments import Adjustment, AdjustmentReason, DisputeOutcome, Hold, HoldEnd, RemovalSettlement
from payouts.models.audit import AuditLink, AuditSubject
from payouts.models.claims import ShareClaim, ShareClaimDecision
from payouts.models.exports import TrainingSetExport
from payouts.models.ledger import Entry, LedgerAccount, Posting
from payouts.models.months import Earning, Period, Policy, RevenueEvent, RevenueKind
from payouts.models.orders import Order
from payouts.models.reconciling import Finding, Reconciliation, WebhookEvent
from payouts.models.runs import Attempt, ConnectedAccount, Payout, PayoutRun, Reversal, Transfer
from payouts.models.statements import Statement, StatementRoot
from payouts.models.tax_forms import TaxFormReview

__all__ = [
    "Adjustment",
    "AdjustmentReason",
    "Attempt",
    "AuditLink",
    "AuditSubject",
    "ConnectedAccount",
    "DisputeOutcome",
    "Earning",
    "Entry",
    "Finding",
    "Hold",
    "HoldEnd",
    "LedgerAccount",
    "Order",
    "Payout",
    "PayoutRun",
    "Period",
    "Policy",
    "Posting",
    "Reconciliation",
    "RemovalSettlement",
    "RevenueEvent",
    "RevenueKind",
    "Reversal",
    "ShareClaim",
    "ShareClaimDecision",
    "Statement",
    "StatementRoot",
    "TaxFormReview",
    "TrainingSetExport",
    "Transfer",
    "WebhookEvent",
]
