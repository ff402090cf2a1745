"""Ink and brush on absorbent paper."""

from itertools import pairwise

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, Plane, colour, cut, disc, flat, grid, inside, lay, noise, profile, shade, signed, unit

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]
SEAL = "b8281e"


def ink_wash(rng: np.random.Generator, edge: int) -> Image.Image:
    """Brush strokes with bristles that run dry, on absorbent paper, with a seal."""
    subject = str(rng.choice(["Enso", "Bamboo", "Blossom branch", "Far hills", "Written forms", "Reeds and moon"]))
    canvas = flat(edge, str(rng.choice(["f2ece0", "e8dcc4", "f4f2ee", "dfe2dc"])))
    shade(canvas, 0.9 + 0.12 * noise(rng, edge, (20, 80), 4, 0.6))
    painted = {
        "Enso": _enso,
        "Bamboo": _bamboo,
        "Blossom branch": _blossom,
        "Far hills": _far_hills,
        "Written forms": _written,
        "Reeds and moon": _reeds,
    }
    ink = painted[subject](rng, edge, canvas)
    bleed = unit(ink * (0.72 + 0.5 * noise(rng, edge, 14, 4)))
    lay(canvas, colour(str(rng.choice(["141416", "1a1c2a", "2a1a14"]))), bleed)
    x, y = grid(edge)
    px, py = float(rng.choice([0.1, 0.9])), rng.uniform(0.75, 0.92)
    seal = inside(np.maximum(np.abs(x - px), np.abs(y - py)) - 0.035, 0.004)
    glyph = noise(rng, edge, 45, 1) > 0.42
    lay(canvas, colour(SEAL), seal * glyph)
    return signed(canvas, subject, ["ink wash", "brush", subject.lower(), "paper"], rng, 0.04)


def stroke(
    pen: Pen, rng: np.random.Generator, path: Points, width: float, dark: float = 0.95, dryness: float = 0.3
) -> None:
    """One brush stroke along a path (n, 2): many bristles, each with its own ink and its own end."""
    along = np.linspace(0, len(path) - 1, 60)
    spine = np.stack([np.interp(along, np.arange(len(path)), path[:, axis]) for axis in (0, 1)], 1)
    soft = np.stack(
        [np.convolve(np.pad(spine[:, axis], 4, mode="edge"), np.ones(9) / 9, "valid") for axis in (0, 1)], 1
    )
    tangent = np.gradient(soft, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)
    press = width * (0.55 + 0.45 * np.sin(np.linspace(0.5, 2.9, 60)))[:, None]
    bristles = max(5, int(width * 420))
    for place in np.linspace(-0.5, 0.5, bristles):
        start, end = int(rng.uniform(0, 4)), int(60 - rng.uniform(0, 60) * dryness * rng.random())
        if end - start > 2:
            pen.line((soft + normal * press * place)[start:end], width / bristles * 1.7, dark * rng.uniform(0.72, 1))


def _enso(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    start, sweep = rng.uniform(0, 2 * np.pi), rng.uniform(4.8, 6.2) * rng.choice([-1, 1])
    turn = start + np.linspace(0, sweep, 50)
    radius = rng.uniform(0.2, 0.36) * (1 + rng.uniform(-0.1, 0.1) * np.linspace(0, 1, 50))
    path = np.stack(
        [
            rng.uniform(0.42, 0.58) + radius * np.cos(turn),
            rng.uniform(0.42, 0.58) + radius * np.sin(turn) * rng.uniform(0.8, 1),
        ],
        1,
    )
    return cut(edge, lambda pen: stroke(pen, rng, path, rng.uniform(0.05, 0.13), dryness=0.9))


def _bamboo(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    def grove(pen: Pen) -> None:
        for _ in range(int(rng.integers(1, 5))):
            foot, lean, width, dark = (
                rng.uniform(0.1, 0.9),
                rng.uniform(-0.25, 0.25),
                rng.uniform(0.02, 0.055),
                rng.uniform(0.35, 0.95),
            )
            joints = np.arange(1.02, -0.1, -rng.uniform(0.14, 0.25))
            for low, high in pairwise(joints):
                path = np.array([(foot + lean * (1 - low), low - 0.006), (foot + lean * (1 - high), high + 0.006)])
                stroke(pen, rng, path, width, dark, 0.15)
                for _ in range(int(rng.integers(0, 5))):
                    turn, reach = rng.uniform(0.2, 1.3) * rng.choice([-1, 1]) + np.pi / 2, rng.uniform(0.08, 0.2)
                    tip = path[1] + np.array([np.cos(turn), np.sin(turn)]) * reach
                    stroke(
                        pen,
                        rng,
                        np.array([path[1], (path[1] + tip) / 2 + 0.01, tip]),
                        rng.uniform(0.012, 0.03),
                        dark,
                        0.5,
                    )

    return cut(edge, grove)


def _blossom(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    buds: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []

    def branch(pen: Pen, at: np.ndarray[tuple[int], np.dtype[np.float64]], turn: float, width: float) -> None:
        steps = turn + np.cumsum(rng.normal(0, 0.25, 6))
        path = at + np.cumsum(np.stack([np.cos(steps), np.sin(steps)], 1) * (0.035 + width * 0.6), axis=0)
        stroke(pen, rng, np.vstack([at, path]), width, 0.9, 0.4)
        buds.extend(path[rng.integers(1, 6, 2)])
        if width > 0.012:
            for _ in range(int(rng.integers(2, 4))):
                branch(pen, path[rng.integers(2, 6)], turn + rng.uniform(-1.1, 1.1), width * 0.6)

    corner = np.array([rng.choice([-0.02, 1.02]), rng.uniform(0.1, 1.0)])
    ink = cut(
        edge,
        lambda pen: branch(pen, corner, float(np.arctan2(0.45 - corner[1], 0.5 - corner[0])), rng.uniform(0.04, 0.065)),
    )

    def flowers(pen: Pen) -> None:
        for bud in buds:
            size = rng.uniform(0.01, 0.024)
            for petal in np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1):
                pen.dot(
                    (bud[0] + size * np.cos(petal), bud[1] + size * np.sin(petal)), size * 0.75, rng.uniform(0.5, 1)
                )

    lay(canvas, colour(str(rng.choice(["c8324a", "e08aa0", "d8a030", "7a5aa8"]))), cut(edge, flowers) * 0.85)
    return ink


def _far_hills(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    _, y = grid(edge)
    ink = 0 * y
    for top in np.linspace(rng.uniform(0.15, 0.4), rng.uniform(0.6, 0.85), int(rng.integers(2, 6))):
        below = y - (np.float32(top) - np.abs(profile(rng, edge, rng.uniform(1, 3), 5)) * np.float32(0.14))[None, :]
        wash = np.exp(-unit(below) * rng.uniform(7, 16)) * np.float32(0.25 + 0.6 * top)
        ink = np.maximum(
            ink * (1 - 0.5 * inside(-below)), wash * inside(-below, 0.006) * (0.5 + 0.8 * noise(rng, edge, (8, 14), 4))
        )
    boat = np.array([(0.0, 0.0), (0.04, 0.02), (0.09, 0.02), (0.13, -0.005)]) + rng.uniform((0.1, 0.85), (0.8, 0.95))
    return np.maximum(ink, cut(edge, lambda pen: stroke(pen, rng, boat, 0.016, 0.9, 0.2)))


def _written(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    """Signs of no script: bars, sweeps, hooks and dots in square cells."""
    columns, rows = (int(count) for count in rng.choice([(1, 1), (1, 2), (2, 2), (2, 3), (1, 3)]))
    cell = 0.86 / max(columns, rows)

    def sign(pen: Pen, corner: Points, weight: float) -> None:
        for level in rng.choice([0.15, 0.35, 0.55, 0.8], int(rng.integers(1, 4)), replace=False):
            ends = rng.uniform(0.05, 0.3), rng.uniform(0.7, 0.95)
            stroke(
                pen,
                rng,
                np.array([(ends[0], level + 0.04), (0.5, level), (ends[1], level - 0.03)]) * cell + corner,
                weight,
                dryness=0.5,
            )
        upright = rng.uniform(0.35, 0.65)
        stroke(
            pen,
            rng,
            np.array([(upright, 0.04), (upright + 0.02, 0.5), (upright, 0.95)]) * cell + corner,
            weight * 1.1,
            dryness=0.4,
        )
        for side in rng.choice([-1.0, 1.0], int(rng.integers(1, 3))):
            sweep = np.array(
                [(upright, 0.4), (upright + side * 0.15, 0.65), (upright + side * rng.uniform(0.3, 0.5), 0.92)]
            )
            stroke(pen, rng, sweep * cell + corner, weight, dryness=0.8)
        pen.dot(tuple(rng.uniform(0.1, 0.9, 2) * cell + corner), weight * 0.5)

    def sheet(pen: Pen) -> None:
        for row in range(rows):
            for column in range(columns):
                start = np.array([0.5 - columns * cell / 2 + column * cell, 0.5 - rows * cell / 2 + row * cell])
                sign(pen, start, cell * rng.uniform(0.07, 0.15))

    return cut(edge, sheet)


def _reeds(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    lay(
        canvas,
        colour(str(rng.choice(["e8b04a", "c84a32", "fdfaf0", "8aa0b0"]))),
        disc(edge, tuple(rng.uniform(0.2, 0.8, 2) * (1, 0.6)), rng.uniform(0.08, 0.2), 0.01) * 0.85,
    )

    def marsh(pen: Pen) -> None:
        for _ in range(int(rng.integers(8, 40))):
            foot, bend, tall = rng.uniform(0, 1), rng.normal(0.0, 0.2), rng.uniform(0.2, 0.75)
            path = np.array([(foot, 1.02), (foot + bend * 0.3, 1 - tall * 0.6), (foot + bend, 1 - tall)])
            stroke(pen, rng, path, rng.uniform(0.012, 0.022), rng.uniform(0.3, 0.95), 0.4)

    return cut(edge, marsh)
