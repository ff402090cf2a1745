"""A period is read from the lists of its own downloads, without going through those of all other months."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, Download, User
from payouts.booking import book_downloads
from payouts.models import Period
from payouts.selectors import ATTRIBUTED_WEIGHTS, UNATTRIBUTED_WEIGHTS, line_weights, of_period
from tests.builders import CLOSED_AT, make_attributed_downloads, make_closed_month, make_download, make_inspiration_list
from tests.payouts.oracle import attributed_weights, unattributed_weights

LISTS = "attribution_inspirationlist_"


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    return make_attributed_downloads([ana, ben], carla)


def weights(query: str, period: Period) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(query, of_period(period))
        return {key: int(weight) for key, weight in cursor.fetchall()}


def months_read(query: str) -> set[str]:
    """The partitions of lists from which PostgreSQL reads at all when it runs the query."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}")
        (plan,) = cursor.fetchone()
    nodes = _nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    tables = {node["Relation Name"] for node in nodes if "Relation Name" in node and node["Actual Loops"]}
    return {table.removeprefix(LISTS) for table in tables if table.startswith(LISTS)}


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def test_a_period_is_read_from_its_own_months_alone(
    downloads: list[Download], carla: Customer, ana: Contributor
) -> None:
    later = make_download(carla, downloads[0].generation, at=datetime(2026, 11, 1, 9, tzinfo=UTC))
    make_inspiration_list(later, {ana.assets.get(): 500_000}, downloads[0].inspiration_list.batch.encoder)
    book_downloads(CLOSED_AT)
    for month, expected in ((Month(2026, 10), "2026_10"), (Month(2026, 11), "2026_11")):
        period = Period.objects.get(month_on=month.start_at.date())
        with CaptureQueriesContext(connection) as queries:
            found = weights(ATTRIBUTED_WEIGHTS, period), weights(UNATTRIBUTED_WEIGHTS, period)
            assert line_weights(period, ana.pk)
        assert found == (attributed_weights(period), unattributed_weights(period))
        assert len(queries) == 3
        for query in queries:
            assert months_read(query["sql"]) == {expected}


def test_a_late_download_is_read_in_the_period_that_it_was_booked_to(
    downloads: list[Download], carla: Customer, ana: Contributor, fay: User, finn: User
) -> None:
    october = make_closed_month(fay, finn)
    before = weights(ATTRIBUTED_WEIGHTS, october)
    late = make_download(carla, downloads[0].generation, gross_minor=100)
    make_inspiration_list(late, {ana.assets.get(): 500_000}, downloads[0].inspiration_list.batch.encoder)
    book_downloads(CLOSED_AT)
    november = Period.objects.get(month_on="2026-11-01")
    assert weights(ATTRIBUTED_WEIGHTS, november) == {ana.pk: 50_000_000}
    assert line_weights(november, ana.pk) == {(late.pk, ana.assets.get().pk): 50_000_000}
    assert sum(weights(UNATTRIBUTED_WEIGHTS, november).values()) == 50_000_000
    assert weights(ATTRIBUTED_WEIGHTS, october) == before
