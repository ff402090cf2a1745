"""Topographic sheets of land that does not exist."""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from .canvas import Plane, colour, flat, grid, lay, noise, ramp, relief, shade, signed, unit

SHEETS = {  # low land to high | water | ink
    "survey": ("b8cf9a dfe0a8 d8b880 b08a68 efe8e0", "a8cfe0", "6a4a34"),
    "midnight": ("0f1f3a 1f3a5a 2f5a78 5a8a9a a8d0c8", "070f20", "9ad0d8"),
    "sepia": ("efe0c0 e0c898 c8a068 a07848 704a2a", "d8cfb0", "4a2f1a"),
    "polar": ("8aa0b0 b0c4d0 d8e4ea f2f6f8 ffffff", "2f5a7a", "4a6a80"),
    "volcanic": ("2a2a2a 4a3f3a 7a4a38 b8583a f0a050", "1a2f3a", "f0d8b0"),
    "jungle": ("1f4a2f 3a6a38 6a8f40 a8b060 e8e0a0", "5aa8b0", "12301f"),
}


def topographic(rng: np.random.Generator, edge: int) -> Image.Image:
    """Contours, hill shading and water for land that does not exist."""
    sheet = str(rng.choice(list(SHEETS)))
    tints, water, ink = SHEETS[sheet]
    subject = str(rng.choice(list(SUBJECTS)))
    x, y = grid(edge)
    land = noise(rng, edge, rng.uniform(2, 4.5), 6, 0.45)
    px, py, turn = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0, np.pi)
    reach = np.hypot(x - px, y - py)
    axis = (x - px) * math.cos(turn) + (y - py) * math.sin(turn) + (noise(rng, edge, 2, 3) - 0.5) * 0.4
    lift = SUBJECTS[subject](reach, axis)
    height = land + lift
    shore = np.float32(rng.uniform(0.3, 0.42))
    dry = unit((height - shore) * 64)
    canvas = ramp(tints, unit((height - shore) / 0.7))
    shade(canvas, relief(height, rng.uniform(14, 24)) ** np.float32(0.8))
    sea = flat(edge, water)
    shade(sea, 0.8 + 0.35 * unit(height / shore))
    lay(canvas, sea, 1 - dry)
    interval = float(rng.choice([0.035, 0.05, 0.07]))
    lay(
        canvas,
        colour(ink),
        np.maximum(_contours(height, interval) * 0.45, _contours(height, interval * 5) * 0.85) * np.maximum(dry, 0.4),
    )
    lay(canvas, colour(ink), unit(1 - np.abs(height - shore) * 120))
    squares = int(rng.integers(3, 9))
    rules = np.minimum(np.abs((x * squares + 0.3) % 1 - 0.5), np.abs((y * squares + 0.6) % 1 - 0.5)) / squares * 384
    lay(canvas, colour(ink), unit(1 - rules) * 0.35)
    shade(canvas, 0.94 + 0.1 * noise(rng, edge, 30, 4, 0.7))
    return signed(
        canvas, f"{subject}, {sheet} sheet", ["map", "topography", "contours", subject.lower(), sheet], rng, 0.04
    )


def _contours(height: Plane, interval: float) -> Plane:
    """Lines of one width where the height crosses a multiple of the interval."""
    level = height / np.float32(interval)
    down, across = np.gradient(level)
    slope = np.hypot(down, across) * np.float32(height.shape[0] / 384) + 1e-4
    return unit(1.2 - np.abs((level + 0.5) % 1 - 0.5) / slope)


SUBJECTS: dict[
    str, Callable[[Plane, Plane], Plane]
] = {  # what is added to the land, by distance from a point and a line
    "Island": lambda reach, axis: 0.35 - reach * 1.2,
    "Crater": lambda reach, axis: 0.4 - np.abs(reach - 0.22) * 2.2,
    "Valley": lambda reach, axis: np.abs(axis) * 1.5 - 0.3,
    "Archipelago": lambda reach, axis: reach * 0 - 0.12,
    "Range": lambda reach, axis: 0.35 - np.abs(axis) * 1.4,
}
