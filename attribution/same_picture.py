"""Whether one picture is a copy of another: which to compare, what is compared of each, and the proof."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from django.core.files.storage import default_storage
from numpy.typing import NDArray
from PIL import Image

from attribution.core import geometry, sameness
from marketplace.near_hashes import perceptual_hash

HASH_BITS = 10
"""Of 64 that may differ: so near are 4 of 58,518 pairs of different pictures."""
LEAST_SIMILARITY = 0.3
"""Crops, tints and slight turns stay above 0.75 under the compact encoder and above 0.36 under CLIP; the proof tells
them from what is only alike."""
MOST_BY_HASH = 10
MOST_BY_EMBEDDING = 5

PICTURES_KEPT = 512
"""In memory, 0.4 MB each."""

COPIED_PPM = 600_000  # of both pictures agree: they are one picture
WHOLLY_PPM = 900_000  # of the later picture agree: it shows nothing of its own,
PART_PPM = 300_000  # and is a copy if it shows so much of the earlier one
LEAST_INLIERS = 20  # of 16,353 pairs of different photographs none has more than 17
SHAPE_TOLERANCE = 0.03


@dataclass(frozen=True, eq=False)
class Picture:
    """What two pictures are compared by: features, a grey and a coloured square, and the longer edge by the shorter."""

    features: geometry.Features
    grey: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    shape: float


def read_picture(image: Image.Image) -> Picture:
    """Take from an upright RGB picture what it is compared by; some 60 ms."""
    small = image.copy()
    small.thumbnail((geometry.EDGE_PX, geometry.EDGE_PX), Image.Resampling.BOX)
    return Picture(
        geometry.features(np.asarray(small.convert("L"))),
        np.asarray(small.convert("L").resize((sameness.GRID_PX, sameness.GRID_PX), Image.Resampling.BOX)),
        np.asarray(small.resize((sameness.COLOUR_PX, sameness.COLOUR_PX), Image.Resampling.BOX)),
        max(image.size) / min(image.size),
    )


@lru_cache(PICTURES_KEPT)
def stored_picture(preview: str) -> Picture:
    """`read_picture` of a stored preview: a file of this name never changes. Raises as `open_preview` does."""
    return read_picture(open_preview(preview))


def open_preview(preview: str) -> Image.Image:
    """A stored preview, which is our own re-encoded file, at no more pixels than are compared.

    Raises FileNotFoundError where it is away, and OSError where it was damaged since it was stored.
    """
    with default_storage.open(preview) as file:
        try:
            with Image.open(file) as image:
                image.draft("RGB", (geometry.EDGE_PX, geometry.EDGE_PX))
                return image.convert("RGB")
        except (OSError, SyntaxError) as error:  # as Pillow says it, without the name
            raise OSError(f"{preview} is damaged, restore it from a backup: {error}") from error


def perceptual_hashes(image: Image.Image) -> list[int]:
    """The hash of a picture as it is, and of it turned by quarters and mirrored in every way."""
    return [perceptual_hash(image), *(perceptual_hash(image.transpose(way)) for way in Image.Transpose)]


def prove_copy(original: Picture, later: Picture) -> tuple[Literal["features", "pixels"], dict[str, Any]] | None:
    """Prove that the later picture is a copy, with the evidence that is stored and shown; None without proof.

    Enough must agree where local features lay one over the other: of both pictures, or nearly all of the later one.
    Equal pixels prove it too, which decides for pictures without features.
    """
    found = geometry.match(original.features, later.features)
    if found is not None:
        agreed = sameness.agreement_ppm(original.grey, later.grey, found.map_to_b)
        if is_copy(found.inliers, *agreed):
            return "features", {
                "inliers": found.inliers,
                "inlier_ratio": round(found.inlier_ratio, 3),
                "is_mirrored": found.is_mirrored,
                "region_of_original": found.region_a,
                "region": found.region_b,
                "agreed_ppm_of_original": agreed[0],
                "agreed_ppm": agreed[1],
                "geometry_version": geometry.VERSION,
                "sameness_version": sameness.VERSION,
            }
    alike = abs(original.shape / later.shape - 1) <= SHAPE_TOLERANCE
    if alike and sameness.are_same_pixels(original.colours, later.colours):
        return "pixels", {"sameness_version": sameness.VERSION}
    return None


def is_copy(inliers: int, agreed_ppm_of_original: int, agreed_ppm: int) -> bool:
    """Whether two pictures that local features lay one over the other agree so far that the later one is a copy."""
    agreed = agreed_ppm_of_original, agreed_ppm
    if inliers < LEAST_INLIERS:  # as between plain pictures, which have few features
        return min(agreed) >= COPIED_PPM and max(agreed) >= WHOLLY_PPM
    return min(agreed) >= COPIED_PPM or (agreed_ppm >= WHOLLY_PPM and agreed_ppm_of_original >= PART_PPM)
