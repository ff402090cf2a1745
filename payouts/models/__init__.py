"""The records of the money, one file per noun."""

from payouts.models.ledger import Entry, LedgerAccount, Posting
from payouts.models.months import Earning, Period, Policy, RevenueEvent, RevenueKind, Statement
from payouts.models.reconciling import Finding, Reconciliation, WebhookEvent
from payouts.models.runs import Attempt, ConnectedAccount, Payout, PayoutRun, Reversal, Transfer

__all__ = [
    "Attempt",
    "ConnectedAccount",
    "Earning",
    "Entry",
    "Finding",
    "LedgerAccount",
    "Payout",
    "PayoutRun",
    "Period",
    "Policy",
    "Posting",
    "Reconciliation",
    "RevenueEvent",
    "RevenueKind",
    "Reversal",
    "Statement",
    "Transfer",
    "WebhookEvent",
]
