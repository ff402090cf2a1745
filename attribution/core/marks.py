"""Finding a known mark, such as a watermark or a logo, that is printed over a picture, at any size and opacity.

Marks are told by the directions of their edges alone (orientation correlation: Fitch, Kadyrov, Christmas and Kittler,
"Orientation Correlation", BMVC 2002; with doubled angles, by which dark on light is the same as light on dark). That a
mark is faint then changes little. All places are compared at once by Fourier transforms, for each of some sizes.
Turned and mirrored marks are not looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

VERSION = 1
EDGE_PX = 512
"""Pictures are shrunk to this longer edge."""
LEAST_MARK_PX = 56
"""The longer edge of the smallest mark that is looked for, in the shrunk picture."""
SIZE_STEP = 1.02
BLUR_PX = 1.0
LEAST_GRADIENT = 1.5
"""Grey levels a pixel, below which nothing has a direction."""
LEAST_EDGE_PIXELS = 250
LEAST_SPREAD = 0.1
"""Of a mark's directions, below which it is little but parallel lines."""
LEAST_CLEARNESS = 0.45
"""Of 256 photographs without it, none reaches it for a drawn word, and five for a ring, such as a round plate."""
LARGER_AGREE_LESS = 0.15
"""By which power of its size a mark's edges agree less with a picture that does not show it, as measured."""

Grey = NDArray[np.uint8]
Directions = NDArray[np.complex64]
"""For each pixel the doubled angle of its edge as a number of length one; zero where nothing has a direction."""
Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class FoundMark:
    """Where a mark stands: corners as parts of the picture's width and height, and how clearly it is there.

    `clearness` is the part of the mark's edges that the picture's agree with, weighed up for larger marks.
    """

    region: Polygon
    clearness: float


def find_mark(mark: Grey, picture: Grey) -> FoundMark | None:
    """The place and size at which a picture (height, width) shows a mark (height, width), or None.

    Raises ValueError for arrays of another shape or type.
    """
    best = best_place(mark, picture)
    return best if best.clearness >= LEAST_CLEARNESS else None


def best_place(mark: Grey, picture: Grey) -> FoundMark:
    """The place and size at which the edges of both agree most, whether or not that is much."""
    for grey in (mark, picture):
        if grey.shape != (len(grey), grey.shape[-1]) or grey.dtype != np.uint8 or not grey.size:
            raise ValueError(f"Marks are looked for in grey pictures (height, width), not {grey.shape} {grey.dtype}.")
    shrunk = _resized(picture, min(1.0, EDGE_PX / max(picture.shape)))
    height, width = shrunk.shape
    size = fft.next_fast_len(height), fft.next_fast_len(width)
    spectrum = fft.fft2(_directions(shrunk), size)
    best = FoundMark((), 0.0)
    for template in _templates(mark.tobytes(), mark.shape, height, width):
        rows, columns = template.shape
        agreement = fft.ifft2(spectrum * np.conj(fft.fft2(template, size))).real[: height - rows, : width - columns]
        top, left = (int(place) for place in np.unravel_index(int(agreement.argmax()), agreement.shape))
        clearness = float(agreement[top, left]) * (max(rows, columns) / LEAST_MARK_PX) ** LARGER_AGREE_LESS
        if clearness > best.clearness:
            region = _corners(left / width, top / height, (left + columns) / width, (top + rows) / height)
            best = FoundMark(region, clearness)
    return best


def require_edges(mark: Grey) -> None:
    """Raise ValueError for a mark that has too few edges to be told by."""
    if not list(_templates(mark.tobytes(), mark.shape, EDGE_PX, EDGE_PX)):
        raise ValueError("The mark has too few edges to be told by: crop it to the logo, without an empty margin.")


@lru_cache(8)
def _templates(mark: bytes, shape: tuple[int, int], height: int, width: int) -> tuple[Directions, ...]:
    """The mark in all sizes that fit, as what is summed with a picture's directions."""
    grey = np.frombuffer(mark, np.uint8).reshape(shape)
    made = (_template(_resized(grey, factor)) for factor in _factors(shape, height, width))
    return tuple(template for template in made if template is not None)


def _factors(shape: tuple[int, int], height: int, width: int) -> Iterator[float]:
    largest = min((height - 1) / shape[0], (width - 1) / shape[1])
    factor = LEAST_MARK_PX / max(shape)
    while factor < largest:
        yield factor
        factor *= SIZE_STEP


def _template(mark: Grey) -> Directions | None:
    """The directions of the mark less their mean, so that lines all in one direction, as of a fence, are no mark."""
    directions = _directions(mark)
    is_edge = directions != 0
    count = int(is_edge.sum())
    if count < LEAST_EDGE_PIXELS:
        return None
    mean = directions.sum() / count
    spread = 1 - abs(mean) ** 2
    return (is_edge * (directions - mean) / (count * spread)).astype(np.complex64) if spread > LEAST_SPREAD else None


def _directions(grey: Grey) -> Directions:
    down, right = np.gradient(ndimage.gaussian_filter(grey.astype(np.float32), BLUR_PX))
    gradient = right + 1j * down
    length = np.abs(gradient)
    directions = np.where(length >= LEAST_GRADIENT, (gradient / np.maximum(length, 1e-9)) ** 2, 0)
    return directions.astype(np.complex64)


def _resized(grey: Grey, factor: float) -> Grey:
    smooth = ndimage.gaussian_filter(grey.astype(np.float32), max(0.0, 0.4 * (1 / factor - 1)))
    zoomed: NDArray[np.float32] = ndimage.zoom(smooth, factor, order=1, mode="nearest")
    return np.clip(zoomed, 0, 255).astype(np.uint8)


def _corners(left: float, top: float, right: float, bottom: float) -> Polygon:
    return ((left, top), (right, top), (right, bottom), (left, bottom))
