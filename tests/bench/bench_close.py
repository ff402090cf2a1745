"""How fast a month of shares is totalled beside DuckDB, and what closing a whole month takes, at two sizes.

python -m tests.bench.bench_close [--contributors 100000] [--month-downloads 1000000]
"""

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from tests.bench.catalogue import database
from tests.bench.memory import manage

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRIBUTORS, DOWNLOADS = 100_000, 1_000_000
SMALLER = 10  # how many times smaller the first of the two months is
TURNS = 3

PEOPLE = """
INSERT INTO marketplace_contributor (id, name, country, joined_at)
    SELECT n, 'Contributor ' || n, 'DE', '2026-07-01' FROM generate_series(1, %(contributors)s) AS n;
INSERT INTO marketplace_customer (id, name, joined_at) VALUES (1, 'Customer', '2026-07-01');
INSERT INTO marketplace_asset
        (id, submission_id, contributor_id, sha256, preview, thumbnail, width, height, ingested_at)
    SELECT n, n, n, lpad(n::text, 64, '0'), '', '', 96, 64, '2026-07-01'
    FROM generate_series(1, %(contributors)s) AS n
"""
MONTH = """
INSERT INTO marketplace_trainingset (id, name, version, created_at, frozen_at, weights_ppm)
    VALUES (%(month)s, 'Catalogue', %(month)s, '2026-07-02', '2026-07-02', '{}');
INSERT INTO marketplace_trainingsetmember (training_set_id, asset_id)
    SELECT %(month)s, n FROM generate_series(1, %(contributors)s) AS n;
INSERT INTO marketplace_generation (id, generator_model_id, training_set_id, prompt, seed, parameters, file, preview,
        sha256, width, height, generated_at)
    VALUES (%(month)s, 1, %(month)s, '', 1, '{}', '', '', lpad(%(month)s::text, 64, '0'), 96, 64, '2026-07-03');
INSERT INTO marketplace_download
        (id, customer_id, generation_id, gross_minor, currency, downloaded_at, idempotency_key)
    SELECT %(before)s + n, 1, %(month)s, 500 + n %% 7 * 100, 'USD',
           make_timestamptz(2026, %(month)s, 1, 0, 0, 0, 'UTC') + n * interval '30 days' / (%(downloads)s + 1),
           'bench:' || %(before)s + n FROM generate_series(1, %(downloads)s) AS n;
SELECT attribution_add_month(make_date(2026, %(month)s, 1));
INSERT INTO attribution_inspirationlist (download_id, downloaded_at, batch_id, asset_ids, contributor_ids, similarities,
        shares_ppm, unattributed_ppm)
    SELECT d.id, d.downloaded_at, 1, list.ids, list.ids, array_fill(0.5::float8, ARRAY[10]), list.shares,
           1000000 - list.total
    FROM marketplace_download AS d CROSS JOIN LATERAL (
        SELECT array_agg(1 + (d.id * 7919 + k * 104729) %% %(contributors)s) AS ids,
               array_agg((50000 + (d.id + k) %% 10 * 1000)::int) AS shares,
               sum(50000 + (d.id + k) %% 10 * 1000) AS total
        FROM generate_series(0, 9) AS k) AS list
    WHERE d.id > %(before)s;
INSERT INTO attribution_dailyshare (contributor_id, downloaded_on, download_count, share_ppm)
    SELECT share.contributor_id, (l.downloaded_at AT TIME ZONE 'UTC')::date, count(*), sum(share.ppm)
    FROM attribution_inspirationlist AS l, unnest(l.contributor_ids, l.shares_ppm) AS share(contributor_id, ppm)
    WHERE l.download_id > %(before)s GROUP BY 1, 2;
INSERT INTO payouts_revenueevent
        (kind, download_id, period_id, entry_id, gross_minor, fee_minor, net_minor, currency, occurred_at)
    SELECT 'download_sale', id, %(period)s, %(entry)s, gross_minor, 0, gross_minor, currency, downloaded_at
    FROM marketplace_download WHERE id > %(before)s
"""
EXPORTED = """
COPY (SELECT share.contributor_id, d.gross_minor, share.ppm
      FROM attribution_inspirationlist AS l JOIN marketplace_download AS d ON d.id = l.download_id,
           unnest(l.contributor_ids, l.shares_ppm) AS share(contributor_id, ppm)
      WHERE l.downloaded_at >= '2026-10-01' AND l.downloaded_at < '2026-11-01') TO STDOUT (FORMAT CSV)
"""
FROM_DAILY_SUMS = """
SELECT contributor_id, sum(share_ppm) AS total FROM attribution_dailyshare
WHERE downloaded_on >= '2026-10-01' AND downloaded_on < '2026-11-01' GROUP BY 1
"""
SUMMED = "SELECT count(*), sum(total)::text FROM ({query}) AS totals"


class Closed(NamedTuple):
    """One month that was closed by programs of their own."""

    contributors: int
    downloads: int
    seconds: float
    peak_mib: float


def fill_month(month: int, contributors: int, downloads: int, before: int) -> None:
    """Downloads of one month with lists of ten shares, their daily sums, and their sales booked by one entry."""
    from django.db import connection, transaction
    from django.db.models import Sum

    from marketplace.core.periods import Month
    from marketplace.models import Download
    from payouts.core.ledger import sale
    from payouts.posting import period_of, post

    period = period_of(Month(2026, month))
    known = {"month": month, "contributors": contributors, "downloads": downloads, "before": before}
    statements = MONTH.split(";\n")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # what only has to be there needs no checks
        for statement in statements[:-1]:
            cursor.execute(statement, known)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        gross_minor = Download.objects.filter(pk__gt=before).aggregate(total=Sum("gross_minor"))["total"]
        entry = post(
            "sale", period, f"sale:{month}", sale(gross_minor, 0, "USD"), datetime(2026, month, 28, tzinfo=UTC)
        )
        cursor.execute(statements[-1], known | {"period": period.pk, "entry": entry.pk})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def fill(contributors: int, downloads: int) -> None:
    """A smaller month and a whole one, a policy, and two people in finance."""
    from django.db import connection, transaction

    from payouts.models import Policy
    from tests.builders import make_finance

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in PEOPLE.split(";\n"):
            cursor.execute(statement, {"contributors": contributors})
    Policy.objects.create(
        effective_at=datetime(2026, 7, 1, tzinfo=UTC), contributor_rate_ppm=400_000, fee_ppm=0, threshold_minor=1_000
    )
    for name in ("fay", "finn"):
        make_finance(name)
    fill_month(9, contributors // SMALLER, downloads // SMALLER, before=0)
    fill_month(10, contributors, downloads, before=downloads // SMALLER)


def close(month: str, contributors: int, downloads: int) -> Closed:
    """Close and approve a month by the commands; the most memory that either held."""
    started = time.perf_counter()
    peak_mib = max(manage("close_period", month, "--by=fay"), manage("approve_close", month, "--by=finn"))
    return Closed(contributors, downloads, time.perf_counter() - started, peak_mib)


def totals() -> list[tuple[str, float, float]]:
    """By what is totalled: the seconds of PostgreSQL and of DuckDB over Parquet, best of turns taken alternately."""
    from django.db import connection

    from marketplace.core.periods import Month
    from payouts.posting import period_of
    from payouts.selectors import ATTRIBUTED_WEIGHTS, of_period

    of_october = of_period(period_of(Month(2026, 10)))
    with_money = f"SELECT contributor_id, weight AS total FROM ({ATTRIBUTED_WEIGHTS}) AS weights"
    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor, duckdb.connect() as duck:
        parquet = _parquet(Path(folder), cursor, duck)
        rows = []
        for name, query, parameters, summed in (
            ("shares, from the daily sums", FROM_DAILY_SUMS, {}, "ppm"),
            ("shares with their money, from the lists, as a closing does", with_money, of_october, "gross_minor * ppm"),
        ):
            in_duck = f"SELECT contributor_id, sum({summed}) AS total FROM '{parquet}' GROUP BY 1"
            rows.append((name, *_both(cursor, query, parameters, duck, in_duck)))
    return rows


def _parquet(folder: Path, cursor: Any, duck: duckdb.DuckDBPyConnection) -> Path:
    """The shares of October, one row each, as DuckDB writes them."""
    exported, parquet = folder / "shares.csv", folder / "shares.parquet"
    with exported.open("wb") as file, cursor.copy(EXPORTED) as copy:
        for block in copy:
            file.write(block)
    columns = "{'contributor_id': 'BIGINT', 'gross_minor': 'BIGINT', 'ppm': 'BIGINT'}"
    duck.execute(f"COPY (SELECT * FROM read_csv('{exported}', columns={columns})) TO '{parquet}' (FORMAT PARQUET)")
    return parquet


def _both(
    cursor: Any, query: str, parameters: dict[str, Any], duck: duckdb.DuckDBPyConnection, in_duck: str
) -> tuple[float, float]:
    def by_postgresql() -> object:
        cursor.execute(SUMMED.format(query=query), parameters)
        return cursor.fetchone()

    def by_duckdb() -> object:
        return duck.execute(SUMMED.format(query=in_duck)).fetchone()

    if by_postgresql() != by_duckdb():
        raise RuntimeError(f"PostgreSQL and DuckDB differ: {by_postgresql()} and {by_duckdb()}")
    turns = [(_seconds(by_postgresql), _seconds(by_duckdb)) for _ in range(TURNS)]
    postgresql, in_parquet = (min(seconds) for seconds in zip(*turns, strict=True))
    return postgresql, in_parquet


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def add_sizes(parser: ArgumentParser) -> None:
    """The full size takes long: it has ten million shares."""
    parser.add_argument("--contributors", type=int, default=CONTRIBUTORS)
    parser.add_argument("--month-downloads", type=int, default=DOWNLOADS)


def main(contributors: int, month_downloads: int) -> None:
    """Print month totals beside DuckDB, then the closing of both months, the smaller first."""
    with database():
        fill(contributors, month_downloads)
        compared = totals()
        closed = [
            close("2026-09", contributors // SMALLER, month_downloads // SMALLER),
            close("2026-10", contributors, month_downloads),
        ]
    print(f"| month totals of {10 * month_downloads:,} | PostgreSQL, s | DuckDB over Parquet, s | ratio |")
    print("|---|---|---|---|")
    for name, postgresql, in_parquet in compared:
        print(f"| {name} | {postgresql:.2f} | {in_parquet:.2f} | {postgresql / in_parquet:.1f} |")
    print("\n| closing a month | seconds | downloads/s | most memory of the program, MiB |\n|---|---|---|---|")
    for one in closed:
        name = f"{one.contributors:,} contributors, {one.downloads:,} downloads"
        print(f"| {name} | {one.seconds:.1f} | {one.downloads / one.seconds:.0f} | {one.peak_mib:.0f} |")


if __name__ == "__main__":
    parser = ArgumentParser()
    add_sizes(parser)
    main(**vars(parser.parse_args()))
