"""Near-duplicate groups as they were known at a time: who stands for a group, and which copies do not share."""

from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.db.models import Max, QuerySet
from numpy.typing import NDArray

from attribution.models import AttributionBatch, ContestDecision, NearDuplicate, Outcome

LOCK = 7_226_914_301  # of no other advisory lock: who dates links holds it alone, who reads them shares it

# A link counts from its detection until a contest of it is won; chains of links end at the original of their group.
MEMBERS = """
    WITH RECURSIVE link AS (
        SELECT l.asset_id, l.original_id FROM attribution_nearduplicate AS l
        WHERE l.detected_at <= %(at)s AND NOT EXISTS (
            SELECT FROM attribution_contest AS c JOIN attribution_contestdecision AS d ON d.contest_id = c.id
            WHERE c.near_duplicate_id = l.id AND d.outcome <> 'stands' AND d.decided_at <= %(at)s
        )
    ), chain AS (
        SELECT asset_id, original_id FROM link
        UNION SELECT chain.asset_id, link.original_id FROM chain JOIN link ON link.asset_id = chain.original_id
    ), ended AS (
        SELECT asset_id, original_id FROM chain WHERE original_id NOT IN (SELECT asset_id FROM link)
    ), member AS (
        SELECT asset_id, original_id FROM ended UNION SELECT original_id, original_id FROM ended
    )
"""
COPIES = f"""{MEMBERS}
    SELECT array_agg(asset_id ORDER BY asset_id) FROM (
        SELECT asset_id,
               row_number() OVER (PARTITION BY original_id ORDER BY asset_id <> original_id, asset_id) AS place
        FROM member JOIN marketplace_trainingsetmember AS m USING (asset_id) WHERE m.training_set_id = %(training_set)s
    ) AS placed WHERE place > 1
"""  # noqa: S608 -- of constants only
SIZES = f"""{MEMBERS}
    SELECT asset_id, count(*) OVER (PARTITION BY original_id) FROM member
    JOIN marketplace_trainingsetmember AS m USING (asset_id) WHERE m.training_set_id = %(training_set)s
"""  # noqa: S608 -- of constants only
ORIGINAL = f"{MEMBERS} SELECT original_id FROM member WHERE asset_id = %(asset)s"  # noqa: S608 -- of constants only


def copies_in(training_set_id: int, at: datetime) -> NDArray[np.int64]:
    """Ids of the members of a training set that do not share, in ascending order.

    The original of a near-duplicate group stands for all of it; where it is not in the set, the earliest member in it
    does.
    """
    with connection.cursor() as cursor:
        cursor.execute(COPIES, {"training_set": training_set_id, "at": at})
        (asset_ids,) = cursor.fetchone()
    return np.array(asset_ids or [], np.int64)


def group_sizes(training_set_id: int, at: datetime) -> dict[int, int]:
    """How many members of a training set are in the near-duplicate group of each that is in one, by asset id."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES, {"training_set": training_set_id, "at": at})
        return dict(cursor.fetchall())


def original_of(asset_id: int, at: datetime) -> int:
    """The id of the original of an asset's near-duplicate group at that time, its own where it is no copy."""
    with connection.cursor() as cursor:
        cursor.execute(ORIGINAL, {"asset": asset_id, "at": at})
        row = cursor.fetchone()
    return asset_id if row is None else int(row[0])


def links_now() -> QuerySet[NearDuplicate]:
    """The links that count: no contest of them is won."""
    return NearDuplicate.objects.exclude(contest__decision__outcome__in=[Outcome.INDEPENDENT, Outcome.FIRST])


def date_of_lists(at: datetime) -> datetime:
    """The time that lists computed now are dated with: `at`, but not before any link or decision that is known.

    Until the transaction ends nothing becomes known that is dated earlier, so that a list that is computed again sees
    the links that it was computed with.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    detected_at = NearDuplicate.objects.aggregate(newest=Max("detected_at"))["newest"]
    decided_at = ContestDecision.objects.aggregate(newest=Max("decided_at"))["newest"]
    return max(known_at for known_at in (at, detected_at, decided_at) if known_at is not None)


def date_of_links(at: datetime) -> datetime:
    """The time that links or decisions known from now on are dated with: `at`, but after every list computed so far.

    Holds other writers, and lists that are to be computed, off until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    newest = AttributionBatch.objects.aggregate(newest=Max("finished_at"))["newest"]
    return at if newest is None else max(at, newest + timedelta(microseconds=1))
