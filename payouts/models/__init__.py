"""The records of the money, one file per noun."""

from payouts.models.ledger import Entry, LedgerAccount, Posting
from payouts.models.months import Earning, Period, Policy, RevenueEvent, RevenueKind, Statement
from payouts.models.runs import Attempt, ConnectedAccount, Payout, PayoutRun, Reversal, Transfer

__all__ = [
    "Attempt",
    "ConnectedAccount",
    "Earning",
    "Entry",
    "LedgerAccount",
    "Payout",
    "PayoutRun",
    "Period",
    "Policy",
    "Posting",
    "RevenueEvent",
    "RevenueKind",
    "Reversal",
    "Statement",
    "Transfer",
]
