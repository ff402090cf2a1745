"""Set-based reads of a month's inspiration lists with the money that each download brought in."""

from datetime import date, datetime

from django.db import connection

from payouts.models import Period

# What a download brought to the period: its sale less what went back of it while the period was open.
# Lists are partitioned by the time of the download, which may be long before the period that it is booked to, but never
# after: the bounds let PostgreSQL pass over all other partitions.
LISTS_OF_PERIOD = """
((SELECT download_id, sum(gross_minor)::bigint AS gross_minor FROM payouts_revenueevent
  WHERE period_id = %(period)s AND origin_period_id IS NULL AND download_id IS NOT NULL
  GROUP BY download_id HAVING sum(gross_minor) > 0) AS r
 JOIN marketplace_download AS d ON d.id = r.download_id
 JOIN attribution_inspirationlist AS l ON l.download_id = d.id AND l.downloaded_at = d.downloaded_at
    AND l.downloaded_at < %(ends_at)s AND l.downloaded_at >= (
        SELECT min(first.downloaded_at) FROM payouts_revenueevent AS booked
        JOIN marketplace_download AS first ON first.id = booked.download_id WHERE booked.period_id = %(period)s))
"""
ATTRIBUTED_WEIGHTS = f"""
SELECT share.contributor_id, sum(r.gross_minor * share.ppm) AS weight
FROM {LISTS_OF_PERIOD} CROSS JOIN LATERAL unnest(l.contributor_ids, l.shares_ppm) AS share(contributor_id, ppm)
WHERE share.ppm > 0 GROUP BY 1
"""  # noqa: S608 -- of constants only
UNATTRIBUTED_WEIGHTS = f"""
SELECT g.training_set_id, sum(r.gross_minor * l.unattributed_ppm) AS weight
FROM {LISTS_OF_PERIOD} JOIN marketplace_generation AS g ON g.id = d.generation_id
WHERE l.unattributed_ppm > 0 GROUP BY 1
"""  # noqa: S608 -- of constants only


def of_period(period: Period) -> dict[str, int | datetime]:
    """The parameters of the queries above."""
    return {"period": period.pk, "ends_at": period.month.end_at}


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
            {"contributor": contributor_id, **of_period(period)},
        )
        return {(download_id, asset_id): int(weight) for download_id, asset_id, weight in cursor.fetchall()}


def daily_weights(period: Period, contributor_id: int) -> dict[date, int]:
    """By UTC day of the download: gross_minor x share_ppm of one contributor."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT (d.downloaded_at AT TIME ZONE 'UTC')::date, sum(r.gross_minor::numeric * share.ppm)
            FROM {LISTS_OF_PERIOD} CROSS JOIN LATERAL unnest(l.contributor_ids, l.shares_ppm)
                AS share(contributor_id, ppm)
            WHERE share.contributor_id = %(contributor)s AND l.contributor_ids @> ARRAY[%(contributor)s]::bigint[]
            GROUP BY 1
            """,  # noqa: S608
            {"contributor": contributor_id, **of_period(period)},
        )
        return {downloaded_on: int(weight) for downloaded_on, weight in cursor.fetchall()}
