"""Lists that were written before they were kept by month are there afterwards, unchanged."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.rows import dict_row

REPOSITORY = Path(__file__).resolve().parents[2]
BEFORE = "0005_near_duplicates"

OLD_ROWS = """
SET session_replication_role = replica;
INSERT INTO marketplace_contributor (id, name, country, joined_at) VALUES (1, 'Ana', 'DE', '2026-09-01');
INSERT INTO marketplace_download
    (id, customer_id, generation_id, gross_minor, currency, downloaded_at, idempotency_key)
    SELECT n, 1, 1, 1000, 'USD', '2026-08-31 22:00+00'::timestamptz + n * interval '1 hour', n::text
    FROM generate_series(1, 3) AS n;
INSERT INTO attribution_attributionbatch (id, encoder_id, method_id, training_set_id, download_count, finished_at)
    VALUES (7, 1, 1, 1, 3, '2026-09-02');
INSERT INTO attribution_inspirationlist
    (download_id, batch_id, asset_ids, contributor_ids, similarities, shares_ppm, unattributed_ppm)
    SELECT n, 7, '{5,6}', '{1,1}', '{0.9,0.3}', ARRAY[500000 + n, 100000], 400000 - n FROM generate_series(1, 3) AS n;
SET session_replication_role = DEFAULT;
"""


NAME = "moving_lists"


def connect(name: str) -> psycopg.Connection[dict[str, Any]]:
    parts = connection.settings_dict
    return psycopg.connect(
        host=parts["HOST"],
        port=parts["PORT"] or None,
        user=parts["USER"],
        password=parts["PASSWORD"],
        dbname=name,
        autocommit=True,
        row_factory=dict_row,
    )


def migrate(*target: str) -> None:
    address, _, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{address.rpartition('/')[0]}/{NAME}?{options}"
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks", *target]
    subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"DATABASE_URL": url}, check=True)


@pytest.fixture
def database(db: None) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A database of its own, as the release before left it."""
    with connect(connection.settings_dict["NAME"]) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME}")
        server.execute(f"CREATE DATABASE {NAME}")
        try:
            migrate("attribution", BEFORE)
            with connect(NAME) as database:
                database.execute(OLD_ROWS)
                yield database
        finally:
            server.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def test_lists_move_into_their_months_as_they_are_and_are_summed(
    database: psycopg.Connection[dict[str, Any]],
) -> None:
    everything = "SELECT *, tableoid::regclass::text AS month FROM attribution_inspirationlist ORDER BY download_id"
    before = database.execute(everything).fetchall()
    migrate("attribution")
    after = database.execute(everything).fetchall()
    assert [row.pop("month")[-7:] for row in after] == ["2026_08", "2026_09", "2026_09"]
    for old, new in zip(before, after, strict=True):
        assert new == {key: old[key] for key in new if key != "downloaded_at"} | {"downloaded_at": new["downloaded_at"]}
    sums = database.execute(
        "SELECT contributor_id, downloaded_on::text AS day, download_count, share_ppm FROM attribution_dailyshare"
    )
    assert {tuple(row.values()) for row in sums} == {
        (1, "2026-08-31", 1, 600_001),
        (None, "2026-08-31", 1, 399_999),
        (1, "2026-09-01", 2, 1_200_005),
        (None, "2026-09-01", 2, 799_995),
    }
    with pytest.raises(psycopg.errors.RaiseException, match="Cannot update or delete rows"):
        database.execute("DELETE FROM attribution_inspirationlist")
