"""A detector of generated pictures that an operator trains on pictures of their own: a finding for a reviewer.

It may hold and never reject: at 5 % generated uploads, a detector that finds 80 % of them and is wrong about 5 % of the
photographs is right 46 % of the times that it speaks.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from attribution.core.copies import rate_of
from attribution.core.probe import area_under, fit_probe, margins, roc, threshold_of
from attribution.models import Encoder
from attribution.search import vectors_of
from attribution.tiles import Rows
from marketplace.core.verdicts import Signal, Verdict
from marketplace.later_findings import add_finding
from marketplace.models import Asset

MOST_GENUINE_HELD = 0.01
ROC_AT = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
TRAINING, THRESHOLD, HELD_OUT = (0, 1), (2,), (3,)  # quarters of the files, by their content


@dataclass(frozen=True, eq=False)
class Detector:
    """Weights of a probe (d + 1,) over the vectors of the encoder with this fingerprint, and what it holds from."""

    fingerprint: str
    weights: NDArray[np.float64]
    threshold: float


@dataclass(frozen=True, eq=False)
class Labelled:
    """Vectors (n, d) of pictures of one kind, and which quarter of the files each is in."""

    vectors: Rows
    quarters: NDArray[np.int64]

    def of(self, quarters: tuple[int, ...]) -> Rows:
        """Those in some quarters."""
        return self.vectors[np.isin(self.quarters, quarters)]


def train(genuine: Labelled, generated: Labelled, fingerprint: str) -> Detector:
    """Fit on half of the files, and set the threshold so that at most 1 % of the genuine ones of a quarter are held."""
    halves = genuine.of(TRAINING), generated.of(TRAINING)
    weights = fit_probe(np.concatenate(halves), np.repeat([False, True], [len(half) for half in halves]))
    return Detector(fingerprint, weights, threshold_of(margins(genuine.of(THRESHOLD), weights), MOST_GENUINE_HELD))


def card(detector: Detector, genuine: Labelled, generated: Labelled, encoder: str) -> str:
    """What the detector does with the quarter of the files that it has not seen, as Markdown."""
    unseen = [margins(kind.of(HELD_OUT), detector.weights) for kind in (genuine, generated)]
    held = [rate_of(int((each > detector.threshold).sum()), len(each)) for each in unseen]
    curve = roc(*unseen)
    rows = [(most, max(point.generated for point in curve if point.genuine <= most)) for most in ROC_AT]
    lines = [
        "# Detector of generated pictures",
        "",
        f"A linear probe on the vectors of encoder {encoder} ({detector.fingerprint}). Trained on "
        f"{len(genuine.of(TRAINING))} genuine and {len(generated.of(TRAINING))} generated pictures, all re-encoded "
        "alike. It may hold an upload for a reviewer and never reject one. Pictures of other kinds, and of generators "
        "that it has not seen, it may judge otherwise.",
        "",
        f"Threshold {detector.threshold:.4f}: at most 1 % of {len(genuine.of(THRESHOLD))} other genuine pictures.",
        "",
        "| held-out pictures | n | held | 95 % interval |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {rate.n} | {rate.rate:.1%} | {rate.low:.1%} to {rate.high:.1%} |"
            for kind, rate in zip(("genuine", "generated"), held, strict=True)
        ),
        "",
        f"ROC on the held-out pictures, area {area_under(curve):.3f}:",
        "",
        "| genuine held, at most | generated held |",
        "|---|---|",
        *(f"| {most:.1%} | {found:.1%} |" for most, found in rows),
    ]
    return "\n".join(lines) + "\n"


def write(detector: Detector, file: Path) -> None:
    """Write a detector as .npz, for the setting DETECTOR."""
    with file.open("wb") as out:
        np.savez(out, fingerprint=detector.fingerprint, weights=detector.weights, threshold=detector.threshold)


@lru_cache(maxsize=1)
def read(file: str) -> Detector:
    """The detector in a file by `write`. Raises OSError or ValueError where there is none."""
    with np.load(file, allow_pickle=False) as stored:
        return Detector(str(stored["fingerprint"]), stored["weights"], float(stored["threshold"]))


def hold_if_generated(asset: Asset, encoder: Encoder, at: datetime) -> None:
    """Hold an embedded asset that the detector of the settings points at; nothing where there is none.

    Raises ValueError for a detector that was trained with another encoder: its weights mean nothing here.
    """
    if not settings.DETECTOR:
        return
    detector = read(settings.DETECTOR)
    if detector.fingerprint != encoder.fingerprint:
        raise ValueError(f"DETECTOR {settings.DETECTOR} was trained with another encoder: train it again.")
    margin = float(margins(vectors_of([asset.pk], encoder)[1], detector.weights)[0])
    if margin > detector.threshold:
        value = f"margin {margin:.3f}, above {detector.threshold:.3f}, beyond which 1 % of genuine pictures lie"
        found = {"field": "picture", "value": value, "tool": f"detector on encoder {encoder}"}
        add_finding(asset.submission, Signal("detector", Verdict.HOLD, "detector_points_at_it", found), at)
