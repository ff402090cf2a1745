"""Inspiration lists and their daily sums, written set-based."""

import struct
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from django.db import connection

from attribution.core.shares import Shares
from attribution.models import InspirationList
from marketplace.models import Asset, Download

INT4_OID, INT8_OID, FLOAT8_OID = 23, 20, 701
COLUMNS = {
    "download_id": "int8",
    "downloaded_at": "timestamptz",
    "batch_id": "int8",
    "asset_ids": "bytea",  # arrays are packed here, many times quicker than value by value
    "contributor_ids": "bytea",
    "similarities": "bytea",
    "shares_ppm": "bytea",
    "unattributed_ppm": "int4",
}
SUMMED = """
SELECT share.contributor_id, (l.downloaded_at AT TIME ZONE 'UTC')::date AS downloaded_on,
       count(DISTINCT l.download_id) AS download_count, sum(share.ppm) AS share_ppm
FROM attribution_inspirationlist AS l
CROSS JOIN LATERAL unnest(l.contributor_ids || NULL::bigint, l.shares_ppm || l.unattributed_ppm)
    AS share(contributor_id, ppm)
WHERE share.ppm > 0
"""


class Difference(NamedTuple):
    """A day on which the stored sum of a contributor, or of the unattributed, is not that of the lists."""

    contributor_id: int | None
    downloaded_on: date
    stored_ppm: int
    listed_ppm: int


def write_lists(batch_id: int, attributed: Sequence[tuple[Download, Shares]]) -> None:
    """COPY the lists of downloads into the table; its triggers check each of them."""
    asset_ids = {asset_id for _, shares in attributed for asset_id in shares.asset_ids}
    contributors = dict(Asset.objects.filter(pk__in=asset_ids).values_list("pk", "contributor_id"))
    statement = f"COPY {InspirationList._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(COLUMNS.values()))
        for download, shares in attributed:
            copy.write_row(
                (
                    download.pk,
                    download.downloaded_at,
                    batch_id,
                    binary_array(shares.asset_ids, ">i8", INT8_OID),
                    binary_array([contributors[asset_id] for asset_id in shares.asset_ids], ">i8", INT8_OID),
                    binary_array(shares.similarities, ">f8", FLOAT8_OID),
                    binary_array(shares.share_ppm, ">i4", INT4_OID),
                    shares.unattributed_ppm,
                )
            )


def binary_array(values: Sequence[float], dtype: str, oid: int) -> bytes:
    """A one-dimensional array as PostgreSQL sends it: dimensions, no nulls, type, length, first index; sized values."""
    if not values:
        return struct.pack(">iii", 0, 0, oid)
    items = np.empty(len(values), [("bytes", ">i4"), ("value", dtype)])
    items["bytes"], items["value"] = items["value"].itemsize, values
    return struct.pack(">iiiii", 1, 0, oid, len(values), 1) + items.tobytes()


def add_daily_shares(batch_ids: Sequence[int]) -> None:
    """Add the lists of new batches to the sums by contributor and day.

    To be called once, at the end of the transaction that writes the lists: another one that adds to the same sums
    waits until then, and all take them in the same order, so that no two wait for one another.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO attribution_dailyshare AS stored (contributor_id, downloaded_on, download_count, share_ppm)
            {SUMMED} AND l.batch_id = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2
            ON CONFLICT (contributor_id, downloaded_on) DO UPDATE
            SET download_count = stored.download_count + excluded.download_count,
                share_ppm = stored.share_ppm + excluded.share_ppm
            """,  # noqa: S608
            [list(batch_ids)],
        )


def daily_differences() -> list[Difference]:
    """Check the sums against all lists: every day and contributor for which they differ, which should be none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT coalesce(stored.contributor_id, listed.contributor_id),
                   coalesce(stored.downloaded_on, listed.downloaded_on),
                   coalesce(stored.share_ppm, 0), coalesce(listed.share_ppm, 0)::bigint
            FROM attribution_dailyshare AS stored FULL JOIN ({SUMMED} GROUP BY 1, 2) AS listed
            ON coalesce(stored.contributor_id, 0) = coalesce(listed.contributor_id, 0)
                AND stored.downloaded_on = listed.downloaded_on
            WHERE (stored.share_ppm, stored.download_count) IS DISTINCT FROM (listed.share_ppm, listed.download_count)
            ORDER BY 2, 1
            """  # noqa: S608
        )
        return [Difference(*row) for row in cursor.fetchall()]
