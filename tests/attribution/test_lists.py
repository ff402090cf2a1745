"""Inspiration lists by month and their sums by day, held together by the database."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from attribution.core.shares import Shares
from attribution.lists import Difference, add_daily_shares, daily_differences, write_lists
from attribution.models import AttributionBatch, DailyShare, InspirationList
from attribution.months import add_months
from attribution.selectors import found_by_month
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Contributor, Customer, Download
from tests.builders import SOLD_AT, make_asset, make_attributed_downloads, make_download, make_inspiration_list

PARENT = "attribution_inspirationlist"


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [PARENT])
        return {name for (name,) in cursor.fetchall()}


def rows_in(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ONLY {table}")
        return int(cursor.fetchone()[0])


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    """Three downloads of October on three days, attributed to Ana and Ben."""
    return make_attributed_downloads([ana, ben], carla)


def copy_of(listed: InspirationList, downloaded_at: datetime) -> InspirationList:
    return InspirationList(
        download=listed.download,
        downloaded_at=downloaded_at,
        batch=listed.batch,
        asset_ids=listed.asset_ids,
        contributor_ids=listed.contributor_ids,
        similarities=listed.similarities,
        shares_ppm=listed.shares_ppm,
        unattributed_ppm=listed.unattributed_ppm,
    )


def test_a_list_is_kept_in_the_partition_of_its_downloads_month(downloads: list[Download], carla: Customer) -> None:
    listed = InspirationList.objects.first()
    assert listed is not None
    november = make_download(carla, downloads[0].generation, at=datetime(2026, 11, 1, tzinfo=UTC))
    last_of_october = make_download(carla, downloads[0].generation, at=november.downloaded_at - timedelta(seconds=1))
    for download in (november, last_of_october):
        make_inspiration_list(download, {}, listed.batch.encoder)
    assert (rows_in(f"{PARENT}_2026_10"), rows_in(f"{PARENT}_2026_11"), rows_in(PARENT)) == (4, 1, 0)


def test_a_download_cannot_have_two_lists_not_even_in_two_months(downloads: list[Download]) -> None:
    listed = downloads[0].inspiration_list
    with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
        copy_of(listed, listed.downloaded_at).save(force_insert=True)
    with pytest.raises(IntegrityError, match="list_has_its_downloads_time"), transaction.atomic():
        copy_of(listed, datetime(2026, 11, 14, tzinfo=UTC)).save(force_insert=True)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert InspirationList.objects.count() == 3


def test_a_partition_is_as_append_only_as_the_whole(downloads: list[Download]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for statement, complaint in {
        f"UPDATE {PARENT}_2026_10 SET unattributed_ppm = unattributed_ppm": "Cannot update or delete rows",
        f"DELETE FROM {PARENT}_2026_10": "Cannot update or delete rows",
        f"TRUNCATE {PARENT}_2026_10": "append-only: it cannot be truncated",
        f"TRUNCATE {PARENT}": "append-only: it cannot be truncated",
    }.items():
        with pytest.raises(DatabaseError, match=complaint), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert InspirationList.objects.count() == 3


def test_a_list_copied_in_is_checked_by_the_database_like_any_other(downloads: list[Download], carla: Customer) -> None:
    download = make_download(carla, downloads[0].generation)
    asset_id = downloads[0].inspiration_list.asset_ids[0]
    with pytest.raises(DatabaseError, match="do not sum to 1,000,000 ppm"), transaction.atomic():
        write_lists(1, [(download, Shares((asset_id,), (0.5,), (999_999,), 0))])
    assert not InspirationList.objects.filter(download=download).exists()


def test_a_list_copied_in_is_read_back_to_the_last_bit(downloads: list[Download], carla: Customer) -> None:
    batch = downloads[0].inspiration_list.batch
    first, second = (make_download(carla, downloads[0].generation) for _ in range(2))
    asset_ids = tuple(download.inspiration_list.asset_ids[0] for download in downloads[:2])
    write_lists(batch.pk, [(first, Shares(asset_ids, (0.1, 1 / 3), (600_000, 399_999), 1)), (second, UNATTRIBUTED)])
    listed = first.inspiration_list
    assert (tuple(listed.asset_ids), tuple(listed.similarities)) == (asset_ids, (0.1, 1 / 3))
    assert (listed.shares_ppm, listed.unattributed_ppm) == ([600_000, 399_999], 1)
    assert (listed.downloaded_at, listed.batch) == (SOLD_AT, batch)
    assert (second.inspiration_list.asset_ids, second.inspiration_list.unattributed_ppm) == ([], WHOLE_PPM)


UNATTRIBUTED = Shares((), (), (), WHOLE_PPM)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_month_once() -> None:
    at = datetime(2031, 5, 1, tzinfo=UTC)
    failures: list[BaseException] = []

    def make() -> None:
        try:
            add_months(at)
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert {f"{PARENT}_2031_05", f"{PARENT}_2031_06"} <= partitions()
    before = partitions()
    add_months(at)
    assert partitions() == before


def test_months_are_made_from_the_first_download_on_and_ahead(downloads: list[Download]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as outside of a transaction: nothing is pending
    add_months(datetime(2027, 2, 28, tzinfo=UTC))
    assert {f"{PARENT}_{month}" for month in ("2026_10", "2026_12", "2027_02", "2027_03")} <= partitions()
    assert f"{PARENT}_2027_04" not in partitions()


def test_the_sums_of_a_day_are_those_of_its_lists(
    downloads: list[Download], ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    encoder = downloads[0].inspiration_list.batch.encoder
    another = make_asset(ana)
    of_ana, of_ben = ana.assets.order_by("pk")[0], ben.assets.get()
    evening = SOLD_AT.replace(hour=23, minute=59)
    day = (SOLD_AT + timedelta(days=30)).date()
    for at in (SOLD_AT, evening):
        sold = make_download(carla, downloads[0].generation, at=at + timedelta(days=30))
        make_inspiration_list(sold, {of_ana: 300_000, another: 200_000, of_ben: 100_000}, encoder)
    sums = DailyShare.objects.filter(downloaded_on=day).values_list("contributor", "download_count", "share_ppm")
    assert set(sums) == {(ana.pk, 2, 1_000_000), (ben.pk, 2, 200_000), (None, 2, 800_000)}
    assert daily_differences() == []


def test_a_contributor_sees_by_month_in_how_many_downloads_their_images_have_a_share(
    downloads: list[Download], ana: Contributor, carla: Customer
) -> None:
    november = make_download(carla, downloads[0].generation, at=datetime(2026, 11, 30, 23, tzinfo=UTC))
    make_inspiration_list(november, {ana.assets.get(): 250_000}, downloads[0].inspiration_list.batch.encoder)
    of_ana = sum(
        share
        for download in downloads
        for contributor_id, share in zip(
            download.inspiration_list.contributor_ids, download.inspiration_list.shares_ppm, strict=True
        )
        if contributor_id == ana.pk
    )
    assert found_by_month(ana) == [
        {"month_on": date(2026, 11, 1), "downloads": 1, "shares_ppm": 250_000},
        {"month_on": date(2026, 10, 1), "downloads": 3, "shares_ppm": of_ana},
    ]


def test_a_sum_that_is_not_that_of_the_lists_is_found(downloads: list[Download], ana: Contributor) -> None:
    assert daily_differences() == []
    day = DailyShare.objects.filter(contributor=ana).earliest("downloaded_on")
    listed_ppm = day.share_ppm
    DailyShare.objects.filter(pk=day.pk).update(share_ppm=listed_ppm + 1)
    assert daily_differences() == [Difference(ana.pk, day.downloaded_on, listed_ppm + 1, listed_ppm)]
    DailyShare.objects.filter(pk=day.pk).delete()
    assert daily_differences() == [Difference(ana.pk, day.downloaded_on, 0, listed_ppm)]


@pytest.mark.django_db(transaction=True)
def test_the_sums_hold_after_two_workers_added_to_the_same_day_at_once(
    downloads: list[Download], carla: Customer, ana: Contributor
) -> None:
    batch = downloads[0].inspiration_list.batch
    asset_id = downloads[0].inspiration_list.asset_ids[0]
    batches = []
    for _ in range(2):
        batch.pk = None
        batch.save(force_insert=True)
        batches.append(batch.pk)
    sold = [make_download(carla, downloads[0].generation) for _ in batches]
    both_wrote = threading.Barrier(2, timeout=30)
    failures: list[BaseException] = []

    def work(batch_id: int, download: Download) -> None:
        try:
            with transaction.atomic():
                write_lists(batch_id, [(download, Shares((asset_id,), (0.9,), (700_000,), 300_000))])
                both_wrote.wait()
                add_daily_shares([batch_id])
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in zip(batches, sold, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert AttributionBatch.objects.count() == 5
    assert InspirationList.objects.count() == 5
    assert daily_differences() == []
