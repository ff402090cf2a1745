"""What any image resembles in a training set, without recording anything."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from attribution.attribute import CannotAttribute
from attribution.batches import PARAMETERS
from attribution.core.shares import METHOD, VERSION, Shares
from attribution.embed import EncoderNotHere
from attribution.encoders import EncoderUnavailable
from attribution.explain import Inspiration, inspirations_of
from attribution.files import Refusal, attribute_files
from attribution.models import Encoder, EncoderState
from attribution.selectors import members_not_compared, members_not_embedded
from attribution.show import as_rows, as_table
from marketplace.models import TrainingSet

SOME_REFUSED = 1


class Command(BaseCommand):
    """Nothing is written to the database. The exit code is 1 where a file is no picture; the others are answered."""

    help = "Print the inspiration list of image files over a training set, computed as for a download, unrecorded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", type=Path, nargs="+")
        parser.add_argument("--training-set", required=True, metavar="NAME", help="its name, or its name and version")
        parser.add_argument("--json", action="store_true", help="one line of JSON for each image")

    def handle(self, *, image: list[Path], training_set: str, **options: Any) -> None:
        frozen = _find(training_set)
        encoder = _encoder_of(frozen)
        answer = self._answer_json if options["json"] else self._answer_table
        refused = False
        try:
            for path, found in attribute_files(image, frozen, encoder, timezone.now()):
                refused |= not isinstance(found, Shares)
                answer(path, found, frozen, encoder)
        except (EncoderNotHere, EncoderUnavailable, CannotAttribute) as error:
            raise CommandError(str(error)) from error
        if refused:
            sys.exit(SOME_REFUSED)

    def _answer_json(self, path: Path, found: Shares | Refusal, frozen: TrainingSet, encoder: Encoder) -> None:
        line: dict[str, Any] = {"file": str(path)}
        if isinstance(found, Shares):
            line |= {
                "training_set": str(frozen),
                "encoder": {"name": encoder.name, "fingerprint": encoder.fingerprint},
                "method": {"name": METHOD, "version": VERSION, "parameters": asdict(PARAMETERS)},
                "inspirations": as_rows(_inspirations(found)),
                "unattributed_ppm": found.unattributed_ppm,
            }
        else:
            line["error"] = str(found)
        self.stdout.write(json.dumps(line))

    def _answer_table(self, path: Path, found: Shares | Refusal, frozen: TrainingSet, encoder: Encoder) -> None:
        if isinstance(found, Shares):
            title = f"{path} in {frozen}, by {encoder}"
            Console().print(as_table(title, _inspirations(found), found.unattributed_ppm))
        else:
            self.stderr.write(f"{path}: {found}")


def _find(name: str) -> TrainingSet:
    frozen = TrainingSet.objects.filter(frozen_at__isnull=False).order_by("-frozen_at")
    for training_set in frozen:
        if name in {str(training_set), training_set.name}:
            return training_set
    known = ", ".join(str(training_set) for training_set in frozen) or "none"
    raise CommandError(f"There is no training set {name!r}. Known: {known}.")


def _encoder_of(frozen: TrainingSet) -> Encoder:
    encoder = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    if encoder is None:
        raise CommandError("No image is embedded yet: let the workers begin.")
    for done, pending in {"embedded": members_not_embedded, "compared with earlier ones": members_not_compared}.items():
        waiting = pending(encoder).filter(training_set=frozen).count()
        if waiting:
            raise CommandError(f"{waiting} images of {frozen} are not {done} yet: let the workers finish.")
    return encoder


def _inspirations(shares: Shares) -> tuple[Inspiration, ...]:
    return inspirations_of(zip(shares.asset_ids, shares.similarities, shares.share_ppm, strict=True))
