"""Several workers on real connections, some of them killed: every download is attributed once, and always alike."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from attribution import attribute, batches, search
from attribution.batches import attribute_downloads, pending_downloads
from attribution.lists import add_daily_shares, daily_differences
from attribution.models import AttributionBatch, AttributionFailure, Encoder, GenerationEmbedding, InspirationList
from marketplace.models import Contributor, Customer, Download
from tests.builders import (
    CLOSED_AT,
    embed_asset,
    embed_generation,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)

pytestmark = pytest.mark.django_db(transaction=True)

REPOSITORY = Path(__file__).resolve().parents[2]
DIMENSIONS = 12
GENERATIONS = 9
DOWNLOADS = 24
FOUND_WITHIN_SECONDS = 30


@pytest.fixture
def encoder() -> Encoder:
    return make_encoder()


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer, encoder: Encoder) -> list[Download]:
    """24 downloads of 9 generations, each of which resembles several of 20 images."""
    random = np.random.default_rng(8)
    for number in range(20):
        vector = unit_vector(*(random.normal(size=DIMENSIONS) + 1))
        embed_asset(make_asset((ana, ben)[number % 2]), encoder, vector)
    model = make_generator_model(make_training_set())
    generations = [make_generation(model) for _ in range(GENERATIONS)]
    for generation in generations:
        embed_generation(generation, encoder, unit_vector(*(random.normal(size=DIMENSIONS) + 1)))
    return [make_download(carla, generations[number * 5 % GENERATIONS]) for number in range(DOWNLOADS)]


def rows() -> list[tuple[object, ...]]:
    """Everything that a list says, but for which batch it was in."""
    return list(
        InspirationList.objects.order_by("download_id").values_list(
            "download_id", "asset_ids", "contributor_ids", "similarities", "shares_ppm", "unattributed_ppm"
        )
    )


def forget() -> None:
    """Take back all lists, as nobody else can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("TRUNCATE attribution_inspirationlist, attribution_attributionbatch, attribution_dailyshare")
        cursor.execute("SET session_replication_role = DEFAULT")


def attribute_all() -> list[int]:
    counts = []
    while count := attribute_downloads(CLOSED_AT):
        counts.append(count)
    return counts


def test_lists_are_the_same_to_the_last_bit_in_any_order_batch_or_block(
    downloads: list[Download], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attribute_all() == [DOWNLOADS]
    expected = rows()
    assert len({str(row[1:]) for row in expected}) == GENERATIONS
    assert max(len(row[1]) for row in expected) > 3  # type: ignore[arg-type]
    for downloads_at_once, block_rows, generations_at_once in ((1, 1, 1), (7, 3, 2), (5, 20, 200)):
        forget()
        monkeypatch.setattr(batches, "DOWNLOADS_AT_ONCE", downloads_at_once)
        monkeypatch.setattr(search, "BLOCK_ROWS", block_rows)
        monkeypatch.setattr(attribute, "GENERATIONS_AT_ONCE", generations_at_once)
        assert max(attribute_all()) <= downloads_at_once
        assert rows() == expected
    forget()
    with connection.cursor() as cursor:  # the other way round: the last half is sold first
        last = [download.pk for download in downloads[DOWNLOADS // 2 :]]
        monkeypatch.setattr(
            batches, "pending_downloads", lambda encoder: pending_downloads(encoder).filter(pk__in=last)
        )
        assert sum(attribute_all()) == len(last)
        monkeypatch.setattr(batches, "pending_downloads", pending_downloads)
        attribute_all()
        cursor.execute("SELECT count(DISTINCT batch_id) FROM attribution_inspirationlist")
        assert cursor.fetchone()[0] > 1
    assert rows() == expected
    assert daily_differences() == []


def test_a_task_that_is_delivered_many_times_at_once_attributes_each_download_once(
    downloads: list[Download], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "DOWNLOADS_AT_ONCE", 3)
    batches.energy_method()  # the very first batch writes this row, and others wait for it
    settled: list[int] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            settled.extend(attribute_all())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sum(settled) == InspirationList.objects.count() == DOWNLOADS
    assert sum(AttributionBatch.objects.values_list("download_count", flat=True)) == DOWNLOADS
    assert daily_differences() == []


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[str]]:
    """Another process that has claimed downloads and written lists, and is about to commit them."""
    program = """
import sys, time, django; django.setup()
from attribution import batches
batches.add_daily_shares = lambda batch_ids: (print("written", flush=True), time.sleep(600))
from django.utils import timezone
batches.attribute_downloads(timezone.now())
"""
    address, _, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{address.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{options}"
    command = [sys.executable, "-c", program]
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
            yield process
        finally:
            process.kill()


def test_a_killed_worker_leaves_nothing_behind_and_its_downloads_are_free(
    downloads: list[Download], worker: subprocess.Popen[str]
) -> None:
    assert attribute_downloads(CLOSED_AT) == 0  # it holds them all
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    waited_until = time.monotonic() + FOUND_WITHIN_SECONDS
    settled = 0
    while not settled and time.monotonic() < waited_until:  # until the server has noticed that it is gone
        settled = attribute_downloads(CLOSED_AT)
    assert settled == DOWNLOADS == InspirationList.objects.count()
    assert AttributionBatch.objects.count() == 1
    assert daily_differences() == []


def test_a_generation_that_cannot_be_attributed_holds_up_only_its_own_downloads(
    downloads: list[Download], encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = GenerationEmbedding.objects.earliest("generation_id")
    GenerationEmbedding.objects.filter(pk=bad.pk).delete()
    embed_generation(bad.generation, encoder, unit_vector(1) * 2)
    waiting = Download.objects.filter(generation=bad.generation).count()

    assert attribute_downloads(CLOSED_AT) == DOWNLOADS
    assert InspirationList.objects.count() == DOWNLOADS - waiting
    batch = AttributionBatch.objects.get()
    assert (batch.download_count, batch.failed_count) == (DOWNLOADS - waiting, waiting)
    assert AttributionFailure.objects.get().generation == bad.generation
    assert attribute_downloads(CLOSED_AT) == 0  # a worker does not try again

    with pytest.raises(SystemExit) as refused:
        call_command("attribute_downloads")
    assert refused.value.code == 1
    told = capsys.readouterr().out
    assert f"generation {bad.generation_id} cannot be attributed: The stored vector is not of unit length" in told

    GenerationEmbedding.objects.filter(generation=bad.generation).delete()
    embed_generation(bad.generation, encoder, unit_vector(1))
    call_command("attribute_downloads")
    assert InspirationList.objects.count() == DOWNLOADS
    assert not AttributionFailure.objects.exists()


def test_the_command_shows_how_far_it_is_and_a_stopped_one_is_resumed(
    downloads: list[Download], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(batches, "DOWNLOADS_AT_ONCE", 10)
    written: list[int] = []

    def stop_in_the_second_batch(batch_ids: list[int]) -> None:
        if written:
            raise KeyboardInterrupt
        written.extend(batch_ids)
        add_daily_shares(batch_ids)

    monkeypatch.setattr(batches, "add_daily_shares", stop_in_the_second_batch)
    with pytest.raises(KeyboardInterrupt):
        call_command("attribute_downloads")
    assert "run it again to go on" in capsys.readouterr().out
    assert InspirationList.objects.count() == 10
    monkeypatch.setattr(batches, "add_daily_shares", add_daily_shares)
    call_command("attribute_downloads")
    assert "14/14" in capsys.readouterr().out
    assert InspirationList.objects.count() == DOWNLOADS
    assert daily_differences() == []
