"""Carved and painted masks: a face as a relief, mirrored about its axis."""

import math

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, Plane, blur, colour, flat, grid, inside, lay, mixed, noise, relief, shade, signed

PAINTS = {  # ground | face | three paints
    "cedar": ("2a3438", "8a4a2a", ("1a1a1a", "b83224", "e8dcc0")),
    "chalk": ("6a2420", "e8e0d0", ("1f1f24", "c8402a", "2f5a6a")),
    "indigo": ("c89a48", "24346a", ("f0e8d8", "d86a2a", "6ab0c0")),
    "bronze": ("1a2420", "a8783a", ("2f5a48", "f0d080", "3a1f10")),
    "jade": ("3a1f2a", "5a9a78", ("f0e8c8", "1f3a2a", "d8a030")),
    "ember": ("12141c", "b8381f", ("f0c040", "1a1010", "f4ecdc")),
    "sand": ("38506a", "d8b888", ("6a3a20", "f4f0e4", "2a6a6a")),
}
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
    crown = _crown(canvas, rng, (middle, centre), (half, tall), paints)
    light = (float(rng.choice([-0.8, 0.8])), -0.7)
    shade(canvas, 1 - 0.65 * np.exp(-np.clip(np.roll(outline, (edge // 30, -int(light[0] * edge // 25)), (0, 1)) - 0.9, 0, 9) * 7))
    height, holes, lips = _features(rng, u, v, outline, mood)
    face = flat(edge, skin)
    grain = noise(rng, edge, (40, 5), 4, 0.6)
    face *= (0.8 + 0.35 * grain)
    for tint in paints:
        lay(face, colour(tint), _marking(rng, edge, u, v) * np.float32(0.92))
    lay(face, colour(paints[1]), lips * 0.9)
    shade(face, relief(height + 0.01 * grain, 34, light))
    lay(face, colour("0c0a0a"), holes)
    face += np.clip(relief(height, 20, light) - 1.25, 0, 1) * np.float32(0.35)
    lay(canvas, face, inside(outline - 1, 0.015))
    return signed(canvas, f"{mood} mask with {crown}", ["mask", "carving", mood.lower(), crown, paint], rng, 0.018)


def _wall(rng: np.random.Generator, edge: int, ground: str) -> Canvas:
    x, y = grid(edge)
    canvas = flat(edge, ground)
    texture = noise(rng, edge, (6, 6), 6, 0.65)
    shade(canvas, relief(texture, 5) * (0.75 + 0.4 * texture) * (1.15 - 1.1 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)))
    return canvas


def _crown(canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], size: tuple[float, float], paints: tuple[str, str, str]) -> str:
    """What rises behind the face, painted in place; returns its name."""
    edge = canvas.shape[-1]
    kind = str(rng.choice(["feathers", "rays", "horns", "rings", "leaves"]))
    pen, cover = Pen(edge, "000000"), Pen(edge)
    count, reach, spread = int(rng.integers(9, 30)), rng.uniform(1.3, 1.75), rng.uniform(1.2, math.pi)
    for index in range(count):
        turn = -math.pi / 2 + spread * (2 * (index + 0.5) / count - 1)
        ahead, aside = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
        root, tip = np.array(centre) + ahead * size * 0.75, np.array(centre) + ahead * size * reach * (1 + 0.12 * (index % 2))
        wide = {"feathers": 0.03, "rays": 0.02, "horns": 0.0, "rings": 0.0, "leaves": 0.045}[kind]
        shape = np.stack([root - aside * wide * 0.4, (root + tip * 2) / 3 - aside * wide, tip, (root + tip * 2) / 3 + aside * wide, root + aside * wide * 0.4])
        tint = paints[index % 3]
        if wide:
            pen.polygon(shape, mixed(tint, "000000", 0.15 * (index % 2)))
            pen.line([tuple(root), tuple(tip)], 0.004, mixed(tint, "000000", 0.5))
            cover.polygon(shape)
        if kind == "rings":
            for target, ink in ((pen, tint), (cover, 1.0)):
                target.dot((float(tip[0]), float(tip[1])), 0.035, ink)
            pen.dot((float(tip[0]), float(tip[1])), 0.017, paints[(index + 1) % 3])
    if kind == "horns":
        bend = rng.uniform(0.6, 2.4)
        for side in (-1, 1):
            for part in np.linspace(0, 1, 40):
                turn = -math.pi / 2 + side * (0.75 - bend * part)
                at = (centre[0] + side * size[0] * (0.7 + 0.6 * math.sin(part * 2.2)), centre[1] - size[1] * (0.7 + 0.75 * part) + 0.02 * math.sin(turn))
                for target, ink in ((pen, mixed(paints[0], paints[2], 0.3 + 0.5 * part)), (cover, 1.0)):
                    target.dot(at, 0.05 * (1.05 - part), ink)
    plate = cover.plane()
    shade(canvas, 1 - 0.5 * np.roll(blur(plate, 0.02), edge // 40, 0))
    paint = pen.plane() * relief(blur(plate, 0.006), 3)
    lay(canvas, paint, plate)
    return kind


def _features(rng: np.random.Generator, u: Plane, v: Plane, outline: Plane, mood: str) -> tuple[Plane, Plane, Plane]:
    """The height of the face, and masks of its holes and its lips."""
    dome = np.sqrt(np.clip(1 - outline**2, 0, 1)) * 0.34
    eye_at, eye_level, eye_wide = rng.uniform(0.34, 0.46), rng.uniform(-0.3, -0.08), rng.uniform(0.17, 0.27)
    eye_tall = {"Sleeping": 0.03, "Astonished": 0.16, "Stern": 0.06}.get(mood, 0.09) * rng.uniform(0.8, 1.25)
    slant = rng.uniform(-0.35, 0.35) + (0.35 if mood == "Stern" else 0)
    eye_u, eye_v = (u - eye_at) / eye_wide, (v - eye_level + slant * (u - eye_at)) / eye_tall
    eye = np.sqrt(eye_u**2 + eye_v**2)
    brow = np.exp(-(((v - eye_level + 0.17 + slant * (u - eye_at) * 1.5) / 0.055) ** 2)) * np.exp(-(((u - eye_at) / 0.36) ** 4))
    nose_long, nose_wide = rng.uniform(0.25, 0.42), rng.uniform(0.07, 0.15)
    along = np.clip((v - eye_level + 0.1) / nose_long, 0, 1)
    nose = np.exp(-((u / (nose_wide * (0.45 + along))) ** 2)) * along * (v < eye_level - 0.1 + nose_long + 0.03)
    mouth_at, mouth_wide = rng.uniform(0.48, 0.62), rng.uniform(0.2, 0.45)
    curl = {"Laughing": -0.5, "Stern": 0.35}.get(mood, 0.0) * rng.uniform(0.6, 1.3)
    mouth_tall = {"Laughing": 0.1, "Astonished": 0.16, "Stern": 0.03}.get(mood, 0.022)
    mouth_wide *= 0.5 if mood == "Astonished" else 1.0
    mouth = np.sqrt((u / mouth_wide) ** 2 + ((v - mouth_at - curl * u**2 * 1.2) / mouth_tall) ** 2)
    lip = np.exp(-(((np.sqrt((u / mouth_wide) ** 2 + ((v - mouth_at - curl * u**2 * 1.2) / (mouth_tall + 0.06)) ** 2) - 0.85) / 0.3) ** 2))
    cheek = np.exp(-(((u - 0.5) / 0.22) ** 2) - ((v - 0.22) / 0.2) ** 2)
    socket = np.exp(-((eye / 1.7) ** 4))
    height = dome + 0.09 * brow + 0.17 * nose + 0.05 * lip + 0.06 * cheek - 0.06 * socket + 0.03 * np.exp(-(((eye - 1.25) / 0.25) ** 2))
    teeth = (np.abs((u * 9) % 1 - 0.5) < 0.4) & (np.abs(v - mouth_at - curl * u**2 * 1.2) > mouth_tall * 0.35)
    gape = inside(mouth - 1, 0.1) * (1 - teeth * (0.85 if mood == "Laughing" else 0.0))
    return blur(height, 0.003), np.maximum(inside(eye - 1, 0.12), gape).astype(np.float32), (lip > 0.6) * inside(1 - mouth, 0.1)


def _marking(rng: np.random.Generator, edge: int, u: Plane, v: Plane) -> Plane:
    """One painted pattern: stripes, dots, rings or a block, in some zone of the face."""
    zone = {
        0: v < np.float32(rng.uniform(-0.6, -0.25)),
        1: (u > np.float32(rng.uniform(0.3, 0.6))) & (v > -0.1),
        2: v > np.float32(rng.uniform(0.3, 0.7)),
        3: u < np.float32(rng.uniform(0.08, 0.3)),
        4: np.hypot(u - 0.4, v + 0.2) < np.float32(rng.uniform(0.3, 0.5)),
    }[int(rng.integers(5))]
    pitch = np.float32(rng.uniform(6, 16))
    pattern = [
        np.sin(v * pitch * 2) > 0,
        np.sin((u + v * np.float32(rng.uniform(-1, 1))) * pitch * 2) > 0.1,
        np.hypot((u * pitch * 0.6) % 1 - 0.5, (v * pitch * 0.8) % 1 - 0.5) < 0.3,
        np.sin(np.hypot(u - 0.5, v - 0.2) * pitch * 3) > 0,
        np.ones_like(u, dtype=bool),
    ][int(rng.integers(5))]
    worn = np.clip(noise(rng, edge, 30, 3, 0.7) * 5 - 1, 0.2, 1)
    return (zone & pattern) * worn
