"""Carved and painted masks: a face as a relief, mirrored about its axis."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Canvas, Pen, Plane, blur, colour, flat, grid, inside, lay, mixed, noise, relief, shade, signed, unit

Paints = tuple[str, str, str]
Face = tuple[float, float, float, float]  # middle, centre, half width, half height
PAINTS = {  # ground | face | three paints
    "cedar": ("2a3438", "8a4a2a", ("1a1a1a", "b83224", "e8dcc0")),
    "chalk": ("6a2420", "e8e0d0", ("1f1f24", "c8402a", "2f5a6a")),
    "indigo": ("c89a48", "24346a", ("f0e8d8", "d86a2a", "6ab0c0")),
    "bronze": ("1a2420", "a8783a", ("2f5a48", "f0d080", "3a1f10")),
    "jade": ("3a1f2a", "5a9a78", ("f0e8c8", "1f3a2a", "d8a030")),
    "ember": ("12141c", "b8381f", ("f0c040", "1a1010", "f4ecdc")),
    "sand": ("38506a", "d8b888", ("6a3a20", "f4f0e4", "2a6a6a")),
}
PLUMES = {"feathers": 0.03, "rays": 0.02, "leaves": 0.045}  # half their width
MOODS = ("Laughing", "Silent", "Astonished", "Stern", "Sleeping")


def mask(rng: np.random.Generator, edge: int) -> Image.Image:
    """A mask before a wall, with a crown of feathers, rays or horns, lit from one side."""
    paint, mood = str(rng.choice(list(PAINTS))), str(rng.choice(MOODS))
    ground, skin, paints = PAINTS[paint]
    x, y = grid(edge)
    middle, half, tall = rng.uniform(0.44, 0.56), rng.uniform(0.2, 0.3), rng.uniform(0.3, 0.4)
    centre = rng.uniform(0.5, 0.6)
    u, v = np.abs(x - np.float32(middle)) / np.float32(half), (y - np.float32(centre)) / np.float32(tall)
    jaw = 1 - np.float32(rng.uniform(-0.1, 0.45)) * np.clip(v, -0.3, 1)
    power = float(rng.uniform(1.7, 3.4))
    outline = (np.abs(u / jaw) ** power + np.abs(v) ** power) ** np.float32(1 / power)
    canvas = _wall(rng, edge, ground)
    crown = _crown(canvas, rng, (middle, centre, half, tall), paints)
    light = (float(rng.choice([-0.8, 0.8])), -0.7)
    cast = np.roll(outline, (edge // 30, -int(light[0] * edge // 25)), (0, 1))
    shade(canvas, 1 - 0.65 * np.exp(-np.maximum(cast - 0.9, 0) * 7))
    height, holes, lips = _features(rng, u, v, outline, mood)
    face = flat(edge, skin)
    grain = noise(rng, edge, (40, 5), 4, 0.6)
    face *= 0.8 + 0.35 * grain
    worn = np.clip(noise(rng, edge, 30, 3, 0.7) * 5 - 1, 0.2, 1)
    for tint in paints:
        lay(face, colour(tint), _marking(rng, worn, u, v) * np.float32(0.92))
    lay(face, colour(paints[1]), lips * 0.9)
    shade(face, relief(height + 0.01 * grain, 34, light))
    lay(face, colour("0c0a0a"), holes)
    face += unit(relief(height, 20, light) - 1.25) * np.float32(0.35)
    lay(canvas, face, inside(outline - 1, 0.015))
    return signed(canvas, f"{mood} mask with {crown}", ["mask", "carving", mood.lower(), crown, paint], rng, 0.06)


def _wall(rng: np.random.Generator, edge: int, ground: str) -> Canvas:
    x, y = grid(edge)
    canvas = flat(edge, ground)
    texture = noise(rng, edge, (6, 6), 6, 0.65)
    shade(canvas, relief(texture, 5) * (0.75 + 0.4 * texture) * (1.15 - 1.1 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)))
    return canvas


def _crown(canvas: Canvas, rng: np.random.Generator, face: Face, paints: Paints) -> str:
    """What rises behind the face, painted in place; returns its name."""
    edge = canvas.shape[-1]
    kind = str(rng.choice([*PLUMES, "horns", "rings"]))
    pen, cover = Pen(edge, "000000"), Pen(edge)
    if kind == "horns":
        _horns((pen, cover), rng, face, paints)
    else:
        _fan((pen, cover), rng, face, paints, PLUMES.get(kind, 0.0))
    plate = cover.plane()
    shade(canvas, 1 - 0.5 * np.roll(blur(plate, 0.02), edge // 40, 0))
    lay(canvas, pen.plane() * relief(blur(plate, 0.006), 3), plate)
    return kind


def _fan(pens: tuple[Pen, Pen], rng: np.random.Generator, face: Face, paints: Paints, wide: float) -> None:
    """Plumes of the given width round the face, or beads where they have none."""
    pen, cover = pens
    middle, size = np.array(face[:2]), np.array(face[2:])
    count, reach, spread = int(rng.integers(9, 30)), rng.uniform(1.3, 1.75), rng.uniform(1.2, math.pi)
    for index in range(count):
        turn = -math.pi / 2 + spread * (2 * (index + 0.5) / count - 1)
        ahead, aside = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)]) * wide
        root, tip = middle + ahead * size * 0.75, middle + ahead * size * reach * (1 + 0.12 * (index % 2))
        belly, tint = (root + tip * 2) / 3, paints[index % 3]
        if wide:
            plume = np.stack([root - aside * 0.4, belly - aside, tip, belly + aside, root + aside * 0.4])
            pen.polygon(plume, mixed(tint, "000000", 0.15 * (index % 2)))
            pen.line([tuple(root), tuple(tip)], 0.004, mixed(tint, "000000", 0.5))
            cover.polygon(plume)
        else:
            pen.dot(tuple(tip), 0.035, tint)
            pen.dot(tuple(tip), 0.017, paints[(index + 1) % 3])
            cover.dot(tuple(tip), 0.035)


def _horns(pens: tuple[Pen, Pen], rng: np.random.Generator, face: Face, paints: Paints) -> None:
    middle, centre, half, tall = face
    curl, thick = rng.uniform(1.4, 2.8), rng.uniform(0.04, 0.065)
    for side in (-1, 1):
        for part in np.linspace(0, 1, 40):
            at = (middle + side * half * (0.7 + 0.6 * math.sin(part * curl)), centre - tall * (0.7 + 0.75 * part))
            pens[0].dot(at, thick * (1.05 - part), mixed(paints[0], paints[2], 0.3 + 0.5 * part))
            pens[1].dot(at, thick * (1.05 - part))


def _bump(values: Plane, width: float) -> Plane:
    """1 where the values are 0, falling off over the width."""
    rounded: Plane = np.exp(-np.square(values / np.float32(width)))
    return rounded


def _features(rng: np.random.Generator, u: Plane, v: Plane, outline: Plane, mood: str) -> tuple[Plane, Plane, Plane]:
    """The height of the face, and masks of its holes and its lips."""
    eye_level = rng.uniform(-0.3, -0.08)
    brow_and_eye, eye = _eyes(rng, u, v, eye_level, mood)
    long, wide = rng.uniform(0.25, 0.42), rng.uniform(0.07, 0.15)
    along = unit((v - eye_level + 0.1) / long)
    nose = _bump(u / (0.45 + along), wide) * along * (v < eye_level + long - 0.07)
    lip, gape = _mouth(rng, u, v, mood)
    cheek = _bump(u - 0.5, 0.22) * _bump(v - 0.22, 0.2)
    height = np.sqrt(unit(1 - outline**2)) * 0.34 + brow_and_eye + 0.17 * nose + 0.05 * lip + 0.06 * cheek
    return blur(height, 0.003), np.maximum(eye, gape), (lip > 0.6) * (1 - gape)


def _eyes(rng: np.random.Generator, u: Plane, v: Plane, level: float, mood: str) -> tuple[Plane, Plane]:
    """The relief of brows, sockets and lids, and a mask of the eyes."""
    at, wide = rng.uniform(0.34, 0.46), rng.uniform(0.17, 0.27)
    tall = {"Sleeping": 0.03, "Astonished": 0.16, "Stern": 0.06}.get(mood, 0.09) * rng.uniform(0.8, 1.25)
    slant = (rng.uniform(-0.35, 0.35) + (0.35 if mood == "Stern" else 0)) * (u - at)
    eye = np.hypot((u - at) / wide, (v - level + slant) / tall)
    brow = _bump(v - level + 0.17 + slant * 1.5, 0.055) * _bump(np.square(u - at), 0.13)
    return 0.09 * brow - 0.06 * _bump(np.square(eye), 2.9) + 0.03 * _bump(eye - 1.25, 0.25), inside(eye - 1, 0.12)


def _mouth(rng: np.random.Generator, u: Plane, v: Plane, mood: str) -> tuple[Plane, Plane]:
    """The relief of the lips, and a mask of the open mouth, with teeth left in a laugh."""
    at, wide = rng.uniform(0.48, 0.62), rng.uniform(0.2, 0.45) * (0.5 if mood == "Astonished" else 1)
    tall = {"Laughing": 0.1, "Astonished": 0.16, "Stern": 0.03}.get(mood, 0.022)
    curl = {"Laughing": -0.6, "Stern": 0.42}.get(mood, 0.0) * rng.uniform(0.6, 1.3)
    drop = v - at - curl * u**2
    lip = _bump(np.hypot(u / wide, drop / (tall + 0.06)) - 0.85, 0.3)
    gape = inside(np.hypot(u / wide, drop / tall) - 1, 0.1)
    if mood == "Laughing":
        gape *= 1 - 0.85 * ((np.abs((u * 9) % 1 - 0.5) < 0.4) & (np.abs(drop) > tall * 0.35))
    return lip, gape


def _marking(rng: np.random.Generator, worn: Plane, u: Plane, v: Plane) -> Plane:
    """One painted pattern in one zone of the face, worn off in places."""
    zone = ZONES[rng.integers(len(ZONES))](u, v, np.float32(rng.random()))
    pattern = PATTERNS[rng.integers(len(PATTERNS))](u, v, np.float32(rng.uniform(12, 32)))
    marked: Plane = zone * pattern * worn
    return marked


Choice = Callable[[Plane, Plane, np.float32], NDArray[np.bool_]]
ZONES: tuple[Choice, ...] = (
    lambda u, v, part: v < -0.6 + 0.35 * part,  # forehead
    lambda u, v, part: (u > 0.3 + 0.3 * part) & (v > -0.1),  # cheeks
    lambda u, v, part: v > 0.3 + 0.4 * part,  # chin
    lambda u, v, part: u < 0.08 + 0.22 * part,  # along the nose
    lambda u, v, part: np.hypot(u - 0.4, v + 0.2) < 0.3 + 0.2 * part,  # round the eyes
)
PATTERNS: tuple[Choice, ...] = (
    lambda u, v, pitch: np.sin(v * pitch) > 0,
    lambda u, v, pitch: np.sin((u + v * 0.7) * pitch) > 0.1,
    lambda u, v, pitch: np.sin((u - v * 0.4) * pitch) > 0.1,
    lambda u, v, pitch: np.hypot((u * pitch * 0.3) % 1 - 0.5, (v * pitch * 0.4) % 1 - 0.5) < 0.3,
    lambda u, v, pitch: np.sin(np.hypot(u - 0.5, v - 0.2) * pitch * 1.5) > 0,
    lambda u, v, pitch: np.ones(u.shape, bool),
)
