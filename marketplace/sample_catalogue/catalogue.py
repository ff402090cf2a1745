"""Drawing one work, and writing all of them to a folder with their manifest."""

import csv
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from .styles import STYLES, Style

LICENCE = "Tributary sample licence"
COLUMNS = ("file", "contributor", "title", "keywords", "licence", "country", "captured_at")
FIRST_CAPTURE_ON = date(2016, 1, 1)
CAPTURE_DAYS = 3300
JPEG_QUALITY = 90


@dataclass(frozen=True)
class SampleWork:
    """One drawn picture with the words that describe it."""

    image: Image.Image
    title: str
    keywords: tuple[str, ...]


def _seed(slug: str, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{slug}/{number}".encode()).digest()[:8], "big")


def draw_work(style: Style, number: int, edge: int = 384) -> SampleWork:
    """Draw the contributor's numbered work, `edge` pixels square; the same arguments give the same work.

    The seed comes from a SHA-256 of slug and number. Another processor's rounding may move single pixels by one level.
    """
    image = style.draw(np.random.default_rng(_seed(style.slug, number)), edge)
    title = f"{image.info.pop('title')}, no. {number}"
    return SampleWork(image, title, image.info.pop("keywords"))


def write_catalogue(
    folder: Path,
    works_per_contributor: int = 24,
    edge: int = 384,
    report: Callable[[int, int], None] | None = None,
) -> int:
    """Write every contributor's works as `<slug>/<slug>-<number>.jpg`, with one `manifest.csv` beside the folders.

    Works that the folder's manifest already lists, and whose file has the right size, are kept as they are.
    `report(done, total)` is called after each work. Returns the number of pictures in the manifest.
    """
    kept = _kept_rows(folder, edge)
    works = [(style, number) for style in STYLES for number in range(1, works_per_contributor + 1)]
    for style in STYLES:
        (folder / style.slug).mkdir(parents=True, exist_ok=True)

    def row(work: tuple[Style, int]) -> dict[str, str]:
        return kept.get(_file_name(*work)) or _write_work(folder, *work, edge)

    rows = []
    with ThreadPoolExecutor() as drawers:  # numpy and Pillow let go of the interpreter lock while they draw
        for done, written in enumerate(drawers.map(row, works), start=1):
            rows.append(written)
            if report:
                report(done, len(works))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def _file_name(style: Style, number: int) -> str:
    return f"{style.slug}/{style.slug}-{number:03d}.jpg"


def _kept_rows(folder: Path, edge: int) -> dict[str, dict[str, str]]:
    manifest = folder / "manifest.csv"
    if not manifest.exists():
        return {}
    with manifest.open(newline="", encoding="utf-8") as lines:
        return {row["file"]: row for row in csv.DictReader(lines) if _has_size(folder / row["file"], edge)}


def _has_size(path: Path, edge: int) -> bool:
    if not path.exists():
        return False
    with Image.open(path) as image:
        return image.size == (edge, edge)


def _write_work(folder: Path, style: Style, number: int, edge: int) -> dict[str, str]:
    work = draw_work(style, number, edge)
    name = _file_name(style, number)
    work.image.save(folder / name, quality=JPEG_QUALITY)
    captured_on = FIRST_CAPTURE_ON + timedelta(days=_seed(style.slug, number) % CAPTURE_DAYS)
    return {
        "file": name,
        "contributor": style.contributor,
        "title": work.title,
        "keywords": ";".join(work.keywords),
        "licence": LICENCE,
        "country": style.country,
        "captured_at": captured_on.isoformat(),
    }
