"""The records of the money, one file per noun."""

from payouts.models.audit import AuditLink, AuditSubject
from payouts.models.ledger import Entry, LedgerAccount, Posting
from payouts.models.months import Earning, Period, Policy, RevenueEvent, RevenueKind
from payouts.models.runs import Attempt, ConnectedAccount, Payout, PayoutRun, Transfer
from payouts.models.statements import Statement, StatementRoot

__all__ = [
    "Attempt",
    "AuditLink",
    "AuditSubject",
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
    "Statement",
    "StatementRoot",
    "Transfer",
]
