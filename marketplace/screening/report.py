"""What screening a file gives: the verdict with its evidence and, of a readable picture, all that we keep beside it."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from PIL import Image

from marketplace.core.verdicts import Signal, Verdict, decide
from marketplace.images import PREVIEW_EDGE, THUMBNAIL_EDGE, derivative
from marketplace.near_hashes import mirrored_hash, perceptual_hash


@dataclass(frozen=True)
class Picture:
    """A readable picture: upright size in pixels, re-encoded derivatives as JPEG, and 64-bit perceptual hashes."""

    width: int
    height: int
    preview: bytes
    thumbnail: bytes
    perceptual_hash: int
    mirrored_hash: int


@dataclass(frozen=True)
class Report:
    """What screening found. `picture` is None exactly where the verdict is `unreadable`."""

    verdict: Verdict
    reasons: tuple[str, ...]
    signals: tuple[Signal, ...]
    picture: Picture | None
    version: str

    def with_signals(self, more: Iterable[Signal]) -> "Report":
        """The report with what was found elsewhere, and the verdict that all of it adds up to."""
        signals = (*self.signals, *more)
        verdict, reasons = decide(signals)
        return replace(self, verdict=verdict, reasons=reasons, signals=signals)


def take(image: Image.Image) -> Picture:
    """Take from an upright sRGB picture what is kept of it; the hashes are those of a picture of the preview's size."""
    preview = image.copy()
    preview.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return Picture(
        image.width,
        image.height,
        derivative(preview, PREVIEW_EDGE),
        derivative(preview, THUMBNAIL_EDGE),
        perceptual_hash(preview),
        mirrored_hash(preview),
    )


def as_json(report: Report) -> dict[str, Any]:
    """A report as a JSON object, bytes as base64."""
    entries = asdict(report)
    if report.picture:
        for name in ("preview", "thumbnail"):
            entries["picture"][name] = b64encode(getattr(report.picture, name)).decode()
    return entries


def from_json(entries: dict[str, Any]) -> Report:
    """The report that `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    picture = entries["picture"]
    if picture:
        picture = Picture(**{**picture, **{name: b64decode(picture[name]) for name in ("preview", "thumbnail")}})
    signals = (Signal(**{**signal, "verdict": Verdict(signal["verdict"])}) for signal in entries["signals"])
    return Report(
        Verdict(entries["verdict"]), tuple(entries["reasons"]), tuple(signals), picture, str(entries["version"])
    )
