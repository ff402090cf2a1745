"""Perceptual hashes: 64 bits that stay nearly the same when a picture is scaled, recompressed or slightly edited."""

from io import BytesIO

import imagehash
import numpy as np
from PIL import Image


def perceptual_hash(image: Image.Image) -> int:
    """The 64-bit pHash of a picture, as the signed integer that the database stores."""
    bits = np.packbits(imagehash.phash(image).hash.ravel())
    return int.from_bytes(bits.tobytes(), "big", signed=True)


def mirrored_hash(image: Image.Image) -> int:
    """The `perceptual_hash` of a picture seen in a mirror."""
    return perceptual_hash(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def stored_hash(preview: bytes) -> int:
    """The `perceptual_hash` of a preview of ours, given as its file."""
    with Image.open(BytesIO(preview)) as image:
        return perceptual_hash(image.convert("RGB"))
