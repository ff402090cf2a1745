"""The attribution error that was measured of an encoder, as `benchmark_attribution --write-table` published it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "benchmark" / "published.json"


@dataclass(frozen=True)
class PublishedError:
    """Parts of 1, on pictures derived from `images` photographs by `contributors`; attribution/README.md explains them.

    `macro_error` is the mean total variation between paid and true shares, `misallocated` the part of a month's money
    that goes wrong, `paid_on_unrelated` what is paid for pictures that resemble nothing of the catalogue.
    """

    encoder: str
    macro_error: float
    misallocated: float
    paid_on_unrelated: float
    images: int
    contributors: int


@cache
def published_error(encoder: str) -> PublishedError | None:
    """What was measured of the encoder of that name, with the parameters that people are paid by; None if nothing."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return next((PublishedError(**row) for row in rows if row["encoder"] == encoder), None)
