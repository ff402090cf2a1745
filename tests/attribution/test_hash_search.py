"""Earlier pictures with a near hash are found by indexes on its bands: exactly those that comparing all would find."""

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attribution.duplicates import BY_HASH, FLIPS, earlier_by_hash
from attribution.models import PerceptualHash
from attribution.same_picture import HASH_BITS, MOST_BY_HASH
from tests.builders import JOINED_AT
from tests.core.test_hamming import changed

HASHES = st.integers(-(2**63), 2**63 - 1)
NEAR = st.sets(st.integers(0, 63), max_size=HASH_BITS + 2)


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Hashes that are looked for, and stored ones, many of them just within or just beyond the bits that may differ."""
    ways = draw(st.lists(HASHES, min_size=1, max_size=8))
    stored = st.builds(changed, st.sampled_from(ways), NEAR) | HASHES
    return ways, draw(st.lists(stored, min_size=1, max_size=30))


def by_comparing_all(ways: list[int], stored: list[int], before: int) -> dict[int, int]:
    distances = {
        place: min(((known ^ way) % 2**64).bit_count() for way in ways)
        for place, known in enumerate(stored, start=1)
        if place < before
    }
    near = [(distance, place) for place, distance in distances.items() if distance <= HASH_BITS]
    return {place: distance for distance, place in sorted(near)[:MOST_BY_HASH]}


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(searches())
def test_a_search_by_bands_finds_exactly_what_comparing_all_finds(search: tuple[list[int], list[int]]) -> None:
    ways, stored = search
    before = len(stored)  # the last is not earlier
    with transaction.atomic():
        PerceptualHash.objects.bulk_create(  # of no assets: that is checked at the end, which is never reached
            PerceptualHash(asset_id=place, hash=known, hashed_at=JOINED_AT)
            for place, known in enumerate(stored, start=1)
        )
        found = earlier_by_hash(ways, before)
        transaction.set_rollback(True)
    assert list(found.items()) == list(by_comparing_all(ways, stored, before).items())


@pytest.mark.django_db
def test_a_search_can_do_with_the_indexes_of_the_bands_alone() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for reading_all in ("seqscan", "hashjoin", "mergejoin"):  # is quicker with so few
            cursor.execute(f"SET LOCAL enable_{reading_all} = off")
        cursor.execute(
            """
            INSERT INTO attribution_perceptualhash (asset_id, hash, hashed_at)
            SELECT n, hashint8extended(n, 1), '2026-09-01' FROM generate_series(1, 5000) AS n
            """
        )
        cursor.execute("ANALYZE attribution_perceptualhash")
        searched: dict[str, int | list[int]] = {
            "ways": [1] * 8,
            "before": 5_001,
            "bits": HASH_BITS,
            "most": 10,
            **FLIPS,
        }
        cursor.execute(f"EXPLAIN {BY_HASH}", searched)
        plan = "\n".join(line for (line,) in cursor.fetchall())
        transaction.set_rollback(True)
    assert "Seq Scan" not in plan
    assert all(f"perceptual_hash_band_{band} " in plan for band in range(4))
    assert plan.count("Index Cond") == 4
