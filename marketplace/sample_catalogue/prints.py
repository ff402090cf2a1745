"""Linocuts: pictures made of carved lines, printed in two inks."""

import math

import numpy as np
from PIL import Image

from .canvas import Pen, Plane, colour, cut, disc, flat, grid, inside, lay, noise, profile, shade, signed, unit

INKS = {"black": "17171c", "indigo": "1c2a5a", "oxblood": "5a1618", "forest": "15382a", "umber": "3a2415"}
SECOND_INKS = ("d8532f", "e0a030", "3f8f8a", "8ab0c8", "c85a70")


def linocut(rng: np.random.Generator, edge: int) -> Image.Image:
    """Regions of carved lines, each with a direction of its own, printed in two inks."""
    ink_name = str(rng.choice(list(INKS)))
    subject = str(rng.choice(list(SUBJECTS)))
    tint = str(rng.choice(SECOND_INKS))
    paper = flat(edge, "f0e8d6")
    shade(paper, 0.93 + 0.1 * noise(rng, edge, 90, 3, 0.7))
    block, second = SUBJECTS[subject](rng, edge)
    x, y = grid(edge)
    border = rng.uniform(0.025, 0.05) + (noise(rng, edge, 12, 3) - 0.5) * 0.008
    frame = inside(np.maximum(np.abs(x - 0.5), np.abs(y - 0.5)) - 0.5 + border, 0.004)
    hunger = np.clip(noise(rng, edge, 70, 3, 0.8) * 3.4 - 0.75, 0.35, 1)
    lay(paper, colour(tint), second * frame * hunger * 0.92)
    lay(paper, colour(INKS[ink_name]), block * frame * hunger)
    return signed(paper, f"{subject} in {ink_name}", ["linocut", "print", subject.lower(), ink_name], rng, 0.04)


def carved(rng: np.random.Generator, edge: int, tone: Plane, degrees: float, lines: float) -> Plane:
    """Ink left between gouge marks: `tone` 0 leaves bare paper, 1 solid ink."""
    x, y = grid(edge)
    turn = np.deg2rad(degrees)
    across = (
        x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn)) + (noise(rng, edge, 4, 3) - 0.5) * np.float32(0.05)
    )
    wave = 0.5 + 0.5 * np.sin(across * np.float32(2 * np.pi * lines))
    cuts = tone + (noise(rng, edge, 35, 2) - 0.5) * 0.35
    return unit((cuts - wave) * 5 + 0.5)


def _rays(rng: np.random.Generator, edge: int, sun: tuple[float, float], count: int) -> Plane:
    x, y = grid(edge)
    turn = np.arctan2(y - sun[1], x - sun[0])
    return unit(np.sin(turn * count + (noise(rng, edge, 10, 2) - 0.5)) * 4 + 0.3)


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
        crest = np.float32(base) - np.float32(rng.uniform(0.08, 0.22)) * np.where(
            part < 0.7, (part / 0.7) ** 2, ((1 - part) / 0.3) ** 0.6
        )
        below = y - crest
        turns = np.sin((below * 60 + part * 9) + noise(rng, edge, 6, 2) * 4)
        body = unit(turns * 3 + below * 6) * (below > 0.02 + 0.02 * noise(rng, edge, 40, 2)) + inside(
            np.abs(below) - 0.004, 0.003
        )
        over = inside(-below)
        block = block * (1 - over) + unit(body) * over
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
        body = np.abs(v) - 0.42 * unit(1 - u**2) ** 0.7
        tail = np.maximum(np.abs(v) - (np.abs(u + 0.85) * 0.9), np.maximum(u + 0.85, -1.35 - u))
        shape = np.minimum(np.where(np.abs(u) < 1, body, 1), tail)
        rows = v * 13
        scales = np.hypot((u * 13 + np.floor(rows) % 2 * 0.5) % 1 - 0.5, rows % 1 - 0.5)
        pattern = (
            inside(np.abs(scales - 0.42) - 0.09, 0.1) * (u < 0.55)
            + (u > 0.5) * (np.sin(u * 40) > 0.4)
            + (u < -0.85) * (np.sin(v * 50) > 0)
        )
        eye = np.hypot(u - 0.72, v + 0.08)
        pattern = np.maximum(np.maximum(pattern, inside(eye - 0.05, 0.02)), inside(np.abs(shape) - 0.03, 0.02))
        over = inside(shape - 0.03, 0.02)
        block = block * (1 - over) + unit(pattern) * over
        second = np.maximum(second, over * (v > -0.05))
    return block.astype(np.float32), second.astype(np.float32)


def _tree(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    _, y = grid(edge)
    root, ground = rng.uniform(0.25, 0.75), rng.uniform(0.75, 0.88)
    block = carved(rng, edge, np.clip(0.15 + 0.5 * (1 - y), 0, 0.6), rng.uniform(-20, 20) + 90, 30) * inside(
        y - np.float32(ground)
    )
    block = np.maximum(block, carved(rng, edge, 0.55 + 0 * y, rng.uniform(0, 180), 22) * inside(np.float32(ground) - y))
    crowns = [
        (root + rng.normal(0, 0.16), ground - rng.uniform(0.3, 0.62), rng.uniform(0.08, 0.2))
        for _ in range(int(rng.integers(3, 9)))
    ]
    second = 0 * y
    for at, level, radius in crowns:
        lump = disc(edge, (at, level), radius)
        leaves = carved(
            rng, edge, 0.4 + 0.5 * disc(edge, (at + 0.05, level + 0.06), radius, 0.2), rng.uniform(0, 180), 42
        )
        block = block * (1 - lump) + leaves * lump
        second = np.maximum(second, lump)

    def trunk(pen: Pen) -> None:
        pen.polygon(
            [
                (root - 0.035, ground + 0.03),
                (root + 0.035, ground + 0.03),
                (root + 0.015, ground - 0.45),
                (root - 0.015, ground - 0.45),
            ]
        )
        for at, level, _ in crowns:
            pen.line([(root, ground - rng.uniform(0.15, 0.35)), (at, level)], 0.014)

    return np.maximum(block, cut(edge, trunk)), second


def _village(rng: np.random.Generator, edge: int) -> tuple[Plane, Plane]:
    _, y = grid(edge)
    sun = (rng.uniform(0.1, 0.9), rng.uniform(0.05, 0.3))
    sky = _rays(rng, edge, sun, int(rng.integers(20, 60))) * inside(y - 0.9)
    ink, roofs, cleared = Pen(edge), Pen(edge), Pen(edge)
    for row in range(int(rng.integers(2, 5))):
        for left in np.arange(rng.uniform(-0.1, 0), 1, rng.uniform(0.14, 0.26)):
            right, eaves = left + rng.uniform(0.1, 0.2), 0.5 + 0.13 * row + rng.uniform(-0.06, 0.06)
            ridge = ((left + right) / 2, eaves - rng.uniform(0.06, 0.14))
            wall = [(left, 1.1), (left, eaves), (right, eaves), (right, 1.1)]
            roof = [(left - 0.02, eaves), ridge, (right + 0.02, eaves)]
            for pen, wall_ink, roof_ink in ((ink, 0.0, 0.0), (roofs, 0.0, 1.0), (cleared, 1.0, 1.0)):
                pen.polygon(wall, wall_ink)
                pen.polygon(roof, roof_ink)
            ink.line(wall, 0.008)
            ink.line([*roof, roof[0]], 0.008)
            for pane in np.arange(left + 0.02, right - 0.03, 0.045):
                far, top, sill = pane + 0.022, eaves + 0.03, eaves + 0.07
                ink.polygon([(pane, top), (far, top), (far, sill), (pane, sill)])
    return np.maximum(sky * (1 - cleared.plane()), ink.plane()), roofs.plane()


SUBJECTS = {"Fields": _fields, "Great wave": _great_wave, "Fish": _fish, "Tree": _tree, "Village": _village}
