"""Statements: what each contributor is told of a period, and the root that commits to all of them."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection

from marketplace.core.canonical import canonical
from payouts.core.ledger import AccountKind
from payouts.core.proofs import leaf_hash, root_of
from payouts.documents import EARNED, PAID, ROWS_AT_ONCE, documents
from payouts.mail_events import statements_issued
from payouts.models import Period, Statement, StatementRoot

SALT_BYTES = 16
MOVED = """
SELECT a.contributor_id,
       sum(p.amount_micro) FILTER (WHERE e.kind = ANY(%(earned)s))::bigint AS earned,
       sum(p.amount_micro) FILTER (WHERE e.kind <> ALL(%(earned)s::text[] || %(paid)s::text[]))::bigint AS adjusted,
       -sum(p.amount_micro) FILTER (WHERE e.kind = ANY(%(paid)s))::bigint AS paid
FROM payouts_posting AS p
JOIN payouts_entry AS e ON e.id = p.entry_id
JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
WHERE e.period_id = %(period)s AND a.kind = %(payable)s AND a.currency = %(currency)s
GROUP BY a.contributor_id
"""
OWED_BACK = """
SELECT a.contributor_id, -sum(p.amount_micro)::bigint AS owed_back
FROM payouts_posting AS p
JOIN payouts_entry AS e ON e.id = p.entry_id
JOIN payouts_period AS period ON period.id = e.period_id
JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
WHERE a.kind = %(receivable)s AND a.currency = %(currency)s AND period.month_on <= %(month)s
GROUP BY a.contributor_id HAVING sum(p.amount_micro) <> 0
"""
TOTALS = f"""
WITH moved AS ({MOVED}), owing AS ({OWED_BACK}), opening AS (
    SELECT DISTINCT ON (s.contributor_id) s.contributor_id, s.closing_micro
    FROM payouts_statement AS s JOIN payouts_period AS p ON p.id = s.period_id
    WHERE p.currency = %(currency)s AND p.month_on < %(month)s
    ORDER BY s.contributor_id, p.month_on DESC
)
SELECT contributor_id, coalesce(o.closing_micro, 0), coalesce(m.earned, 0), coalesce(m.adjusted, 0),
       coalesce(m.paid, 0), coalesce(owing.owed_back, 0), count(*) OVER ()
FROM moved AS m FULL JOIN opening AS o USING (contributor_id) FULL JOIN owing USING (contributor_id)
WHERE m.contributor_id IS NOT NULL OR o.closing_micro <> 0 OR owing.contributor_id IS NOT NULL
ORDER BY contributor_id
"""  # noqa: S608


def totals_of(period: Period) -> dict[str, Any]:
    """The parameters of `TOTALS`, which selects what each contributor is told of a period."""
    return {
        "period": period.pk,
        "currency": period.currency,
        "month": period.month_on,
        "payable": AccountKind.PAYABLE,
        "receivable": AccountKind.RECEIVABLE,
        "earned": EARNED,
        "paid": PAID,
    }


def issue_statements(period: Period, at: datetime) -> int:
    """Issue the statement of all who had a balance, a movement or a debt in the period, and publish their root.

    Opening is the closing of the last statement; paid counts what payouts of the period took from the payable balance,
    less what came back; the rest of the period's postings to it that are no earnings are adjustments. Returns how many
    were issued. To be called in the transaction that closes the period.
    """
    issued = _issued(period, at)
    leaves: list[bytes] = []
    while batch := list(islice(issued, ROWS_AT_ONCE)):
        Statement.objects.bulk_create(batch)
        leaves += [bytes.fromhex(statement.leaf_sha256) for statement in batch]
    StatementRoot.objects.create(
        period=period, statement_count=len(leaves), root_sha256=root_of(leaves).hex(), published_at=at
    )
    statements_issued(period, at)
    return len(leaves)


def _issued(period: Period, at: datetime) -> Iterator[Statement]:
    """Each statement with its leaf; its document, which may be long, is forgotten at once."""
    for statement, document in documents(period, _drafts(period, at)):
        statement.leaf_sha256 = leaf_hash(canonical(document)).hex()
        yield statement


def _drafts(period: Period, at: datetime) -> Iterator[tuple[Statement, int]]:
    """Each statement without its leaf, in ascending order of contributors, and how many there are."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(TOTALS, totals_of(period))
        for index, (contributor_id, opening, earned, adjusted, paid, owed_back, count) in enumerate(cursor):
            statement = Statement(
                period=period,
                contributor_id=contributor_id,
                opening_micro=opening,
                earned_micro=earned,
                adjusted_micro=adjusted,
                paid_micro=paid,
                closing_micro=opening + earned + adjusted - paid,
                owed_back_micro=owed_back,
                issued_at=at,
                index=index,
                salt=secrets.token_hex(SALT_BYTES),
            )
            yield statement, count
