"""Isometric blocks: stairs, towers, courts and terraces, seen from a corner."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Canvas, Pen, Point, blur, code_of, grid, lay, noise, ramp, shade, signed

Heights = NDArray[np.float64]
Spot = tuple[float, float, float]
COLOURS = {  # background | walls from low to high
    "terracotta": ("f4e0c8 e0b08a", "8a3f2f d0704a f0b878 f8e4c0"),
    "lagoon": ("d8f0ee 7fc0c0", "0f4a5a 2f8a90 8fd0b8 f4f4d8"),
    "candy": ("ffe4ec d8a8d0", "6a3a8a c8609a f8a0a0 fff0c8"),
    "sage": ("e8efe6 b8ccc0", "2f4a48 7a9a88 c8b888 f4ead0"),
    "neon night": ("1a1438 0a0818", "1f1a5a 6a2aa0 e0409a ffc060"),
    "meadow": ("e8f4d8 a8d0b8", "2a5a3a 6aa04a c8d070 f8f4d0"),
    "clay and sky": ("a8d0e8 e8f0f0", "a83f2a d87a48 e8b890 fff4e8"),
    "graphite": ("2a2c30 14151a", "1a1c22 3f4450 8a8f98 f0b040"),
}
LEFT_LIGHT, RIGHT_LIGHT = 0.62, 0.82


@dataclass(frozen=True)
class Site:
    """Where the blocks stand: the point of the farthest corner, the edge of one cell, and the pens that draw them."""

    origin: Point
    cell: float
    pen: Pen
    cover: Pen

    def corner(self, along: float, aside: float, level: float) -> Point:
        return (
            self.origin[0] + (aside - along) * self.cell * 0.92,
            self.origin[1] + (along + aside) * self.cell * 0.5 - level * self.cell,
        )

    def face(self, corners: list[Spot], tint: Canvas) -> None:
        outline = [self.corner(*corner) for corner in corners]
        self.pen.polygon(outline, code_of(tint))
        self.cover.polygon(outline)


def isometric(rng: np.random.Generator, edge: int) -> Image.Image:
    """A small town of blocks, near or far, with windows in its walls and haze at its foot."""
    palette, plan = str(rng.choice(list(COLOURS))), str(rng.choice(list(PLANS)))
    background, walls = COLOURS[palette]
    count = int(rng.integers(4, 11))
    heights = PLANS[plan](rng, count)
    heights = np.clip(heights - heights.min(), 0, 5.5) * rng.uniform(0.7, 1.3) + 0.3
    cell = rng.uniform(0.48, 0.78) / count
    top = 0.5 + heights.mean() * cell * 0.5 - count * cell * 0.5
    site = Site((rng.uniform(0.35, 0.65), top + rng.uniform(-0.08, 0.08)), cell, Pen(edge, "ffffff"), Pen(edge))
    tints = ramp(walls, heights / heights.max())
    windows = rng.uniform(0.1, 0.8)
    for row, column in np.ndindex(count, count):
        _block(site, rng, (row, column, heights[row, column]), tints[:, row, column], windows)
    _, y = grid(edge)
    canvas = ramp(background, y + (noise(rng, edge, 3, 3) - 0.5) * 0.2)
    cover = site.cover.plane()
    shade(canvas, 1 - 0.35 * np.roll(blur(cover, 0.05), edge // 16, 0))
    lay(canvas, site.pen.plane(), cover)
    shade(canvas, 0.88 + 0.2 * noise(rng, edge, (4, 50), 4, 0.7))
    lay(canvas, ramp(background, y), cover * np.clip((y - 0.62) * 1.3, 0, 0.5))
    return signed(canvas, f"{plan} in {palette}", ["isometric", "blocks", plan.lower(), palette], rng, 0.05)


def _block(site: Site, rng: np.random.Generator, block: tuple[int, int, float], tint: Canvas, windows: float) -> None:
    row, column, height = block
    left, middle, right = (row + 1, column), (row + 1, column + 1), (row, column + 1)
    for start, end, light in ((left, middle, LEFT_LIGHT), (middle, right, RIGHT_LIGHT)):
        site.face([(*start, 0), (*end, 0), (*end, height), (*start, height)], tint * light)
        near, far = (
            (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part) for part in (0.3, 0.7)
        )
        for level in np.arange(0.35, height - 0.3, 0.5):
            if rng.random() < windows:
                shine = tint * light * rng.choice([0.55, 1.5])
                site.face([(*near, level), (*far, level), (*far, level + 0.28), (*near, level + 0.28)], shine)
    top: list[Spot] = [(row, column, height), (*right, height), (*middle, height), (*left, height)]
    site.face(top, tint)
    site.pen.line([site.corner(*corner) for corner in [*top, top[0]]], 0.003, code_of(tint * 1.15))


def _centred(count: int) -> tuple[Heights, Heights]:
    row, column = np.mgrid[0:count, 0:count] - (count - 1) / 2
    return row, column


def _towers(rng: np.random.Generator, count: int) -> Heights:
    return rng.exponential(1.4, (count, count))


def _pyramid(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    return -np.maximum(np.abs(row - rng.uniform(-1, 1)), np.abs(column - rng.uniform(-1, 1))) * rng.uniform(0.5, 1.6)


def _court(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    walled = np.maximum(np.abs(row), np.abs(column)) > count / 2 - 0.5 - rng.integers(1, 3)
    return np.where(walled, rng.uniform(1.5, 4) * rng.uniform(0.5, 1.2, (count, count)), 0)


def _terraces(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    return np.floor((row * rng.uniform(-1, 0.3) + column * rng.uniform(-1, 0.3)) * 0.8)


def _spiral_stair(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    return (np.arctan2(row, column) / (2 * np.pi) + rng.random()) % 1 * rng.uniform(3, 6)


def _valley(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    crease: Heights = np.abs(row + rng.choice([-1, 1]) * column + rng.integers(-2, 3))
    return crease * rng.uniform(0.4, 0.8)


def _rolling(rng: np.random.Generator, count: int) -> Heights:
    row, column = _centred(count)
    return 1.5 * np.sin(row * rng.uniform(0.4, 1.4) + rng.uniform(0, 6)) + 1.5 * np.cos(column * rng.uniform(0.4, 1.4))


PLANS = {
    "Towers": _towers,
    "Pyramid": _pyramid,
    "Court": _court,
    "Terraces": _terraces,
    "Spiral stair": _spiral_stair,
    "Valley": _valley,
    "Rolling blocks": _rolling,
}
