"""What contributors' webhooks are told of their money, in the transaction in which it happens."""

from datetime import datetime

from django.db.models import QuerySet

from marketplace.core.webhooks import Event
from marketplace.webhook_outbox import tell
from payouts.models import Payout, Period


def tell_issued(period: Period, at: datetime) -> None:
    """That a statement was issued, to each contributor who asked to be told."""
    asking = period.statements.filter(contributor__user__webhook_endpoints__events__contains=[Event.STATEMENT_ISSUED])
    told = {
        statement.contributor.user_id: {
            "month": f"{period.month_on:%Y-%m}",
            "currency": period.currency,
            "earned_micro": statement.earned_micro,
            "closing_micro": statement.closing_micro,
            "leaf_sha256": statement.leaf_sha256,
        }
        for statement in asking.select_related("contributor")
    }
    tell(Event.STATEMENT_ISSUED, told, at)


def tell_sent(payouts: QuerySet[Payout], at: datetime) -> None:
    """That a transfer was made for each of these payouts."""
    _tell(Event.PAYOUT_SENT, payouts, at)


def tell_held(payouts: QuerySet[Payout], at: datetime) -> None:
    """That nothing is sent for each of these payouts, and why; the money stays theirs."""
    _tell(Event.PAYOUT_HELD, payouts, at)


def _tell(event: Event, payouts: QuerySet[Payout], at: datetime) -> None:
    asking = payouts.filter(contributor__user__webhook_endpoints__events__contains=[event])
    told = {
        payout.contributor.user_id: {
            "payout": payout.pk,
            "run": payout.run_id,
            "amount_minor": payout.amount_minor,
            "payable_micro": payout.payable_micro,
            "currency": payout.run.currency,
            "reason": payout.reason,
            "explanation": payout.explanation,
        }
        for payout in asking.select_related("contributor", "run")
    }
    tell(event, told, at)
