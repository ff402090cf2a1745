"""How quick looking for a near hash by its bands is beside comparing all hashes, which gives the same.

python -m tests.bench.bench_duplicates [HASHES …]
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from tests.bench.catalogue import database

HASHES = (200_000, 1_000_000)
SEARCHES = 40
WAYS = 8  # a picture as it is, turned and mirrored
ALL = """
    SELECT known.asset_id, min(bit_count((known.hash # way)::bit(64))) AS distance
    FROM attribution_perceptualhash AS known CROSS JOIN unnest(%s::bigint[]) AS way
    WHERE known.asset_id < %s AND bit_count((known.hash # way)::bit(64)) <= %s
    GROUP BY known.asset_id ORDER BY distance, known.asset_id LIMIT %s
"""
FILL = """
    INSERT INTO attribution_perceptualhash (asset_id, hash, hashed_at)
    SELECT n, hashint8extended(n, 1), '2026-09-01' FROM generate_series(%s::int + 1, %s) AS n
"""

Result = TypeVar("Result")


def main() -> None:
    """Fill a database with random hashes, more each time, and print a row for each size."""
    sizes = [int(size) for size in sys.argv[1:]] or HASHES
    print("| hashes | by bands p50 / p95, ms | all compared p50 / p95, ms | ratio of p50 | same found |")
    print("|---|---|---|---|---|")
    with database():
        from django.db import connection

        filled = 0
        for size in sizes:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")  # hashes of no assets
                cursor.execute(FILL, [filled, size])
                cursor.execute("SET session_replication_role = DEFAULT")
                cursor.execute("VACUUM ANALYZE attribution_perceptualhash")
            print(_row(size))
            filled = size


def _row(size: int) -> str:
    """Both ways are taken in turn for each search, half of which are for a hash that is near a stored one."""
    from attribution.duplicates import earlier_by_hash
    from attribution.models import PerceptualHash

    random = np.random.default_rng(1)
    by_bands, by_comparing, same = [], [], 0
    for number in range(SEARCHES):
        ways = random.integers(-(2**63), 2**63 - 1, WAYS).tolist()
        if number % 2:
            stored = PerceptualHash.objects.get(asset_id=int(random.integers(size)) + 1).hash
            ways[0] = stored ^ sum(1 << bit for bit in random.choice(63, number % 10, replace=False).tolist())
        seconds, found = _timed(partial(earlier_by_hash, ways, size + 1))
        by_bands.append(seconds)
        seconds, compared = _timed(partial(_by_comparing_all, ways, size + 1))
        by_comparing.append(seconds)
        same += found == compared
    ratio = np.median(by_comparing) / np.median(by_bands)
    return (
        f"| {size:,} | {_percentiles(by_bands)} | {_percentiles(by_comparing)} | {ratio:.1f} | {same} of {SEARCHES} |"
    )


def _by_comparing_all(ways: list[int], before: int) -> dict[int, int]:
    """Every hash with every way: what the bands spare."""
    from django.db import connection

    from attribution.same_picture import HASH_BITS, MOST_BY_HASH

    with connection.cursor() as cursor:
        cursor.execute(ALL, [ways, before, HASH_BITS, MOST_BY_HASH])
        return dict(cursor.fetchall())


def _percentiles(seconds: list[float]) -> str:
    return " / ".join(f"{1000 * np.percentile(seconds, part):.1f}" for part in (50, 95))


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
