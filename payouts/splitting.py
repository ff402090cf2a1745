"""Splitting a month's pool in the database, whatever its size: `core.pool` says the same in plain Python.

Everything is kept in temporary tables of the transaction, so that computing a split writes nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db import connection

from attribution.groups import COPIES
from payouts.models import Earning, Period
from payouts.selectors import ATTRIBUTED_WEIGHTS, UNATTRIBUTED_WEIGHTS, of_period

ROWS_AT_ONCE = 10_000


class NobodyToShare(ValueError):
    """Something is to be shared, and there is nobody to share it."""


@dataclass(frozen=True)
class Split:
    """Sums of a split in micro-units; its parts are in the table `split_part`, what sets keep back in `split_set`."""

    pool_micro: int
    deals_micro: int
    common_fund_micro: int
    netted_micro: int

    @property
    def total_micro(self) -> int:
        """The pools of downloads and of dataset deals together."""
        return self.pool_micro + self.deals_micro

    @property
    def earned_micro(self) -> int:
        """What contributors earn: all of it but what is kept back for what the common fund owes."""
        return self.total_micro - self.netted_micro


def apportioned(claims: str) -> str:
    """SQL that splits by largest remainder, as `marketplace.core.apportion` does.

    `claims` selects pot, total, key and weight; each pot's total goes to its keys. Leftovers go to the largest
    remainders, ties to the smaller key, and to none (NULL) last. Gives pot, key and part; nothing for weights of zero.
    """
    return f"""
    SELECT pot, key,
           quota + (row_number() OVER (PARTITION BY pot ORDER BY rest DESC, key)
                    <= total - sum(quota) OVER (PARTITION BY pot))::int AS part
    FROM (SELECT pot, total, key, div(total * weight, weights) AS quota, mod(total * weight, weights) AS rest
          FROM (SELECT pot, total, key, weight, sum(weight) OVER (PARTITION BY pot) AS weights
                FROM ({claims}) AS claim) AS weighed
          WHERE weights > 0) AS quotas
    """  # noqa: S608 -- of constants only


# Who has a claim on the pool: contributors, and the common fund (NULL).
CLAIM = """
SELECT contributor_id, weight FROM split_attributed
UNION ALL SELECT NULL, sum(weight) FROM split_unattributed HAVING sum(weight) > 0
"""
COPIES_OF_SET = f"""
INSERT INTO split_copy SELECT %(training_set)s, unnest(asset_ids) FROM ({COPIES}) AS copies(asset_ids)
"""  # noqa: S608 -- of constants only
MEMBERS = """
SELECT s.pk AS training_set_id, a.contributor_id, count(*) AS assets
FROM unnest(%(training_sets)s::bigint[]) AS s(pk)
JOIN marketplace_trainingsetmember AS m ON m.training_set_id = s.pk JOIN marketplace_asset AS a ON a.id = m.asset_id
WHERE (s.pk, a.id) NOT IN (SELECT training_set_id, asset_id FROM split_copy) GROUP BY 1, 2
"""
DEALS = """
SELECT * FROM unnest(%(training_sets)s::bigint[], %(amounts)s::bigint[]) AS deal(training_set_id, amount_micro)
"""
OF_POOL = apportioned("SELECT 0 AS pot, %(pool)s::numeric AS total, contributor_id AS key, weight FROM split_claim")
OF_FUND = apportioned(
    "SELECT 0 AS pot, (SELECT part FROM split_of_pool WHERE key IS NULL) AS total, training_set_id AS key, weight "
    "FROM split_unattributed"
)
OWED = """
SELECT training_set_id, -sum(amount_micro) AS owed_micro
FROM payouts_adjustment AS a JOIN payouts_entry AS e ON e.id = a.entry_id JOIN payouts_period AS p ON p.id = e.period_id
WHERE %(net_debts)s AND p.currency = %(currency)s AND a.training_set_id IS NOT NULL
GROUP BY 1 HAVING sum(amount_micro) < 0
"""
SET = f"""
SELECT key AS training_set_id, part AS part_micro, least(part, coalesce(owed_micro, 0)) AS netted_micro
FROM ({OF_FUND}) AS fund LEFT JOIN ({OWED}) AS debt ON debt.training_set_id = fund.key
"""  # noqa: S608 -- of constants only
OF_SETS = apportioned(
    "SELECT training_set_id AS pot, part_micro - netted_micro AS total, contributor_id AS key, assets AS weight "
    "FROM split_set JOIN split_member USING (training_set_id)"
)
OF_DEALS = apportioned(
    "SELECT training_set_id AS pot, amount_micro AS total, contributor_id AS key, assets AS weight "
    "FROM split_deal JOIN split_member USING (training_set_id)"
)
PART = f"""
SELECT key AS contributor_id, kind, sum(part)::bigint AS amount_micro FROM (
    SELECT key, '{Earning.ATTRIBUTION}' AS kind, part FROM split_of_pool WHERE key IS NOT NULL
    UNION ALL SELECT key, '{Earning.COMMON_FUND}', part FROM ({OF_SETS}) AS fund
    UNION ALL SELECT key, '{Earning.DATASET_DEAL}', part FROM ({OF_DEALS}) AS deal
) AS parts WHERE part > 0 GROUP BY 1, 2
"""  # noqa: S608 -- of constants only
SUMS = """
SELECT coalesce((SELECT sum(part) FROM split_of_pool), 0)::bigint,
       coalesce((SELECT sum(part) FROM split_of_pool WHERE key IS NULL), 0)::bigint,
       coalesce((SELECT sum(netted_micro) FROM split_set), 0)::bigint,
       coalesce((SELECT sum(amount_micro) FROM split_part), 0)::bigint
"""
LINES = """
SELECT line FROM (
    SELECT 1, contributor_id, NULL::bigint, 'attributed ' || contributor_id || ' ' || weight FROM split_attributed
    UNION ALL SELECT 2, training_set_id, NULL, 'unattributed ' || training_set_id || ' ' || weight
    FROM split_unattributed
    UNION ALL SELECT 3, training_set_id, NULL, 'deal ' || training_set_id || ' ' || amount_micro FROM split_deal
    UNION ALL SELECT 4, training_set_id, contributor_id,
                     'member ' || training_set_id || ' ' || contributor_id || ' ' || assets FROM split_member
) AS ordered(kind, first, second, line) ORDER BY kind, first, second
"""


def weigh(period: Period, deal_set_ids: Iterable[int], at: datetime) -> None:
    """Compute the weights of a period: of contributors, of the common funds, and of the members of the sets.

    `deal_set_ids` are the training sets that deals of the period are about. Members are those that are not known as
    copies at that time: otherwise whoever uploads a picture again and again would have a larger part.
    """
    compute("split_attributed", ATTRIBUTED_WEIGHTS, of_period(period))
    compute("split_unattributed", UNATTRIBUTED_WEIGHTS, of_period(period))
    compute("split_claim", CLAIM)
    with connection.cursor() as cursor:
        cursor.execute("SELECT training_set_id FROM split_unattributed")
        training_set_ids = sorted({pk for (pk,) in cursor.fetchall()} | set(deal_set_ids))
    compute("split_copy", "SELECT 0::bigint AS training_set_id, 0::bigint AS asset_id WHERE false")
    with connection.cursor() as cursor:
        for training_set_id in training_set_ids:
            cursor.execute(COPIES_OF_SET, {"training_set": training_set_id, "at": at})
    compute("split_member", MEMBERS, {"training_sets": training_set_ids})


def split(pool_micro: int, deals_micro: Mapping[int, int], currency: str, *, net_debts: bool) -> Split:
    """Split the pool of downloads and those of dataset deals, by training set, over the weights.

    `net_debts`: keep back what the common funds owe. Raises `NobodyToShare`.
    """
    compute("split_deal", DEALS, {"training_sets": list(deals_micro), "amounts": list(deals_micro.values())})
    compute("split_of_pool", OF_POOL, {"pool": pool_micro})
    compute("split_set", SET, {"net_debts": net_debts, "currency": currency})
    compute("split_part", PART)
    with connection.cursor() as cursor:
        cursor.execute(SUMS)
        shared_micro, common_fund_micro, netted_micro, earned_micro = cursor.fetchone()
    result = Split(pool_micro, sum(deals_micro.values()), common_fund_micro, netted_micro)
    if shared_micro != pool_micro:
        raise NobodyToShare(f"Cannot split {pool_micro} micro-units: nobody has a weight above zero.")
    if earned_micro != result.earned_micro:
        raise NobodyToShare("A training set has something to share but no members to share it.")
    return result


def compute(table: str, query: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Keep what a query gives in a temporary table of this transaction, in place of an earlier one of that name."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {query}", parameters)


def weights_sha256() -> str:
    """The sha256 of the weights as text, streamed: see `core.pool.weights_hash`."""
    digest = hashlib.sha256()
    with connection.chunked_cursor() as cursor:
        cursor.execute(LINES)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            digest.update("".join(f"{line}\n" for line in chain.from_iterable(rows)).encode("ascii"))
    return digest.hexdigest()
