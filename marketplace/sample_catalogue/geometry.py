"""Sprayed geometry after the Bauhaus, and isometric blocks."""

import math

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, Plane, code_of, colour, cut, flat, grid, lay, noise, ramp, shade, signed

POSTERS = {
    "primary": ("efe6d2", "c8321e", "1f4a8a", "e8b01e", "1a1a1a"),
    "earth": ("e8dcc8", "8a3f24", "2f4a3f", "d09a48", "2a1f1a"),
    "night": ("14182a", "e85a3f", "3f8fb8", "f0d090", "e8e4da"),
    "pastel": ("f2ece6", "d88a7a", "7a9ab0", "e8cf8a", "4a4a58"),
    "mint": ("dfeae0", "e0603f", "1f6a60", "f0c04a", "20302e"),
}


def bauhaus(rng: np.random.Generator, edge: int) -> Image.Image:
    """A few large shapes, each sprayed from one side, laid over one another."""
    palette = str(rng.choice(list(POSTERS)))
    ground, *inks = POSTERS[palette]
    canvas = flat(edge, ground)
    layout = str(rng.choice(["tiles", "diagonal", "circles", "stripes"]))
    shapes = {"tiles": _tiles, "diagonal": _diagonal, "circles": _circles, "stripes": _stripes}[layout](rng, edge)
    x, y = grid(edge)
    spray = noise(rng, edge, 150, 1)
    for mask in shapes:
        turn, ink = rng.uniform(0, 2 * np.pi), colour(str(rng.choice(inks)))
        fall = np.clip(0.55 + (x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn) + (spray - 0.5) * 0.5, 0.12, 1)
        lay(canvas, ink, mask * fall)
    shade(canvas, 0.94 + 0.1 * noise(rng, edge, 40, 3, 0.7))
    return signed(canvas, f"{layout.capitalize()}, {palette}", ["geometry", "poster", layout, palette], rng, 0.022)


def _tiles(rng: np.random.Generator, edge: int) -> list[Plane]:
    count = int(rng.integers(2, 6))
    side = 0.88 / count
    layers = [Pen(edge) for _ in range(5)]
    for row in range(count):
        for column in range(count):
            left, top = 0.06 + column * side, 0.06 + row * side
            pen, kind, quarter = layers[int(rng.integers(5))], int(rng.integers(6)), int(rng.integers(4)) * 90
            corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
            if kind == 0:
                pen.polygon(corners)
            elif kind == 1:
                pen.polygon(corners[: quarter // 90] + corners[quarter // 90 + 1 :])
            elif kind == 2:
                pen.sector(corners[quarter // 90], side, (quarter, quarter + 90))
            elif kind == 3:
                pen.dot((left + side / 2, top + side / 2), side / 2)
                pen.dot((left + side / 2, top + side / 2), side * rng.uniform(0.1, 0.35), 0.0)
            elif kind == 4:
                pen.sector((left + side / 2, top + side / 2), side / 2, (quarter, quarter + 180))
            else:
                for bar in np.linspace(0.1, 0.9, 5):
                    pen.line([(left + side * bar, top), (left + side * bar, top + side)], side * 0.09)
    return [pen.plane() for pen in layers]


def _diagonal(rng: np.random.Generator, edge: int) -> list[Plane]:
    turn, masks = rng.uniform(0, np.pi), []
    ahead, aside = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    for _ in range(int(rng.integers(5, 12))):
        middle = 0.5 + aside * rng.uniform(-0.5, 0.5) + ahead * rng.uniform(-0.3, 0.3)
        reach, half = ahead * rng.uniform(0.15, 0.8), aside * rng.choice([0.008, 0.03, 0.07, 0.12])
        bar = np.stack([middle - reach - half, middle + reach - half, middle + reach + half, middle - reach + half])
        masks.append(cut(edge, lambda pen, bar=bar: pen.polygon(bar)))
    for _ in range(int(rng.integers(1, 4))):
        at, radius = rng.uniform(0.2, 0.8, 2), rng.uniform(0.06, 0.28)
        masks.append(cut(edge, lambda pen, at=at, radius=radius: pen.dot(tuple(at), radius)))
    return masks


def _circles(rng: np.random.Generator, edge: int) -> list[Plane]:
    x, y = grid(edge)
    masks = []
    for _ in range(int(rng.integers(4, 10))):
        px, py, radius, rings = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.42), int(rng.integers(0, 5))
        reach = np.hypot(x - px, y - py)
        bands = 1 if rings == 0 else np.clip(np.sin(reach / radius * rings * 2 * np.pi) * 12, 0, 1)
        side = (x - px) * math.cos(rings) + (y - py) * math.sin(rings)
        half = 1 if rng.random() < 0.6 else np.clip(side * edge, 0, 1)
        masks.append((np.clip((radius - reach) * edge, 0, 1) * bands * half).astype(np.float32))
    return masks


def _stripes(rng: np.random.Generator, edge: int) -> list[Plane]:
    x, y = grid(edge)
    masks, axis = [], (x, y) if rng.random() < 0.5 else (y, x)
    for _ in range(int(rng.integers(4, 8))):
        start, wide, pitch = rng.uniform(0, 0.8), rng.uniform(0.1, 0.45), rng.uniform(0.02, 0.09)
        low, high = np.sort(rng.uniform(0, 1, 2))
        block = (axis[0] > start) & (axis[0] < start + wide) & (axis[1] > low) & (axis[1] < high + 0.1)
        comb = np.clip(np.sin(axis[int(rng.integers(2))] / pitch * np.pi) * pitch * edge * 0.4 + 0.5, 0, 1)
        masks.append((block * comb).astype(np.float32))
    at = rng.uniform(0.25, 0.75, 2)
    masks.append(cut(edge, lambda pen: pen.sector(tuple(at), rng.uniform(0.15, 0.4), (0, int(rng.choice([180, 270, 360]))))))
    return masks


BLOCK_COLOURS = {  # background | top, left and right faces from low to high
    "terracotta": ("f4e0c8 e0b08a", "8a3f2f d0704a f0b878 f8e4c0"),
    "lagoon": ("d8f0ee 7fc0c0", "0f4a5a 2f8a90 8fd0b8 f4f4d8"),
    "candy": ("ffe4ec d8a8d0", "6a3a8a c8609a f8a0a0 fff0c8"),
    "concrete": ("dfe2e4 a8b0b8", "3a4048 6f7880 a8aeb0 e8e6e0"),
    "neon night": ("1a1438 0a0818", "1f1a5a 6a2aa0 e0409a ffc060"),
    "meadow": ("e8f4d8 a8d0b8", "2a5a3a 6aa04a c8d070 f8f4d0"),
}


def isometric(rng: np.random.Generator, edge: int) -> Image.Image:
    """Blocks seen from a corner: stairs, towers, courts and terraces."""
    palette = str(rng.choice(list(BLOCK_COLOURS)))
    background, faces = BLOCK_COLOURS[palette]
    count = int(rng.integers(4, 10))
    plan = str(rng.choice(["Towers", "Pyramid", "Court", "Terraces", "Spiral stair", "Valley"]))
    heights = _plan(rng, plan, count)
    size = 0.46 / count
    _, y = grid(edge)
    tops = ramp(faces, (heights / max(1.0, heights.max())).astype(np.float32))
    pen = Pen(edge, "ffffff")
    mask = Pen(edge)
    lift = 0.5 + heights.max() * size * 0.45 - count * size * 0.5
    for row in range(count):
        for column in range(count):
            _block(pen, mask, rng, (row, column), heights[row, column], tops[:, row, column], size, (0.5, lift))
    canvas = ramp(background, np.clip(y + (noise(rng, edge, 3, 3) - 0.5) * 0.2, 0, 1))
    lay(canvas, pen.plane(), mask.plane())
    shade(canvas, 0.9 + 0.18 * noise(rng, edge, (4, 50), 4, 0.7))
    return signed(canvas, f"{plan} in {palette}", ["isometric", "blocks", plan.lower(), palette], rng, 0.018)


def _plan(rng: np.random.Generator, plan: str, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    row, column = np.mgrid[0:count, 0:count].astype(np.float64)
    middle = (count - 1) / 2
    ring = np.maximum(np.abs(row - middle), np.abs(column - middle))
    turn = (np.arctan2(row - middle, column - middle) / (2 * np.pi) + rng.random()) % 1
    if plan == "Pyramid":
        heights = (middle + 0.5 - ring) * rng.uniform(0.5, 1.6)
    elif plan == "Court":
        heights = np.where(ring > middle - rng.integers(1, 3), rng.uniform(1.5, 4), 0.2) * rng.uniform(0.5, 1.2, (count, count))
    elif plan == "Terraces":
        heights = np.floor((row * rng.uniform(-1, 1) + column * rng.uniform(-1, 1)) * 0.8)
    elif plan == "Spiral stair":
        heights = turn * rng.uniform(3, 6)
    elif plan == "Valley":
        heights = np.abs(row - column + rng.integers(-2, 3)) * rng.uniform(0.4, 0.8)
    else:
        heights = rng.exponential(1.4, (count, count))
    return np.clip(heights - heights.min(), 0, 5) + 0.3


def _block(
    pen: Pen, mask: Pen, rng: np.random.Generator, cell: tuple[int, int], height: float, tint: Canvas, size: float, origin: tuple[float, float]
) -> None:
    def corner(along: float, aside: float, level: float) -> tuple[float, float]:
        return origin[0] + (aside - along) * size * 0.92, origin[1] + (along + aside) * size * 0.5 - level * size

    row, column = cell
    for (a, b), light in (((row + 1, row + 1), 0.62), ((row, row + 1), 0.82)):
        left = light == 0.62
        ends = ((row + 1, column), (row + 1, column + 1)) if left else ((row + 1, column + 1), (row, column + 1))
        face = [corner(*ends[0], 0), corner(*ends[1], 0), corner(*ends[1], height), corner(*ends[0], height)]
        pen.polygon(face, code_of(tint * light))
        mask.polygon(face)
        del a, b
        for level in np.arange(0.35, height - 0.3, 0.5):
            if rng.random() < 0.45:
                inner = [tuple(np.array(ends[0]) + (np.array(ends[1]) - ends[0]) * part) for part in (0.3, 0.7)]
                pen.polygon([corner(*inner[0], level), corner(*inner[1], level), corner(*inner[1], level + 0.28), corner(*inner[0], level + 0.28)], code_of(tint * light * rng.choice([0.55, 1.5])))
    top = [corner(row, column, height), corner(row, column + 1, height), corner(row + 1, column + 1, height), corner(row + 1, column, height)]
    pen.polygon(top, code_of(tint))
    mask.polygon(top)
    pen.line([*top, top[0]], 0.003, code_of(tint * 1.15))

