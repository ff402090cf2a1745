"""Inspiration lists of image files, computed as a batch computes them, of which nothing is recorded."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from attribution.attribute import shares_of_pictures
from attribution.batches import PARAMETERS
from attribution.core.shares import Shares
from attribution.embed import loaded_encoder
from attribution.encoders import embed_files
from attribution.groups import copies_in
from attribution.models import Encoder
from marketplace.images import PREVIEW_EDGE, UnreadableImage, decode, derivative
from marketplace.ingest import CannotRead, read_picture
from marketplace.models import TrainingSet

FILES_AT_ONCE = 32

Refusal = CannotRead | UnreadableImage


def attribute_files(
    paths: Sequence[Path], training_set: TrainingSet, encoder: Encoder, at: datetime
) -> Iterator[tuple[Path, Shares | Refusal]]:
    """Each file with its energy shares over the training set, or with why it is no picture.

    Copies known at that time do not share. Raises `EncoderNotHere` and `EncoderUnavailable`.
    """
    copies = copies_in(training_set.pk, at)
    for start in range(0, len(paths), FILES_AT_ONCE):
        yield from _attribute_some(paths[start : start + FILES_AT_ONCE], training_set, encoder, copies)


def _attribute_some(
    paths: Sequence[Path], training_set: TrainingSet, encoder: Encoder, copies: NDArray[np.int64]
) -> Iterator[tuple[Path, Shares | Refusal]]:
    with TemporaryDirectory() as folder:
        previews = [_write_preview(path, Path(folder) / f"{place}.jpg") for place, path in enumerate(paths)]
        written = [preview for preview in previews if isinstance(preview, Path)]
        embedded = [rows for _, rows in embed_files(loaded_encoder(encoder.fingerprint), written)]
    found: Iterator[Shares] = iter(())
    if embedded:
        # In the precision that vectors are stored in, so that the list is the one that a generation would get.
        vectors = np.concatenate([rows.vectors for rows in embedded]).astype(np.float16)
        tiles = [own for rows in embedded for own in rows.tiles]
        found = iter(shares_of_pictures(vectors, tiles, training_set.pk, encoder, PARAMETERS, copies))
    for path, preview in zip(paths, previews, strict=True):
        yield path, next(found) if isinstance(preview, Path) else preview


def _write_preview(path: Path, preview: Path) -> Path | Refusal:
    """The derivative that the encoder would be given of an upload."""
    try:
        preview.write_bytes(derivative(decode(read_picture(path)).image, PREVIEW_EDGE))
    except (CannotRead, UnreadableImage) as error:
        return error
    return preview
