"""Whether the books are right, checked anew from the rows themselves."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection

from attribution.lists import daily_differences
from marketplace.core.canonical import canonical
from payouts.core.proofs import leaf_hash, root_of
from payouts.documents import documents
from payouts.integrity_corrections import CORRECTIONS
from payouts.integrity_orders import ORDERS
from payouts.integrity_queries import KNOWN, QUERIES, Query
from payouts.models import Period, StatementRoot
from payouts.statements import MOVED, OWED_BACK

STATEMENTS_ARE_POSTED = Query(
    "statements are posted",
    "Contributor {} was told of {:%Y-%m}: earned {}, adjusted {}, paid {} micro; posted are {}, {} and {}.",
    f"""
    SELECT contributor_id, %(month)s, s.earned_micro, s.adjusted_micro, s.paid_micro, coalesce(m.earned, 0),
           coalesce(m.adjusted, 0), coalesce(m.paid, 0)
    FROM (SELECT * FROM payouts_statement WHERE period_id = %(period)s) AS s
    FULL JOIN ({MOVED}) AS m USING (contributor_id)
    WHERE (s.earned_micro, s.adjusted_micro, s.paid_micro)
        IS DISTINCT FROM (coalesce(m.earned, 0), coalesce(m.adjusted, 0), coalesce(m.paid, 0))
    ORDER BY contributor_id
    """,  # noqa: S608
)


STATEMENTS_TELL_DEBTS = Query(
    "statements are posted",
    "Contributor {} was told of {:%Y-%m}: {} micro are owed back; posted are {}.",
    f"""
    SELECT contributor_id, %(month)s, coalesce(s.owed_back_micro, 0), coalesce(owing.owed_back, 0)
    FROM (SELECT * FROM payouts_statement WHERE period_id = %(period)s) AS s
    FULL JOIN ({OWED_BACK}) AS owing USING (contributor_id)
    WHERE coalesce(s.owed_back_micro, 0) <> coalesce(owing.owed_back, 0)
        AND EXISTS (SELECT FROM payouts_statement WHERE period_id = %(period)s AND owed_back_micro IS NOT NULL)
    ORDER BY contributor_id
    """,  # noqa: S608
)
"""Of months that were closed by a version that tells them."""


class Finding(NamedTuple):
    """What is off: the check that found it, and a sentence that names the rows."""

    check: str
    sentence: str


def findings() -> Iterator[Finding]:
    """Everything that is off in the books, check by check; nothing is changed."""
    for query in QUERIES + CORRECTIONS + ORDERS:
        yield from _found(query, KNOWN)
    for period in Period.objects.filter(state=Period.CLOSED).order_by("month_on", "currency"):
        known = KNOWN | {"period": period.pk, "currency": period.currency, "month": period.month_on}
        yield from _found(STATEMENTS_ARE_POSTED, known)
        yield from _found(STATEMENTS_TELL_DEBTS, known)
        yield from (Finding("statement roots", sentence) for sentence in _differences_from_root(period))
    for day in daily_differences():
        whose = "the unattributed part" if day.contributor_id is None else f"contributor {day.contributor_id}"
        stored = f"{day.stored_ppm} ppm are stored for {whose} on {day.downloaded_on}"
        yield Finding("daily shares", f"{stored}, and the lists have {day.listed_ppm}, or another number of downloads.")


def _found(query: Query, known: dict[str, Any]) -> list[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(query.sql, known)
        return [Finding(query.check, query.sentence.format(*row)) for row in cursor.fetchall()]


def _differences_from_root(period: Period) -> Iterator[str]:
    """Whether the statements, computed anew with all their lines, are those that the published root was made of."""
    root = StatementRoot.objects.filter(period=period).first()
    if root is None:
        yield f"{period} is closed, and no root of its statements was published."
        return
    statements = period.statements.order_by("contributor_id").iterator()
    leaves = []
    try:
        for statement, document in documents(period, ((one, root.statement_count) for one in statements)):
            leaves.append(bytes.fromhex(statement.leaf_sha256))
            if leaf_hash(canonical(document)) != leaves[-1]:
                yield f"What contributor {statement.contributor_id} was told of {period} is not what was issued."
    except ValueError as error:
        yield f"The statements of {period} cannot be computed again: {error}"
        return
    if root_of(leaves).hex() != root.root_sha256:
        yield f"The published root of {period} is not that of its {len(leaves)} statements."
