"""Still lifes: fruit, bottles and bowls on a table, shaded as solids under one light."""


from dataclasses import dataclass

import numpy as np
from PIL import Image

from .canvas import Canvas, Plane, colour, flat, glow, grid, inside, lay, noise, ramp, shade, signed

ROOMS = {  # wall | table | cloth
    "umber": ("3a2a1f", "5a3a22", "c8b898"),
    "slate": ("4a5560", "2f3438", "e0dcd0"),
    "ochre": ("b8905a", "6a4224", "f0e0c0"),
    "rose": ("c8a098", "8a5a58", "f4e8e4"),
    "teal": ("2f5a5a", "8a6a48", "e8d8b8"),
    "white": ("d8d8d4", "b8a890", "7a98a8"),
    "black": ("141416", "24201e", "6a2a24"),
}
GLAZES = ("c8502f", "2f5a8a", "e8e0d0", "3a6a4a", "d8a030", "7a3a5a", "8ab0b8", "2a2a2e")
FRUITS = {"orange": "e8862a", "apple": "b82a24", "green apple": "8aa838", "plum": "4a2a5a", "lemon": "f0cc3a", "peach": "f0a070"}
VESSELS = {  # radius, as a part of the height, at even steps from foot to mouth
    "bottle": (0.15, 0.16, 0.165, 0.16, 0.15, 0.09, 0.05, 0.045, 0.045, 0.055),
    "flask": (0.3, 0.34, 0.34, 0.28, 0.16, 0.07, 0.06, 0.06, 0.075),
    "vase": (0.16, 0.24, 0.3, 0.32, 0.28, 0.2, 0.14, 0.13, 0.18),
    "bowl": (0.35, 0.55, 0.72, 0.84, 0.9, 0.94),
    "jug": (0.24, 0.32, 0.36, 0.34, 0.27, 0.2, 0.19, 0.22),
    "cup": (0.3, 0.36, 0.39, 0.41, 0.42),
}


@dataclass(frozen=True)
class Thing:
    """One object on the table: where it stands, how large it is and what it is."""

    kind: str
    at: float
    foot: float
    size: float


def still_life(rng: np.random.Generator, edge: int) -> Image.Image:
    """A wall, a table, and what stands on it, from the far side to the near."""
    room = str(rng.choice(list(ROOMS)))
    table_line, side = rng.uniform(0.42, 0.66), float(rng.choice([-1.0, 1.0]))
    canvas = _room(rng, edge, room, table_line, side)
    things = _arrangement(rng, table_line)
    for thing in things:
        _shadow(canvas, thing, side)
    for thing in things:
        if thing.kind in FRUITS:
            _fruit(canvas, rng, thing, side)
        else:
            _vessel(canvas, rng, thing, side)
    x, y = grid(edge)
    shade(canvas, 1.12 - 0.7 * ((x - np.float32(0.5 + 0.15 * side)) ** 2 + (y - 0.5) ** 2))
    kinds = list(dict.fromkeys(thing.kind for thing in reversed(things)))
    title = f"{kinds[0].capitalize()}{f' and {kinds[1]}' if len(kinds) > 1 else ''}, {room} room"
    return signed(canvas, title, ["still life", room, *kinds], rng, 0.02)


def _arrangement(rng: np.random.Generator, table_line: float) -> list[Thing]:
    things = []
    places = np.linspace(0.15, 0.85, int(rng.integers(2, 8))) + rng.uniform(-0.06, 0.06)
    scale = 1.5 - 0.1 * len(places)
    for place in rng.permutation(places):
        fruit = rng.random() < 0.5
        kind = str(rng.choice(list(FRUITS if fruit else VESSELS)))
        size = rng.uniform(0.055, 0.085) if fruit else rng.uniform(0.14, 0.2) if kind in ("bowl", "cup") else rng.uniform(0.3, 0.46)
        things.append(Thing(kind, float(place + rng.normal(0, 0.03)), rng.uniform(table_line + 0.08, 0.9), size * scale))
    return sorted(things, key=lambda thing: thing.foot)


def _room(rng: np.random.Generator, edge: int, room: str, table_line: float, side: float) -> Canvas:
    wall, table, cloth = ROOMS[room]
    x, y = grid(edge)
    canvas = flat(edge, wall)
    shade(canvas, 0.8 + 0.3 * noise(rng, edge, 4, 6, 0.6))
    shade(canvas, 0.5 + 0.9 * glow(edge, (0.5 + 0.4 * side, 0.25), 0.45))
    if rng.random() < 0.5:
        slant = x + y * np.float32(0.5 * side)
        panes = (np.abs((slant * 4.2) % 1 - 0.5) < 0.42) & (np.abs((y * 4) % 1 - 0.5) < 0.44) & (np.abs(slant - np.float32(0.5 + 0.2 * side)) < 0.3) & (y < 0.48)
        lay(canvas, np.minimum(canvas * 1.7 + 0.06, 1), panes.astype(np.float32) * 0.6)
    top = flat(edge, table)
    away = 1 / (y - np.float32(table_line) + np.float32(0.25))
    top *= (0.75 + 0.4 * noise(rng, edge, (3, 70), 3, 0.7))
    if rng.random() < 0.55:
        stripes = int(rng.integers(3, 14))
        across = (x - 0.5) * away * np.float32(stripes * 0.3)
        down = away * np.float32(stripes * 0.45)
        pattern = (np.abs(across % 1 - 0.5) < 0.16) * 0.5 + (np.abs(down % 1 - 0.5) < 0.16) * (0.5 if rng.random() < 0.5 else 0.0)
        lay(top, colour(cloth), np.float32(1))
        lay(top, colour(str(rng.choice(GLAZES))), pattern.astype(np.float32) * 0.8)
    shade(top, 0.75 + 0.5 * glow(edge, (0.5 + 0.35 * side, table_line + 0.2), 0.5))
    lay(canvas, top, inside(np.float32(table_line) - y, 0.006))
    return canvas


def _shadow(canvas: Canvas, thing: Thing, side: float) -> None:
    """The soft shadow that a thing throws away from the light, in place."""
    x, y = grid(canvas.shape[-1])
    wide = thing.size * (0.95 if thing.kind in FRUITS else max(VESSELS[thing.kind]))
    reach = 1.0 if thing.kind in FRUITS else 1.6
    u = (x - np.float32(thing.at - side * wide * 0.8 * reach)) / np.float32(wide * 1.35 * reach)
    v = (y - np.float32(thing.foot)) / np.float32(wide * 0.34)
    shade(canvas, 1 - 0.68 * np.exp(-((u * u + v * v) ** 1.5)))


def _lit(normal_x: Plane, normal_y: Plane, normal_z: Plane, side: float) -> tuple[Plane, Plane]:
    """Diffuse light and highlight for a surface facing (x, y, z), y downwards."""
    facing = normal_x * np.float32(0.62 * side) - normal_y * np.float32(0.5) + normal_z * np.float32(0.6)
    half_way = normal_x * np.float32(0.38 * side) - normal_y * np.float32(0.31) + normal_z * np.float32(0.87)
    return 0.14 + 0.95 * np.clip(facing, 0, 1), np.clip(half_way, 0, 1) ** 40


def _fruit(canvas: Canvas, rng: np.random.Generator, thing: Thing, side: float) -> None:
    edge = canvas.shape[-1]
    x, y = grid(edge)
    wide, tall = thing.size * (1.25 if thing.kind == "lemon" else 1.0), thing.size * (0.9 if thing.kind in ("apple", "green apple", "lemon") else 1.0)
    u, v = (x - np.float32(thing.at)) / np.float32(wide), (y - np.float32(thing.foot - tall * 0.85)) / np.float32(tall)
    square = u * u + v * v
    depth = np.sqrt(np.clip(1 - square, 0, 1))
    diffuse, highlight = _lit(u, v, depth, side)
    skin = flat(edge, FRUITS[thing.kind])
    skin *= (0.78 + 0.4 * noise(rng, edge, 90 if thing.kind in ("orange", "lemon") else 9, 3, 0.6))
    if thing.kind in ("apple", "peach"):
        lay(skin, colour("f0c060"), np.clip(noise(rng, edge, (14, 3), 3) * 1.8 - 0.8, 0, 0.7))
    shade(skin, diffuse * (0.75 + 0.25 * np.clip(1.2 - v, 0, 1)))
    skin += highlight * np.float32(0.25 if thing.kind in ("peach", "orange") else 0.6)
    lay(canvas, skin, inside(np.sqrt(square) - 1, 0.006 / thing.size * 0.7))
    stem = np.hypot(u * 5, (v + 0.72) * 3)
    lay(canvas, colour("2a1a10"), inside(stem - 0.28, 0.4) * 0.8)


def _vessel(canvas: Canvas, rng: np.random.Generator, thing: Thing, side: float) -> None:
    edge = canvas.shape[-1]
    x, y = grid(edge)
    radii = np.array(VESSELS[thing.kind]) * thing.size
    steps = np.linspace(0, len(radii) - 1, 100)
    outline = np.interp(steps, np.arange(len(radii)), radii)
    outline = np.convolve(np.pad(outline, 8, mode="edge"), np.ones(17) / 17, "valid")
    level = np.clip((np.float32(thing.foot) - y[:, 0]) / np.float32(thing.size), 0, 1)
    radius = np.interp(level, np.linspace(0, 1, 100), outline).astype(np.float32)[:, None]
    slope = np.interp(level, np.linspace(0, 1, 100), np.gradient(outline, thing.size / 100)).astype(np.float32)[:, None]
    u = (x - np.float32(thing.at)) / radius
    depth = np.sqrt(np.clip(1 - u * u, 0, 1))
    tilt = 1 / np.sqrt(1 + slope * slope)
    diffuse, highlight = _lit(u * tilt, -slope * tilt, depth * tilt, side)
    foot, mouth = np.float32(thing.foot) + depth * np.float32(radii[0] * 0.22), np.float32(thing.foot - thing.size)
    body = inside(np.abs(u) - 1, 0.006 / 0.1) * inside(y - foot) * inside(mouth - y)
    glaze = _glaze(rng, edge, thing, y)
    glass = thing.kind in ("bottle", "flask") and rng.random() < 0.6
    if glass:
        shade(glaze, 0.35 + 0.9 * np.clip(1 - np.abs(u + np.float32(0.3 * side)), 0, 1) ** 0.7)
        lay(glaze, canvas, 0.35)
    else:
        shade(glaze, diffuse)
    reflection = inside(np.abs(u - np.float32(0.5 * side)) - 0.09, 0.1) * inside(np.abs(level[:, None] - 0.4) - 0.22, 0.05)
    glaze += (highlight * np.float32(0.45) + reflection * np.float32(0.4))
    lay(canvas, glaze, body)
    rim_u, rim_v = (x - np.float32(thing.at)) / np.float32(radii[-1]), (y - mouth) / np.float32(radii[-1] * 0.22)
    rim = np.sqrt(rim_u**2 + rim_v**2)
    lay(canvas, np.clip(glaze * 1.1 + 0.05, 0, 1), inside(rim - 1, 0.1))
    lay(canvas, canvas * np.float32(0.3), inside(rim - 0.86, 0.08))


def _glaze(rng: np.random.Generator, edge: int, thing: Thing, y: Plane) -> Canvas:
    """The colour of a vessel, plain, banded or dipped."""
    first, second = (str(code) for code in rng.choice(GLAZES, 2, replace=False))
    canvas = flat(edge, first)
    style = int(rng.integers(3))
    if style == 1:
        lay(canvas, colour(second), inside(np.abs((y * np.float32(rng.uniform(9, 26))) % 1 - 0.5) - 0.2, 0.08))
    if style == 2:
        lay(canvas, colour(second), inside(y - np.float32(thing.foot - thing.size * rng.uniform(0.3, 0.7)) + (noise(rng, edge, 8, 3) - 0.5) * 0.05))
    canvas *= ramp("c8c8c8 ffffff", noise(rng, edge, (30, 30), 3))
    return canvas
