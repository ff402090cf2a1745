"""Set-based reads of the money, each one query whatever the size of the month."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import connection

from attribution.groups import copies_in
from marketplace.core.periods import Month
from payouts.models import Period

Weights = dict[int, int]

# Lists are partitioned by the time of the download, which may be long before the period that it is booked to, but never
# after: the bounds let PostgreSQL pass over all other partitions.
LISTS_OF_PERIOD = """
(payouts_revenueevent AS r JOIN marketplace_download AS d ON d.id = r.download_id AND r.period_id = %(period)s
 JOIN attribution_inspirationlist AS l ON l.download_id = d.id AND l.downloaded_at = d.downloaded_at
    AND l.downloaded_at < %(ends_at)s AND l.downloaded_at >= (
        SELECT min(first.downloaded_at) FROM payouts_revenueevent AS booked
        JOIN marketplace_download AS first ON first.id = booked.download_id WHERE booked.period_id = %(period)s))
"""


def attributed_weights(period: Period) -> Weights:
    """By contributor: the sum of gross_minor x share_ppm over the period's downloads."""
    return _weights(
        """
        SELECT share.contributor_id, sum(r.gross_minor::numeric * share.ppm)
        FROM {lists} CROSS JOIN LATERAL unnest(l.contributor_ids, l.shares_ppm) AS share(contributor_id, ppm)
        GROUP BY 1
        """,
        period,
    )


def unattributed_weights(period: Period) -> Weights:
    """By training set: the sum of gross_minor x unattributed_ppm over the period's downloads."""
    return _weights(
        """
        SELECT g.training_set_id, sum(r.gross_minor::numeric * l.unattributed_ppm)
        FROM {lists} JOIN marketplace_generation AS g ON g.id = d.generation_id GROUP BY 1
        """,
        period,
    )


def line_weights(period: Period, contributor_id: int) -> dict[tuple[int, int], int]:
    """By (download, asset) of one contributor: gross_minor x share_ppm, the weights behind their earning."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT r.download_id, share.asset_id, r.gross_minor::numeric * share.ppm
            FROM {LISTS_OF_PERIOD} CROSS JOIN LATERAL unnest(l.asset_ids, l.contributor_ids, l.shares_ppm)
                AS share(asset_id, contributor_id, ppm)
            WHERE share.contributor_id = %(contributor)s AND l.contributor_ids @> ARRAY[%(contributor)s]::bigint[]
            """,  # noqa: S608
            {"contributor": contributor_id, **_period(period)},
        )
        return {(download_id, asset_id): int(weight) for download_id, asset_id, weight in cursor.fetchall()}


def _weights(query: str, period: Period) -> Weights:
    with connection.cursor() as cursor:
        cursor.execute(query.format(lists=LISTS_OF_PERIOD), _period(period))
        rows: list[tuple[int, Decimal]] = cursor.fetchall()
    return {key: int(weight) for key, weight in rows if weight}


def _period(period: Period) -> dict[str, int | datetime]:
    month = Month(period.month_on.year, period.month_on.month)
    return {"period": period.pk, "ends_at": month.end_at}


def members_by_contributor(training_set_ids: Iterable[int], at: datetime) -> dict[int, Weights]:
    """By training set and contributor: how many assets they have in it, without copies known at that time.

    Otherwise whoever uploads a picture again and again would have a larger part of the common fund.
    """
    with connection.cursor() as cursor:
        members: dict[int, Weights] = {}
        for training_set_id in training_set_ids:
            cursor.execute(
                """
                SELECT a.contributor_id, count(*)
                FROM marketplace_trainingsetmember AS m JOIN marketplace_asset AS a ON a.id = m.asset_id
                WHERE m.training_set_id = %s AND a.id <> ALL (%s::bigint[]) GROUP BY 1
                """,
                [training_set_id, copies_in(training_set_id, at).tolist()],
            )
            members[training_set_id] = dict(cursor.fetchall())
    return members
