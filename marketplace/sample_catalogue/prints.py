"""Linocut, ink and brush: pictures made of marks on paper."""

import math

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, Plane, colour, cut, disc, flat, grid, inside, lay, noise, profile, shade, signed

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]
INKS = {"black": "17171c", "indigo": "1c2a5a", "oxblood": "5a1618", "forest": "15382a", "umber": "3a2415"}
SECOND_INKS = ("d8532f", "e0a030", "3f8f8a", "8ab0c8", "c85a70")


def linocut(rng: np.random.Generator, edge: int) -> Image.Image:
    """Regions of carved lines, each with a direction of its own, printed in two inks."""
    ink_name = str(rng.choice(list(INKS)))
    subject = str(rng.choice(["Fields", "Great wave", "Fish", "Tree", "Village"]))
    tint = str(rng.choice(SECOND_INKS))
    paper = flat(edge, "f0e8d6")
    shade(paper, 0.93 + 0.1 * noise(rng, edge, 90, 3, 0.7))
    block, second = {"Fields": _fields, "Great wave": _great_wave, "Fish": _fish, "Tree": _tree, "Village": _village}[subject](rng, edge)
    x, y = grid(edge)
    border = rng.uniform(0.025, 0.05) + (noise(rng, edge, 12, 3) - 0.5) * 0.008
    frame = inside(np.maximum(np.abs(x - 0.5), np.abs(y - 0.5)) - 0.5 + border, 0.004)
    hunger = np.clip(noise(rng, edge, 70, 3, 0.8) * 3.4 - 0.75, 0.35, 1)
    lay(paper, colour(tint), second * frame * hunger * 0.92)
    lay(paper, colour(INKS[ink_name]), block * frame * hunger)
    return signed(paper, f"{subject} in {ink_name}", ["linocut", "print", subject.lower(), ink_name], rng, 0.012)


def carved(rng: np.random.Generator, edge: int, tone: Plane, degrees: float, lines: float) -> Plane:
    """Ink left between gouge marks: `tone` 0 leaves bare paper, 1 solid ink."""
    x, y = grid(edge)
    turn = np.deg2rad(degrees)
    across = x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn)) + (noise(rng, edge, 4, 3) - 0.5) * np.float32(0.05)
    wave = 0.5 + 0.5 * np.sin(across * np.float32(2 * np.pi * lines))
    cuts = tone + (noise(rng, edge, 35, 2) - 0.5) * 0.35
    return np.clip((cuts - wave) * 5 + 0.5, 0, 1)


def _rays(rng: np.random.Generator, edge: int, sun: tuple[float, float], count: int) -> Plane:
    x, y = grid(edge)
    turn = np.arctan2(y - sun[1], x - sun[0])
    return np.clip(np.sin(turn * count + (noise(rng, edge, 10, 2) - 0.5)) * 4 + 0.3, 0, 1)


def _fields(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    _, y = grid(edge)
    sun = (rng.uniform(0.15, 0.85), rng.uniform(0.12, 0.35))
    block = _rays(rng, edge, sun, int(rng.integers(14, 40)))
    sunlight = disc(edge, sun, rng.uniform(0.07, 0.15))
    block *= 1 - sunlight
    for top in np.linspace(rng.uniform(0.35, 0.5), 0.92, int(rng.integers(4, 8))):
        line = np.float32(top) + profile(rng, edge, 1.5, 3, 0.4) * np.float32(0.07)
        below = y - line[None, :]
        field = carved(rng, edge, np.clip(0.15 + below * 3, 0.1, 0.9), rng.uniform(0, 180), rng.uniform(14, 40))
        field = np.maximum(field, inside(np.abs(below) - 0.006, 0.004))
        lay(block, field, inside(-below))
    return block, np.maximum(sunlight, inside(np.float32(0.62) - y) * (noise(rng, edge, 3, 2) > 0.5))


def _great_wave(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    x, y = grid(edge)
    sky = carved(rng, edge, np.clip(0.5 - y, 0, 0.4), 90, 45)
    moon = disc(edge, (rng.uniform(0.15, 0.85), rng.uniform(0.12, 0.3)), rng.uniform(0.06, 0.12))
    block, second = sky * (1 - moon), moon
    for row in range(int(rng.integers(3, 6))):
        base, pitch, start = 0.42 + 0.14 * row, rng.uniform(0.25, 0.6), rng.uniform(0, 1)
        part = ((x + start) / np.float32(pitch)) % 1
        crest = np.float32(base) - np.float32(rng.uniform(0.08, 0.22)) * np.where(part < 0.7, (part / 0.7) ** 2, ((1 - part) / 0.3) ** 0.6)
        below = y - crest
        turns = np.sin((below * 60 + part * 9) + noise(rng, edge, 6, 2) * 4)
        body = np.clip(turns * 3 + below * 6, 0, 1) * (below > 0.02 + 0.02 * noise(rng, edge, 40, 2)) + inside(np.abs(below) - 0.004, 0.003)
        over = inside(-below)
        block = block * (1 - over) + np.clip(body, 0, 1) * over
        second = second * (1 - over) + over * (below > 0.09)
    return block, second.astype(np.float32)


def _fish(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    x, y = grid(edge)
    block, second = carved(rng, edge, 0.62 + 0 * x, rng.uniform(70, 110), rng.uniform(18, 34)), 0 * x
    for _ in range(int(rng.integers(1, 5))):
        size, tilt, heading = rng.uniform(0.16, 0.36), rng.uniform(-0.6, 0.6), float(rng.choice([-1.0, 1.0]))
        px, py = rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.75)
        u = ((x - px) * math.cos(tilt) + (y - py) * math.sin(tilt)) * np.float32(heading / size)
        v = ((y - py) * math.cos(tilt) - (x - px) * math.sin(tilt)) / np.float32(size)
        body = np.abs(v) - 0.42 * np.clip(1 - u**2, 0, 1) ** 0.7
        tail = np.maximum(np.abs(v) - (np.abs(u + 0.85) * 0.9), np.maximum(u + 0.85, -1.35 - u))
        shape = np.minimum(np.where(np.abs(u) < 1, body, 1), tail)
        rows = v * 13
        scales = np.hypot((u * 13 + np.floor(rows) % 2 * 0.5) % 1 - 0.5, rows % 1 - 0.5)
        pattern = inside(np.abs(scales - 0.42) - 0.09, 0.1) * (u < 0.55) + (u > 0.5) * (np.sin(u * 40) > 0.4) + (u < -0.85) * (np.sin(v * 50) > 0)
        eye = np.hypot(u - 0.72, v + 0.08)
        pattern = np.maximum(np.maximum(pattern, inside(eye - 0.05, 0.02)), inside(np.abs(shape) - 0.03, 0.02))
        over = inside(shape - 0.03, 0.02)
        block = block * (1 - over) + np.clip(pattern, 0, 1) * over
        second = np.maximum(second, over * (v > -0.05))
    return block.astype(np.float32), second.astype(np.float32)


def _tree(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    _, y = grid(edge)
    root, ground = rng.uniform(0.25, 0.75), rng.uniform(0.75, 0.88)
    block = carved(rng, edge, np.clip(0.15 + 0.5 * (1 - y), 0, 0.6), rng.uniform(-20, 20) + 90, 30) * inside(y - np.float32(ground))
    block = np.maximum(block, carved(rng, edge, 0.55 + 0 * y, rng.uniform(0, 180), 22) * inside(np.float32(ground) - y))
    crowns = [(root + rng.normal(0, 0.16), ground - rng.uniform(0.3, 0.62), rng.uniform(0.08, 0.2)) for _ in range(int(rng.integers(3, 9)))]
    second = 0 * y
    for at, level, radius in crowns:
        lump = disc(edge, (at, level), radius)
        leaves = carved(rng, edge, 0.4 + 0.5 * disc(edge, (at + 0.05, level + 0.06), radius, 0.2), rng.uniform(0, 180), 42)
        block = block * (1 - lump) + leaves * lump
        second = np.maximum(second, lump)

    def trunk(pen: Pen) -> None:
        pen.polygon([(root - 0.035, ground + 0.03), (root + 0.035, ground + 0.03), (root + 0.015, ground - 0.45), (root - 0.015, ground - 0.45)])
        for at, level, _ in crowns:
            pen.line([(root, ground - rng.uniform(0.15, 0.35)), (at, level)], 0.014)

    return np.maximum(block, cut(edge, trunk)), second


def _village(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    _, y = grid(edge)
    sun = (rng.uniform(0.1, 0.9), rng.uniform(0.05, 0.3))
    block = _rays(rng, edge, sun, int(rng.integers(20, 60))) * inside(y - 0.9)
    roofs_all = 0 * y
    for row in range(int(rng.integers(2, 5))):
        for at in np.arange(rng.uniform(-0.1, 0), 1, rng.uniform(0.14, 0.26)):
            wide, eaves, tall = rng.uniform(0.1, 0.2), 0.5 + 0.13 * row + rng.uniform(-0.06, 0.06), rng.uniform(0.06, 0.14)
            wall = cut(edge, lambda pen, a=at, w=wide, e=eaves: pen.polygon([(a, e), (a + w, e), (a + w, 1.1), (a, 1.1)]))
            roof = cut(edge, lambda pen, a=at, w=wide, e=eaves, t=tall: pen.polygon([(a - 0.02, e), (a + w / 2, e - t), (a + w + 0.02, e)]))
            block = block * (1 - wall) * (1 - roof)
            roofs_all = roofs_all * (1 - wall) * (1 - roof) + roof
            for pane in np.arange(at + 0.02, at + wide - 0.03, 0.045):
                block = np.maximum(block, cut(edge, lambda pen, p=pane, e=eaves: pen.polygon([(p, e + 0.03), (p + 0.022, e + 0.03), (p + 0.022, e + 0.07), (p, e + 0.07)])))
            block = np.maximum(block, cut(edge, lambda pen, a=at, w=wide, e=eaves, t=tall: pen.line([(a, 1), (a, e), (a - 0.02, e), (a + w / 2, e - t), (a + w + 0.02, e), (a + w, e), (a + w, 1)], 0.008)))
    return block, roofs_all


SEAL = "b8281e"


def ink_wash(rng: np.random.Generator, edge: int) -> Image.Image:
    """Brush strokes with bristles that run dry, on absorbent paper, with a seal."""
    subject = str(rng.choice(["Enso", "Bamboo", "Blossom branch", "Far hills", "Written forms", "Reeds and moon"]))
    canvas = flat(edge, str(rng.choice(["f2ece0", "e8dcc4", "f4f2ee", "dfe2dc"])))
    shade(canvas, 0.9 + 0.12 * noise(rng, edge, (20, 80), 4, 0.6))
    painted = {"Enso": _enso, "Bamboo": _bamboo, "Blossom branch": _blossom, "Far hills": _far_hills, "Written forms": _written, "Reeds and moon": _reeds}
    ink = painted[subject](rng, edge, canvas)
    bleed = np.clip(ink * (0.72 + 0.5 * noise(rng, edge, 14, 4)), 0, 1)
    lay(canvas, colour(str(rng.choice(["141416", "1a1c2a", "2a1a14"]))), bleed)
    x, y = grid(edge)
    px, py = float(rng.choice([0.1, 0.9])), rng.uniform(0.75, 0.92)
    seal = inside(np.maximum(np.abs(x - px), np.abs(y - py)) - 0.035, 0.004)
    glyph = noise(rng, edge, 45, 1) > 0.42
    lay(canvas, colour(SEAL), seal * glyph)
    return signed(canvas, subject, ["ink wash", "brush", subject.lower(), "paper"], rng, 0.012)


def stroke(pen: Pen, rng: np.random.Generator, path: Points, width: float, dark: float = 0.95, dryness: float = 0.3) -> None:
    """One brush stroke along a path (n, 2): many bristles, each with its own ink and its own end."""
    along = np.linspace(0, len(path) - 1, 60)
    spine = np.stack([np.interp(along, np.arange(len(path)), path[:, axis]) for axis in (0, 1)], 1)
    soft = np.stack([np.convolve(np.pad(spine[:, axis], 4, mode="edge"), np.ones(9) / 9, "valid") for axis in (0, 1)], 1)
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
    path = np.stack([rng.uniform(0.42, 0.58) + radius * np.cos(turn), rng.uniform(0.42, 0.58) + radius * np.sin(turn) * rng.uniform(0.8, 1)], 1)
    return cut(edge, lambda pen: stroke(pen, rng, path, rng.uniform(0.05, 0.13), dryness=0.9))


def _bamboo(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    def grove(pen: Pen) -> None:
        for _ in range(int(rng.integers(1, 5))):
            foot, lean, width, dark = rng.uniform(0.1, 0.9), rng.uniform(-0.25, 0.25), rng.uniform(0.02, 0.055), rng.uniform(0.35, 0.95)
            joints = np.arange(1.02, -0.1, -rng.uniform(0.14, 0.25))
            for low, high in zip(joints[:-1], joints[1:], strict=True):
                path = np.array([(foot + lean * (1 - low), low - 0.006), (foot + lean * (1 - high), high + 0.006)])
                stroke(pen, rng, path, width, dark, 0.15)
                for _ in range(int(rng.integers(0, 5))):
                    turn, reach = rng.uniform(0.2, 1.3) * rng.choice([-1, 1]) + np.pi / 2, rng.uniform(0.08, 0.2)
                    tip = path[1] + np.array([np.cos(turn), np.sin(turn)]) * reach
                    stroke(pen, rng, np.array([path[1], (path[1] + tip) / 2 + 0.01, tip]), rng.uniform(0.012, 0.03), dark, 0.5)

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
    ink = cut(edge, lambda pen: branch(pen, corner, float(np.arctan2(0.45 - corner[1], 0.5 - corner[0])), rng.uniform(0.04, 0.065)))

    def flowers(pen: Pen) -> None:
        for bud in buds:
            size = rng.uniform(0.01, 0.024)
            for petal in np.arange(5) * 2 * np.pi / 5 + rng.uniform(0, 1):
                pen.dot((bud[0] + size * np.cos(petal), bud[1] + size * np.sin(petal)), size * 0.75, rng.uniform(0.5, 1))

    lay(canvas, colour(str(rng.choice(["c8324a", "e08aa0", "d8a030", "f8f4f0"]))), cut(edge, flowers) * 0.85)
    return ink


def _far_hills(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    _, y = grid(edge)
    ink = 0 * y
    for top in np.linspace(rng.uniform(0.15, 0.4), rng.uniform(0.6, 0.85), int(rng.integers(2, 6))):
        below = y - (np.float32(top) - np.abs(profile(rng, edge, rng.uniform(1, 3), 5)) * np.float32(0.14))[None, :]
        wash = np.exp(-np.clip(below, 0, 1) * rng.uniform(7, 16)) * np.float32(0.25 + 0.6 * top)
        ink = np.maximum(ink * (1 - 0.5 * inside(-below)), wash * inside(-below, 0.006) * (0.5 + 0.8 * noise(rng, edge, (8, 14), 4)))
    boat = np.array([(0.0, 0.0), (0.04, 0.02), (0.09, 0.02), (0.13, -0.005)]) + rng.uniform((0.1, 0.85), (0.8, 0.95))
    return np.maximum(ink, cut(edge, lambda pen: stroke(pen, rng, boat, 0.016, 0.9, 0.2)))


def _written(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    def column(pen: Pen) -> None:
        signs = int(rng.integers(1, 4))
        cell = 0.84 / signs
        for row in range(signs):
            for _ in range(int(rng.integers(3, 8))):
                start = rng.uniform(0.15, 0.85, 2)
                turn = rng.choice([0.0, 0.1, 1.55, 0.8, 2.3]) + rng.normal(0, 0.12)
                end = np.clip(start + np.array([np.cos(turn), np.sin(turn)]) * rng.uniform(0.25, 0.7), 0, 1)
                bend = (start + end) / 2 + rng.normal(0, 0.07, 2)
                path = np.stack([start, bend, end]) * cell + (0.5 - cell / 2, 0.08 + row * cell)
                stroke(pen, rng, path, cell * rng.uniform(0.06, 0.14), 0.97, 0.6)

    return cut(edge, column)


def _reeds(rng: np.random.Generator, edge: int, canvas: Canvas) -> Plane:
    lay(canvas, colour(str(rng.choice(["e8b04a", "c84a32", "fdfaf0", "8aa0b0"]))), disc(edge, tuple(rng.uniform(0.2, 0.8, 2) * (1, 0.6)), rng.uniform(0.08, 0.2), 0.01) * 0.85)

    def marsh(pen: Pen) -> None:
        for _ in range(int(rng.integers(8, 40))):
            foot, bend, tall = rng.uniform(0, 1), rng.normal(0.0, 0.2), rng.uniform(0.2, 0.75)
            path = np.array([(foot, 1.02), (foot + bend * 0.3, 1 - tall * 0.6), (foot + bend, 1 - tall)])
            stroke(pen, rng, path, rng.uniform(0.012, 0.022), rng.uniform(0.3, 0.95), 0.4)

    return cut(edge, marsh)
