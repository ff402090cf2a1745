"""The manifest of an export, as CSV for people and as Parquet for programs: the same rows, read a few at a time."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from PIL import Image

from marketplace.core.weights import weight_ppm_of
from marketplace.models import Asset
from payouts.reports import harmless

CSV_FILE, PARQUET_FILE = "manifest.csv", "manifest.parquet"
ROWS_AT_ONCE = 5_000


def write_manifests(
    folder: Path, assets: QuerySet[Asset], weights_ppm: Mapping[str, int], images: str
) -> list[tuple[str, str]]:
    """Write a row for each asset, whose picture is in the folder `images`; returns names and SHA-256 of the pictures.

    In CSV, keywords are separated by semicolons, and what a spreadsheet would run as a formula begins with an
    apostrophe.
    """
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(
        [
            ("image", pyarrow.int64()),
            ("file", pyarrow.string()),
            ("sha256", pyarrow.string()),
            ("width", pyarrow.int32()),
            ("height", pyarrow.int32()),
            ("contributor", pyarrow.int64()),
            ("title", pyarrow.string()),
            ("keywords", pyarrow.list_(pyarrow.string())),
            ("licence", pyarrow.string()),
            ("captured_at", pyarrow.timestamp("us", tz="UTC")),
            ("weight_ppm", pyarrow.int64()),
        ]
    )
    rows = _rows(folder, assets, weights_ppm, images)
    pictures: list[tuple[str, str]] = []
    with (
        (folder / CSV_FILE).open("w", encoding="utf-8", newline="") as opened,
        parquet.ParquetWriter(folder / PARQUET_FILE, schema) as columns,
    ):
        lines = csv.writer(opened, lineterminator="\n")
        lines.writerow(schema.names)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            columns.write_table(pyarrow.Table.from_pylist(some, schema))
            lines.writerows(_line(row) for row in some)
            pictures += [(row["file"], row["sha256"]) for row in some]
    return pictures


def _rows(
    folder: Path, assets: QuerySet[Asset], weights_ppm: Mapping[str, int], images: str
) -> Iterator[dict[str, Any]]:
    for asset in assets.iterator(ROWS_AT_ONCE):
        name = f"{images}/{asset.pk:012d}.jpg"
        with Image.open(folder / name) as picture:
            width, height = picture.size
        submission = asset.submission
        yield {
            "image": asset.pk,
            "file": name,
            "sha256": Path(str(asset.preview)).stem,
            "width": width,
            "height": height,
            "contributor": asset.contributor_id,
            "title": submission.title,
            "keywords": submission.keywords,
            "licence": submission.licence,
            "captured_at": submission.captured_at,
            "weight_ppm": weight_ppm_of(submission.keywords, weights_ppm),
        }


def _line(row: Mapping[str, Any]) -> list[Any]:
    written = {
        **row,
        "keywords": ";".join(row["keywords"]),
        "captured_at": row["captured_at"].isoformat() if row["captured_at"] else "",
    }
    return [harmless(cell) for cell in written.values()]
