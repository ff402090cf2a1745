"""Posters of sprayed geometry, after the Bauhaus."""

import math

import numpy as np
from PIL import Image

from .canvas import Pen, Plane, colour, cut, disc, flat, grid, lay, noise, shade, signed, unit

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
        fall = np.clip(0.75 + (x - 0.5) * math.cos(turn) + (y - 0.5) * math.sin(turn) + (spray - 0.5) * 0.5, 0.2, 1)
        lay(canvas, ink, mask * fall)
    shade(canvas, 0.94 + 0.1 * noise(rng, edge, 40, 3, 0.7))
    return signed(canvas, f"{layout.capitalize()}, {palette}", ["geometry", "poster", layout, palette], rng, 0.07)


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
        pen = Pen(edge)
        pen.polygon(bar)
        masks.append(pen.plane())
    for _ in range(int(rng.integers(1, 4))):
        masks.append(disc(edge, (rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.8)), rng.uniform(0.06, 0.28)))
    return masks


def _circles(rng: np.random.Generator, edge: int) -> list[Plane]:
    x, y = grid(edge)
    masks = []
    for _ in range(int(rng.integers(4, 10))):
        px, py, radius, rings = (
            rng.uniform(0.1, 0.9),
            rng.uniform(0.1, 0.9),
            rng.uniform(0.08, 0.42),
            int(rng.integers(0, 5)),
        )
        reach = np.hypot(x - px, y - py)
        bands = 1 if rings == 0 else unit(np.sin(reach / radius * rings * 2 * np.pi) * 12)
        side = (x - px) * math.cos(rings) + (y - py) * math.sin(rings)
        half = 1 if rng.random() < 0.6 else unit(side * edge)
        masks.append((unit((radius - reach) * edge) * bands * half).astype(np.float32))
    return masks


def _stripes(rng: np.random.Generator, edge: int) -> list[Plane]:
    x, y = grid(edge)
    masks, axis = [], (x, y) if rng.random() < 0.5 else (y, x)
    for _ in range(int(rng.integers(7, 14))):
        start, wide, pitch = rng.uniform(0, 0.8), rng.uniform(0.1, 0.45), rng.uniform(0.02, 0.09)
        low, high = rng.uniform(0, 0.5), rng.uniform(0.5, 1)
        block = (axis[0] > start) & (axis[0] < start + wide) & (axis[1] > low) & (axis[1] < high)
        comb = unit(np.sin(axis[int(rng.integers(2))] / pitch * np.pi) * pitch * edge * 0.4 + 0.5)
        masks.append((block * comb).astype(np.float32))
    at = rng.uniform(0.25, 0.75, 2)
    masks.append(
        cut(edge, lambda pen: pen.sector(tuple(at), rng.uniform(0.15, 0.4), (0, int(rng.choice([180, 270, 360])))))
    )
    return masks
