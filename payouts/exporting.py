"""Exports of training sets for dataset deals: pictures, manifests, terms and who is paid, in one folder.

The pictures are those that others are shown: re-encoded, upright, without metadata, of up to 1,024 pixels. Originals
stay with us. Contributors are numbers, since a trainer needs no names.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count

from attribution.groups import copies_in
from marketplace.consents import hold_consents
from marketplace.core.canonical import instant
from marketplace.core.money import Money
from marketplace.models import Asset, TrainingSet
from marketplace.training_sets import LeftOut, left_out_now
from payouts.export_manifests import write_manifests
from payouts.models import Period, RevenueEvent, RevenueKind, TrainingSetExport

FORMAT = "tributary-training-set-export-1"
IMAGES, DEAL, TERMS, LEFT_OUT, CHECKSUMS = "images", "deal.json", "terms.txt", "left-out.csv", "SHA256SUMS"
HOW_PAID = (
    "Of the net amount, the contributor rate of the policy in force when its month began is shared by the members of "
    "the frozen set, an equal part for each image that is no copy of another member: also for those that were left out "
    "of this export. It is posted to the contributors' accounts when the month is closed."
)

Advance = Callable[[int, int], None]


class ExportRefused(ValueError):
    """What keeps a training set from being exported; the message says what to do."""


@dataclass(frozen=True)
class Exported:
    """How many images are in the folder, and which members were left out and why."""

    images: int
    left_out: list[LeftOut]


def find_deal(training_set: TrainingSet, key: str) -> RevenueEvent:
    """The deal of a training set that was recorded under a key. Raises `ExportRefused`."""
    deals = RevenueEvent.objects.filter(kind=RevenueKind.DATASET_DEAL, training_set=training_set)
    deal = deals.select_related("period", "entry").filter(entry__idempotency_key=f"dataset_deal:{key}").first()
    if deal is None:
        raise ExportRefused(
            f"No deal for {training_set} is recorded under the key {key!r}: run record_dataset_deal first."
        )
    return deal


def export_training_set(
    deal: RevenueEvent, terms: str, folder: Path, clock: Callable[[], datetime], advance: Advance
) -> Exported:
    """Write what a deal is about into a new folder, which has its name once it is whole.

    Until then it is built beside it, and an export that was stopped goes on there. Members whose consent ended are left
    out and listed, also those whose consent ends while the export runs. Raises `ExportRefused`.
    """
    training_set = deal.training_set
    assert training_set
    if folder.exists():
        raise ExportRefused(f"{folder} exists, and an export replaces nothing: name another folder.")
    if not terms.strip():
        raise ExportRefused("The terms of the deal are empty: write down what the buyer agreed to.")
    partial = folder.with_name(f"{folder.name}.partial")
    (partial / IMAGES).mkdir(parents=True, exist_ok=True)
    while True:
        at = clock()
        left_out = left_out_now(training_set, at)
        images = _write(partial, deal, training_set, terms, left_out, at, advance)
        with transaction.atomic():
            hold_consents()
            if left_out_now(training_set, clock()) == left_out:
                _record(partial, deal, images, left_out, at)
                partial.rename(folder)
                return Exported(images, left_out)


def _write(
    partial: Path,
    deal: RevenueEvent,
    training_set: TrainingSet,
    terms: str,
    left_out: list[LeftOut],
    at: datetime,
    advance: Advance,
) -> int:
    """Write all files of the export as it is at that time; returns the number of images."""
    members = Asset.objects.filter(memberships__training_set=training_set)
    exported = members.exclude(pk__in=[one.asset_id for one in left_out]).select_related("submission").order_by("pk")
    count = exported.count()
    if not count:
        raise ExportRefused(
            f"No member of {training_set} may be handed out any more: all {len(left_out)} are left out."
        )
    names = set()
    for done, asset in enumerate(exported.iterator(), start=1):
        names.add(image_name(asset.pk))
        copy_picture(asset, partial / IMAGES / image_name(asset.pk))
        advance(done, count)
    for file in (partial / IMAGES).iterdir():
        if file.name not in names:  # left by an earlier attempt, before a consent ended
            file.unlink()
    rows = write_manifests(partial, exported, training_set.weights_ppm, IMAGES)
    (partial / TERMS).write_text(terms, encoding="utf-8")
    lines = ["image,reason", *(f"{one.asset_id},{one.reason}" for one in left_out)]
    (partial / LEFT_OUT).write_text("\n".join(lines) + "\n", encoding="utf-8")
    deal_document = _deal_document(deal, training_set, terms, left_out, count, at)
    (partial / DEAL).write_text(json.dumps(deal_document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _write_checksums(partial, rows)
    return count


def image_name(asset_id: int) -> str:
    """The name of an image's file; files sort as their images do."""
    return f"{asset_id:012d}.jpg"


def copy_picture(asset: Asset, target: Path) -> None:
    """Copy an image's picture, unless it is there; a file has its name once it is whole. Raises `ExportRefused`.

    The storage names files by their SHA-256: a picture whose bytes are others is damaged and not handed out.
    """
    if target.exists():
        return
    stored = Path(asset.preview.path)
    written = target.with_suffix(".partial")
    try:
        shutil.copyfile(stored, written)
    except OSError as error:
        raise ExportRefused(f"The picture of image {asset.pk} cannot be copied: {error}. Try again.") from error
    if sha256_of(written) != stored.stem:
        raise ExportRefused(f"The picture of image {asset.pk} is damaged in the storage: restore {stored}, try again.")
    os.replace(written, target)


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _deal_document(
    deal: RevenueEvent, training_set: TrainingSet, terms: str, left_out: list[LeftOut], images: int, at: datetime
) -> dict[str, Any]:
    assert training_set.frozen_at
    return {
        "format": FORMAT,
        "exported_at": instant(at),
        "training_set": {
            "name": training_set.name,
            "version": training_set.version,
            "frozen_at": instant(training_set.frozen_at),
            "images": images + len(left_out),
            "weights_ppm": training_set.weights_ppm,
        },
        "images": images,
        "left_out": len(left_out),
        "deal": {
            "key": deal.entry.idempotency_key.removeprefix("dataset_deal:"),
            "recorded_at": instant(deal.occurred_at),
            "gross": str(Money(deal.gross_minor, deal.currency)),
            "fee": str(Money(deal.fee_minor, deal.currency)),
            "net": str(Money(deal.net_minor, deal.currency)),
            "month": f"{deal.period.month_on:%Y-%m}",
            "terms": {"file": TERMS, "sha256": hashlib.sha256(terms.encode()).hexdigest()},
        },
        "paid": {
            "how": HOW_PAID,
            "month_is_closed": deal.period.state == Period.CLOSED,
            "contributors": _shares(training_set, at),
        },
    }


def _shares(training_set: TrainingSet, at: datetime) -> list[dict[str, int]]:
    """By contributor: so many images of theirs have a part in the deal, as links between copies are known now."""
    members = Asset.objects.filter(memberships__training_set=training_set)
    sharing = members.exclude(pk__in=copies_in(training_set.pk, at).tolist())
    counted = sharing.values("contributor").annotate(images=Count("pk")).order_by("contributor")
    return [{"contributor": row["contributor"], "images": row["images"]} for row in counted]


def _write_checksums(partial: Path, images: list[tuple[str, str]]) -> None:
    """In the format of sha256sum, so that `sha256sum --check SHA256SUMS` checks all of it."""
    others = sorted(file.name for file in partial.iterdir() if file.is_file() and file.name != CHECKSUMS)
    lines = [f"{sha256}  {name}" for name, sha256 in images]
    lines += [f"{sha256_of(partial / name)}  {name}" for name in others]
    (partial / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _record(partial: Path, deal: RevenueEvent, images: int, left_out: list[LeftOut], at: datetime) -> None:
    TrainingSetExport.objects.create(
        deal=deal,
        images=images,
        left_out_ids=[one.asset_id for one in left_out],
        checksums_sha256=sha256_of(partial / CHECKSUMS),
        exported_at=at,
    )
