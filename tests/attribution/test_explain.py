"""`manage.py explain`: a list, what made it, and whether it can be computed again to the part per million."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from attribution.models import Embedding, InspirationList
from marketplace.models import Contributor, Customer, Download
from tests.builders import (
    embed_asset,
    make_attributed_downloads,
    make_download,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
    unit_vector,
)


@pytest.fixture
def download(ana: Contributor, ben: Contributor, carla: Customer) -> Download:
    return make_attributed_downloads([ana, ben], carla, count=1)[0]


@pytest.fixture
def favoured(download: Download, ben: Contributor, carla: Customer) -> Download:
    """A download of the same picture whose list says what its vectors do not."""
    encoder = InspirationList.objects.get(download=download).batch.encoder
    again = make_download(carla, download.generation)
    make_inspiration_list(again, {ben.assets.get(): 900_000}, encoder, [0.9])
    return again


def explained(download: Download, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("explain", download.pk, json=True)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_table_says_who_has_which_share_by_what_and_that_it_agrees(
    download: Download, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("explain", download.pk)
    told = capsys.readouterr().out
    stored = InspirationList.objects.get(download=download)
    for expected in (
        "A picture by Ana",
        "Ben",
        f"{stored.shares_ppm[0] / 10_000:.4f} %",
        f"{stored.unattributed_ppm / 10_000:.4f} %",
        "energy-share 2 (k = 60, lo = 0.2, r0 = 0.5, whole = 1.0, support = 0.0)",
        stored.batch.encoder.fingerprint,
        f"Training set: catalogue 1; batch {stored.batch_id}",
        "It agrees",
    ):
        assert expected in told


def test_json_has_the_hash_of_every_picture_and_vector(
    download: Download, ana: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    document = explained(download, capsys)
    assert (document["agrees"], document["differences"]) == (True, [])
    first = document["inspirations"][0]
    assert (
        first["file_sha256"] == hashlib.sha256(Path(ana.assets.get().submission.original.path).read_bytes()).hexdigest()
    )
    assert first["vector_sha256"] == hashlib.sha256(unit_vector(1).astype("<f2").tobytes()).hexdigest()
    assert len(document["generation"]["vector_sha256"]) == 64
    assert document["training_set"] == {"name": "catalogue 1", "images": 2}
    shares = [row["share_ppm"] for row in document["inspirations"]]
    assert sum(shares) + document["unattributed_ppm"] == 1_000_000


def test_a_list_that_differs_is_an_exit_code_of_1_and_says_what_differs_for_each_image(
    favoured: Download, ben: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        call_command("explain", favoured.pk)
    told = capsys.readouterr().out
    assert f"It differs. Image {ben.assets.get().pk}: stored 900000 ppm at similarity 0.900000, recomputed" in told
    assert "It differs. Unattributed: stored 100000 ppm" in told


def test_a_vector_that_somebody_exchanged_shows_in_its_hash_and_in_the_shares(
    download: Download, ana: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    before = explained(download, capsys)
    exchanged = Embedding.objects.get(asset=ana.assets.get())
    exchanged.delete()
    embed_asset(exchanged.asset, exchanged.encoder, unit_vector(0.9, 0, 0.3))
    with pytest.raises(SystemExit, match="1"):
        explained(download, capsys)
    after = json.loads(capsys.readouterr().out)
    assert not after["agrees"]
    assert after["inspirations"][0]["vector_sha256"] != before["inspirations"][0]["vector_sha256"]
    assert after["inspirations"][1]["vector_sha256"] == before["inspirations"][1]["vector_sha256"]


def test_a_list_whose_images_have_lost_their_tiles_is_said_to_be_beyond_computing(
    download: Download, ana: Contributor, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Embedding.objects.get(asset=ana.assets.get())
    lost.delete()
    Embedding.objects.create(asset=lost.asset, encoder=lost.encoder, vector=lost.vector, tiles=b"")
    with pytest.raises(SystemExit, match="1"):
        explained(download, capsys)
    assert "It cannot be computed again: The stored tiles" in capsys.readouterr().out


def test_the_page_can_be_written_to_a_file(download: Download, tmp_path: Path) -> None:
    call_command("explain", download.pk, html=tmp_path / "why.html")
    assert "It agrees." in (tmp_path / "why.html").read_text()


def test_what_cannot_be_explained_is_named(download: Download, carla: Customer) -> None:
    with pytest.raises(CommandError, match="There is no download 0"):
        call_command("explain", 0)
    fresh = make_download(carla, make_generation(make_generator_model(make_training_set(version="2"), "second")))
    with pytest.raises(CommandError, match=f"Download {fresh.pk} is not attributed yet"):
        call_command("explain", fresh.pk)


def test_the_page_reads_no_vectors_of_the_training_set_until_somebody_asks_it_to_check(
    download: Download, carla: Customer, client: Client
) -> None:
    """With 200,000 images that is seconds at every view."""
    assert carla.user
    client.force_login(carla.user)
    assert "It agrees." in client.get(f"/downloads/{download.pk}/why/?check=now").content.decode()
    Embedding.objects.all().delete()
    page = client.get(f"/downloads/{download.pk}/why/").content.decode()
    assert "Check this list" in page
    assert "agree" not in page
    assert "It does not agree." in client.get(f"/downloads/{download.pk}/why/?check=now").content.decode()


def test_the_page_of_a_list_that_differs_says_so_when_it_is_checked(
    favoured: Download, carla: Customer, client: Client
) -> None:
    assert carla.user
    client.force_login(carla.user)
    assert "It does not agree." in client.get(f"/downloads/{favoured.pk}/why/?check=now").content.decode()
