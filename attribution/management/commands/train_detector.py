"""Train a detector of generated pictures on an operator's own."""

from argparse import ArgumentParser
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from PIL import Image
from rich.progress import track

from attribution.detector import Labelled, card, train, write
from attribution.encoders import BATCH, Encoder, EncoderUnavailable, find_recipe, load_encoder
from marketplace.catalogue import CatalogueError, read_catalogue
from marketplace.images import PREVIEW_EDGE, UnreadableImage, decode, derivative, sha256_hex

FEWEST = 400  # of each kind: a hundred set the threshold, one of which may lie above it
QUARTERS = 4


class Command(BaseCommand):
    """`train_detector GENUINE GENERATED --output FILE.npz`: writes the detector, and its card beside it, as .md."""

    help = (
        "Train a detector on two folders of pictures (as for import_catalogue), genuine and generated, of the kinds "
        "that are uploaded. All are re-encoded alike. Set DETECTOR to the file that it writes: uploads from then on "
        "that it points at wait for a reviewer."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("genuine", type=Path)
        parser.add_argument("generated", type=Path)
        parser.add_argument("--output", type=Path, metavar="FILE.npz", required=True)

    def handle(self, *, genuine: Path, generated: Path, output: Path, **options: Any) -> None:
        if output.suffix != ".npz" or output.exists():
            raise CommandError(f"{output} must be a new file that ends in .npz.")
        try:
            encoder = load_encoder(find_recipe(settings.ENCODER_RECIPE))
            kinds = _embed(encoder, genuine), _embed(encoder, generated)
            detector = train(*kinds, encoder.fingerprint)
        except (ValueError, OSError, CatalogueError, EncoderUnavailable) as error:
            raise CommandError(str(error)) from error
        output.parent.mkdir(parents=True, exist_ok=True)
        output.with_suffix(".md").write_text(card(detector, *kinds, encoder.recipe.name), encoding="utf-8")
        write(detector, output)
        self.stdout.write(f"Read {output.with_suffix('.md')} before you set DETECTOR={output.resolve()}")


def _embed(encoder: Encoder, folder: Path) -> Labelled:
    """The vectors of a folder's pictures. Raises ValueError where they are too few, or one is no picture."""
    paths = [item.path for item in read_catalogue(folder) if not item.problem]
    if len(paths) < FEWEST:
        raise ValueError(f"{folder} holds {len(paths)} pictures: give at least {FEWEST}.")
    vectors, quarters = [], []
    for at in track(range(0, len(paths), BATCH), f"Embedding {folder}"):
        files = [path.read_bytes() for path in paths[at : at + BATCH]]
        vectors.append(encoder.encode(list(_previews(files, paths[at : at + BATCH]))).vectors)
        quarters += [int(sha256_hex(data), 16) % QUARTERS for data in files]
    return Labelled(np.concatenate(vectors), np.array(quarters))


def _previews(files: Iterable[bytes], paths: Iterable[Path]) -> Iterable[Image.Image]:
    """Pictures as they are stored of uploads: what they were encoded as before must not tell them apart."""
    for data, path in zip(files, paths, strict=True):
        try:
            yield Image.open(BytesIO(derivative(decode(data).image, PREVIEW_EDGE)))
        except UnreadableImage as error:
            raise ValueError(f"{path} cannot be used: {error} Take it out of the folder.") from error
