"""Whether two pictures are one picture: how much of each agrees with the other once a map has laid them together.

A shared region alone does not say that: a collage shares one with each of its sources.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from marketplace.core.ppm import WHOLE_PPM

VERSION = 1
GRID_PX = 96
"""Edge of the grey squares that are compared; pictures are squeezed to it by averaging."""
COLOUR_PX = 32
"""Edge of the squares in colour."""
CELLS = 8  # in each direction; each cell agrees or does not
LEAST_CORRELATION = 0.6
LEAST_COVERED = 0.5  # of a cell, to be looked at at all
FAINT_LEVELS = 6.0  # of 255 in deviation: less is noise of storing a picture, with which nothing correlates
MEAN_LEVELS = 3.0
MOST_LEVELS = 12

Square = NDArray[np.uint8]
Cells = NDArray[np.float64]


def agreement_ppm(a: Square, b: Square, map_to_b: tuple[tuple[float, ...], ...]) -> tuple[int, int]:
    """Return which part of each picture shows the same as the other, where `Match.map_to_b` has laid a over b.

    `a` and `b` are grey squares (GRID_PX, GRID_PX). A cell agrees where the levels of both correlate, whatever their
    brightness and contrast, or differ faintly, as two flat ones do; one that the other picture does not cover agrees
    with nothing.
    """
    linear, shift = np.array(map_to_b)[:, :2], np.array(map_to_b)[:, 2]
    centres = (np.arange(GRID_PX) + 0.5) / GRID_PX
    places_b = np.stack(np.meshgrid(centres, centres), axis=-1)  # (y, x) -> (x, y)
    places_a = (places_b - shift) @ np.linalg.inv(linear).T
    rows_and_columns = np.moveaxis(places_a[..., ::-1], -1, 0) * GRID_PX - 0.5
    laid = _cells(map_coordinates(a.astype(np.float64), rows_and_columns, order=1, mode="nearest"))
    below = _cells(b.astype(np.float64))
    is_covered = _cells(((places_a >= 0) & (places_a <= 1)).all(axis=-1)).mean(axis=1) >= LEAST_COVERED
    agreeing = float((is_covered & _agree(laid, below)).mean())
    part_of_a = min(agreeing / abs(float(np.linalg.det(linear))), 1.0)
    return round(part_of_a * WHOLE_PPM), round(agreeing * WHOLE_PPM)


def are_same_pixels(a: Square, b: Square) -> bool:
    """Whether two squares in colour (COLOUR_PX, COLOUR_PX, 3) are the same but for what storing them changes.

    `b` may be turned by quarters and mirrored. For pictures without features, whose hashes say nothing.
    """
    return any(_differ_little(a, turned) for turned in _ways(b))


def _ways(square: Square) -> Iterator[Square]:
    for quarters in range(4):
        turned = np.rot90(square, quarters)
        yield turned
        yield turned[:, ::-1]


def _differ_little(a: Square, b: Square) -> bool:
    levels = np.abs(a.astype(np.int16) - b)
    return bool(levels.mean() <= MEAN_LEVELS and levels.max() <= MOST_LEVELS)


def _cells(square: NDArray[Any]) -> Cells:
    """Rows of the pixels of each cell."""
    edge = GRID_PX // CELLS
    return np.asarray(square.reshape(CELLS, edge, CELLS, edge).swapaxes(1, 2).reshape(CELLS**2, edge**2), np.float64)


def _agree(a: Cells, b: Cells) -> NDArray[np.bool_]:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    do_correlate = np.vecdot(a, b) > LEAST_CORRELATION * np.sqrt(np.vecdot(a, a) * np.vecdot(b, b))
    return np.asarray(do_correlate | ((a - b).std(axis=1) < FAINT_LEVELS))
