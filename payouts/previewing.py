"""What closing a month would do, computed as the closing computes it and then forgotten."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from marketplace.core.periods import Month
from payouts.closing import CannotClose, compute_split, contributor_rate_ppm, require_closable
from payouts.core.ledger import AccountKind
from payouts.models import Period
from payouts.month_steps import Step, steps_of_pool, steps_to_pool
from payouts.revenue import revenue_of
from payouts.statements import TOTALS, totals_of

STATEMENTS = f"""
SELECT count(*)
FROM (SELECT contributor_id FROM ({TOTALS}) AS moved UNION SELECT contributor_id FROM split_part) AS told
"""  # noqa: S608 -- of constants only
EARNED_BY_KIND = "SELECT kind, sum(amount_micro)::bigint FROM split_part GROUP BY kind"
NETTED = """
SELECT coalesce(sum(least(-debt.balance_micro,
                          coalesce(payable.balance_micro, 0) + coalesce(earned.micro, 0))), 0)::bigint
FROM payouts_ledgeraccount AS debt
LEFT JOIN payouts_ledgeraccount AS payable ON payable.contributor_id = debt.contributor_id
    AND payable.currency = debt.currency AND payable.kind = %(payable)s
LEFT JOIN (SELECT contributor_id, sum(amount_micro) AS micro FROM split_part GROUP BY 1) AS earned
    ON earned.contributor_id = debt.contributor_id
WHERE debt.kind = %(receivable)s AND debt.currency = %(currency)s
"""


@dataclass(frozen=True)
class ClosePreview:
    """From gross to what contributors earn, how many statements would be issued, and their total, in micro-units."""

    month: Month
    currency: str
    waterfall: tuple[Step, ...]
    statement_count: int
    earned_micro: int
    netted_micro: int
    """Of what contributors owe, out of what they have and earn."""


def preview_close(month: Month, at: datetime) -> ClosePreview:
    """Compute what closing a month now would post and state; nothing is written. Raises `CannotClose`."""
    period = Period.objects.filter(month_on=month.start_at.date(), currency=settings.SETTLEMENT_CURRENCY).first()
    if period is None:
        raise CannotClose(f"Nothing was booked to {month} yet: there is nothing to close.")
    with transaction.atomic():
        if period.state != Period.CLOSING:
            require_closable(month, period, at)
        revenue = revenue_of(period)
        done = compute_split(month, period, revenue, at)
        with connection.cursor() as cursor:
            cursor.execute(EARNED_BY_KIND)
            earned_micro = dict(cursor.fetchall())
            cursor.execute(STATEMENTS, totals_of(period))
            (statement_count,) = cursor.fetchone()
            kinds = {"payable": AccountKind.PAYABLE, "receivable": AccountKind.RECEIVABLE}
            cursor.execute(NETTED, kinds | {"currency": period.currency})
            (netted_micro,) = cursor.fetchone()
    rate_ppm = contributor_rate_ppm(month)
    waterfall = (*steps_to_pool(revenue, rate_ppm, done.total_micro), *steps_of_pool(done, earned_micro))
    return ClosePreview(month, period.currency, waterfall, statement_count, done.earned_micro, netted_micro)
