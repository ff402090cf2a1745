"""The sample catalogue: drawn the same everywhere, unlike one another, listed completely, never drawn twice."""

import csv
import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from marketplace.sample_catalogue import STYLES, Style, draw_work, write_catalogue

EDGE = 64
WORKS = 2
DIGESTS = """
import hashlib
from marketplace.sample_catalogue import STYLES, draw_work
for style in STYLES:
    print(hashlib.sha256(draw_work(style, 7, 64).image.tobytes()).hexdigest())
"""
by_slug = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.slug)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    assert write_catalogue(folder, WORKS, EDGE) == WORKS * len(STYLES)
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def coarse(image: Image.Image) -> NDArray[np.float64]:
    """The picture's mean colours in 8 by 8 fields, 0 to 255."""
    return np.asarray(image.resize((8, 8), Image.Resampling.BOX), float).ravel()


def test_a_newcomer_meets_at_least_fourteen_contributors_who_can_be_told_apart_by_name() -> None:
    assert len(STYLES) >= 14
    for names in ([style.slug for style in STYLES], [style.contributor for style in STYLES]):
        assert len(set(names)) == len(STYLES)
    assert all(len(style.country) == 2 and style.country.isupper() for style in STYLES)


@by_slug
def test_a_work_is_rgb_of_the_asked_size_with_a_numbered_title_and_keywords(style: Style) -> None:
    work = draw_work(style, 3, EDGE)
    assert (work.image.mode, work.image.size) == ("RGB", (EDGE, EDGE))
    assert work.title.endswith(", no. 3")
    assert len(work.keywords) >= 3
    assert not work.image.info


def test_another_run_draws_the_same_pixels_whatever_its_hash_seed() -> None:
    here = [hashlib.sha256(draw_work(style, 7, EDGE).image.tobytes()).hexdigest() for style in STYLES]
    other = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.split() == here


@by_slug
def test_a_larger_edge_shows_the_same_work(style: Style) -> None:
    small, large = draw_work(style, 5, 96), draw_work(style, 5, 192)
    assert (small.title, small.keywords) == (large.title, large.keywords)
    assert np.abs(coarse(small.image) - coarse(large.image)).mean() < 8


@by_slug
def test_no_two_works_of_a_contributor_look_alike(style: Style) -> None:
    works = np.stack([coarse(draw_work(style, number, 96).image) for number in range(1, 8)])
    apart = np.sqrt(((works[:, None] - works[None]) ** 2).mean(axis=-1))
    assert apart[~np.eye(len(works), dtype=bool)].min() > 8


def test_the_manifest_lists_every_file_once_with_all_that_an_upload_asks_for(catalogue: Path) -> None:
    rows = rows_of(catalogue)
    assert list(rows[0]) == ["file", "contributor", "title", "keywords", "licence", "country", "captured_at"]
    on_disk = {path.relative_to(catalogue).as_posix() for path in catalogue.rglob("*.jpg")}
    assert {row["file"] for row in rows} == on_disk
    assert len(rows) == len(on_disk) == WORKS * len(STYLES)
    people = {style.slug: (style.contributor, style.country) for style in STYLES}
    for row in rows:
        assert (row["contributor"], row["country"]) == people[Path(row["file"]).parent.name]
        assert row["licence"] == "Tributary sample licence"
        assert row["title"]
        assert ";" in row["keywords"]
        assert date(2016, 1, 1) <= date.fromisoformat(row["captured_at"]) < date(2025, 1, 15)
        with Image.open(catalogue / row["file"]) as image:
            assert (image.format, image.size) == ("JPEG", (EDGE, EDGE))


def test_a_second_write_draws_nothing_and_lists_the_same(catalogue: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in catalogue.rglob("*.jpg")}
    listed = (catalogue / "manifest.csv").read_bytes()
    seen: list[tuple[int, int]] = []
    write_catalogue(catalogue, WORKS, EDGE, report=lambda done, total: seen.append((done, total)))
    assert {path: path.stat().st_mtime_ns for path in catalogue.rglob("*.jpg")} == before
    assert (catalogue / "manifest.csv").read_bytes() == listed
    total = WORKS * len(STYLES)
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_a_lost_or_wrongly_sized_file_is_drawn_again_and_no_other(catalogue: Path) -> None:
    lost, resized, kept = sorted(catalogue.rglob("*.jpg"))[:3]
    wanted, untouched = (lost.read_bytes(), resized.read_bytes()), kept.stat().st_mtime_ns
    lost.unlink()
    Image.new("RGB", (EDGE // 2, EDGE // 2)).save(resized)
    write_catalogue(catalogue, WORKS, EDGE)
    assert (lost.read_bytes(), resized.read_bytes()) == wanted
    assert kept.stat().st_mtime_ns == untouched
