"""The 64-bit pHash of pictures, and how PostgreSQL finds near ones by indexes on their bands."""

from io import BytesIO

import imagehash
import numpy as np
from django.db import models
from django.db.models import F
from PIL import Image

from marketplace.core.hamming import BAND_BITS, BAND_MASK, BANDS, flips


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


def band_indexes(column: str, name: str, *include: str) -> tuple[models.Index, ...]:
    """An index for each band of the hashes in a column, with all that a search asks for beside them."""
    return tuple(
        models.Index(
            F(column).bitrightshift(band * BAND_BITS).bitand(BAND_MASK),
            name=f"{name}_band_{band}",
            include=(column, *include),
        )
        for band in range(BANDS)
    )


def near_hashes(table: str, column: str, row: str) -> str:
    """SQL of the rows whose hash is near to one of `ways`, each with its `distance` in bits; a row may come repeatedly.

    Its parameters are `ways`, an array of hashes, and `flips_within` of the bits that may differ; it also finds some
    hashes that differ in more.
    """
    return " UNION ALL ".join(
        f"""
        SELECT known.{row}, bit_count((known.{column} # way)::bit(64)) AS distance
        FROM unnest(%(ways)s::bigint[]) AS way CROSS JOIN unnest(%(flips_{band})s::bigint[]) AS flip
        JOIN {table} AS known
        ON (known.{column} >> {band * BAND_BITS}) & {BAND_MASK} = ((way >> {band * BAND_BITS}) & {BAND_MASK}) # flip
        """  # noqa: S608 -- of constants only
        for band in range(BANDS)
    )


def flips_within(bits: int) -> dict[str, list[int]]:
    """The parameters of `near_hashes` by which every hash is found that differs in at most so many bits."""
    return {f"flips_{band}": flips(band, bits) for band in range(BANDS)}
