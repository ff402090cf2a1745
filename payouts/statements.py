"""Statements: what each contributor is told of a period, in one set-based statement of SQL."""

from datetime import datetime

from django.db import connection

from payouts.models import Period


def issue_statements(period: Period, at: datetime) -> int:
    """Issue the statement of every contributor who had a balance or a movement in the period; returns how many.

    Opening is the closing of the last statement; paid counts what payouts of the period took from the payable balance,
    less what came back; the rest of the period's postings to it that are no earnings are adjustments.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH moved AS (
                SELECT a.contributor_id,
                       sum(p.amount_micro) FILTER (WHERE e.kind = 'earnings') AS earned,
                       -sum(p.amount_micro) FILTER (WHERE e.kind IN ('payout_reserved', 'payout_released')) AS paid,
                       sum(p.amount_micro) FILTER
                           (WHERE e.kind NOT IN ('earnings', 'payout_reserved', 'payout_released')) AS adjusted
                FROM payouts_posting AS p
                JOIN payouts_entry AS e ON e.id = p.entry_id
                JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
                WHERE e.period_id = %(period)s AND a.kind = 'payable' AND a.currency = %(currency)s
                GROUP BY a.contributor_id
            ), opening AS (
                SELECT DISTINCT ON (s.contributor_id) s.contributor_id, s.closing_micro
                FROM payouts_statement AS s JOIN payouts_period AS p ON p.id = s.period_id
                WHERE p.currency = %(currency)s AND p.month_on < %(month)s
                ORDER BY s.contributor_id, p.month_on DESC
            ), lines AS (
                SELECT contributor_id, coalesce(o.closing_micro, 0) AS opening, coalesce(m.earned, 0) AS earned,
                       coalesce(m.adjusted, 0) AS adjusted, coalesce(m.paid, 0) AS paid
                FROM moved AS m FULL JOIN opening AS o USING (contributor_id)
                WHERE m.contributor_id IS NOT NULL OR o.closing_micro <> 0
            )
            INSERT INTO payouts_statement (period_id, contributor_id, opening_micro, earned_micro, adjusted_micro,
                                           paid_micro, closing_micro, issued_at)
            SELECT %(period)s, contributor_id, opening, earned, adjusted, paid,
                   opening + earned + adjusted - paid, %(at)s
            FROM lines ORDER BY contributor_id
            """,
            {"period": period.pk, "currency": period.currency, "month": period.month_on, "at": at},
        )
        return int(cursor.rowcount)
