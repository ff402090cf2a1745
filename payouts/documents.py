"""A statement with all its lines as one document: what its contributor gets, and what the month's root commits to.

Documents of a whole month are read in one pass that needs the memory of one contributor's lines.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from marketplace.core.canonical import canonical
from marketplace.core.periods import Month
from payouts.core.ledger import AccountKind
from payouts.core.pool import break_down
from payouts.core.proofs import path_of
from payouts.models import Earning, Period, Statement
from payouts.selectors import LISTS_OF_PERIOD

EARNED = ["earnings"]
PAID = ["payout_reserved", "payout_released", "payout_reversed"]
"""The kinds of entries that a statement counts as earned and as paid; all others are adjustments."""

FORMAT = "tributary-statement-1"
ROWS_AT_ONCE = 2_000

Document = dict[str, Any]
Row = tuple[Any, ...]

EARNINGS = """
SELECT contributor_id, kind, amount_micro FROM payouts_earning
WHERE period_id = %(period)s AND (%(contributor)s::bigint IS NULL OR contributor_id = %(contributor)s)
ORDER BY contributor_id, kind
"""
LINES = f"""
SELECT share.contributor_id, r.download_id, share.asset_id, d.downloaded_at, r.gross_minor, share.ppm
FROM {LISTS_OF_PERIOD} CROSS JOIN LATERAL unnest(l.asset_ids, l.contributor_ids, l.shares_ppm)
    AS share(asset_id, contributor_id, ppm)
WHERE %(contributor)s::bigint IS NULL
    OR (share.contributor_id = %(contributor)s AND l.contributor_ids @> ARRAY[%(contributor)s]::bigint[])
ORDER BY share.contributor_id, d.downloaded_at, r.download_id, share.asset_id
"""  # noqa: S608
MOVEMENTS = """
SELECT a.contributor_id, e.kind, e.idempotency_key, e.posted_at, origin.month_on, p.amount_micro
FROM payouts_posting AS p
JOIN payouts_entry AS e ON e.id = p.entry_id
JOIN payouts_ledgeraccount AS a ON a.id = p.account_id
LEFT JOIN payouts_period AS origin ON origin.id = e.origin_period_id
WHERE e.period_id = %(period)s AND a.kind = %(payable)s AND a.currency = %(currency)s AND e.kind <> ALL(%(earned)s)
    AND (%(contributor)s::bigint IS NULL OR a.contributor_id = %(contributor)s)
ORDER BY a.contributor_id, e.posted_at, p.id
"""


def documents(
    period: Period, counted: Iterable[tuple[Statement, int]], contributor_id: int | None = None
) -> Iterator[tuple[Statement, Document]]:
    """Each statement, in ascending order of contributors, with its document; `counted` says how many the period has.

    All of the period's or, with `contributor_id`, that contributor's only.
    """
    known = {"period": period.pk, "currency": period.currency, "contributor": contributor_id}
    earnings = _ByContributor(_stream(EARNINGS, known))
    lines = _ByContributor(_stream(LINES, known | {"ends_at": Month.parse(f"{period.month_on:%Y-%m}").end_at}))
    movements = _ByContributor(_stream(MOVEMENTS, known | {"payable": AccountKind.PAYABLE, "earned": EARNED}))
    for statement, count in counted:
        pk = statement.contributor_id
        yield statement, _document(period, statement, count, earnings.of(pk), lines.of(pk), movements.of(pk))


def document_of(statement: Statement) -> Document:
    """The document of one issued statement."""
    period = statement.period
    count = period.statement_root.statement_count
    return next(document for _, document in documents(period, [(statement, count)], statement.contributor_id))


def proof_of(statement: Statement) -> list[bytes]:
    """The hashes that lead an issued statement to the root of its month."""
    leaves = Statement.objects.filter(period=statement.period).order_by("index").values_list("leaf_sha256", flat=True)
    return path_of([bytes.fromhex(leaf) for leaf in leaves], statement.index)


def statement_file(statement: Statement) -> bytes:
    """The statement with its proof, as `verify_statement.py` reads it."""
    proof = [node.hex() for node in proof_of(statement)]
    return canonical({"statement": document_of(statement), "proof": proof}) + b"\n"


class _ByContributor:
    """Rows that begin with a contributor's id, ascending, taken contributor by contributor."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._ahead = next(rows, None)

    def of(self, contributor_id: int) -> list[Row]:
        taken = []
        while self._ahead is not None and self._ahead[0] <= contributor_id:
            if self._ahead[0] == contributor_id:
                taken.append(self._ahead[1:])
            self._ahead = next(self._rows, None)
        return taken


def _stream(query: str, known: dict[str, Any]) -> Iterator[Row]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, known)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _document(
    period: Period, statement: Statement, count: int, earnings: list[Row], lines: list[Row], movements: list[Row]
) -> Document:
    known = {} if statement.owed_back_micro is None else {"owed_back_micro": statement.owed_back_micro}
    return known | {
        "format": FORMAT,
        "time_zone": "UTC",
        "month": f"{period.month_on:%Y-%m}",
        "currency": period.currency,
        "contributor": statement.contributor_id,
        "index": statement.index,
        "count": count,
        "salt": statement.salt,
        "issued_at": _instant(statement.issued_at),
        "opening_micro": statement.opening_micro,
        "earned_micro": statement.earned_micro,
        "adjusted_micro": statement.adjusted_micro,
        "paid_micro": statement.paid_micro,
        "closing_micro": statement.closing_micro,
        "earnings": [{"kind": kind, "amount_micro": amount_micro} for kind, amount_micro in earnings],
        "images": _images(sum(micro for kind, micro in earnings if kind == Earning.ATTRIBUTION), lines),
        "adjustments": [_movement(row, 1) for row in movements if row[0] not in PAID],
        "payouts": [_movement(row, -1) for row in movements if row[0] in PAID],
    }


def _images(earned_micro: int, lines: list[Row]) -> list[Document]:
    """What each image earned by each download, in the order of the downloads."""
    if not earned_micro:
        return []
    amounts_micro = break_down(earned_micro, {(line[0], line[1]): line[3] * line[4] for line in lines})
    return [
        {
            "download": download_id,
            "asset": asset_id,
            "downloaded_at": _instant(downloaded_at),
            "gross_minor": gross_minor,
            "share_ppm": share_ppm,
            "amount_micro": amounts_micro[download_id, asset_id],
        }
        for download_id, asset_id, downloaded_at, gross_minor, share_ppm in lines
    ]


def _movement(row: Row, sign: int) -> Document:
    kind, key, posted_at, origin_on, amount_micro = row
    return {
        "kind": kind,
        "entry": key,
        "posted_at": _instant(posted_at),
        "origin_month": f"{origin_on:%Y-%m}" if origin_on else None,
        "amount_micro": sign * amount_micro,
    }


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
