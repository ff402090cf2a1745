"""Still lifes: fruit, bottles and bowls on a table, shaded as solids under one light."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .canvas import Canvas, Plane, colour, flat, glow, grid, inside, lay, noise, shade, signed, unit

ROOMS = {  # wall | table | cloth
    "umber": ("4a3424", "5a3a22", "c8b898"),
    "slate": ("4a5560", "2f3438", "e0dcd0"),
    "ochre": ("b8905a", "6a4224", "f0e0c0"),
    "rose": ("c8a098", "8a5a58", "f4e8e4"),
    "teal": ("2f5a5a", "8a6a48", "e8d8b8"),
    "white": ("c4c4be", "b8a890", "7a98a8"),
    "black": ("1c1c20", "3a2a24", "7a2a24"),
    "blue": ("3a5a8a", "c8a878", "f4ecd8"),
}
GLAZES = ("c8502f", "2f5a8a", "e8e0d0", "3a6a4a", "d8a030", "7a3a5a", "8ab0b8", "2a2a2e")
FRUITS = {
    "orange": "e8862a",
    "apple": "b82a24",
    "green apple": "8aa838",
    "plum": "4a2a5a",
    "lemon": "f0cc3a",
    "peach": "f0a070",
}
VESSELS = {  # radius, as a part of the height, at even steps from foot to mouth
    "bottle": (0.15, 0.16, 0.165, 0.16, 0.15, 0.09, 0.05, 0.045, 0.045, 0.055),
    "flask": (0.3, 0.34, 0.34, 0.28, 0.16, 0.07, 0.06, 0.06, 0.075),
    "vase": (0.16, 0.24, 0.3, 0.32, 0.28, 0.2, 0.14, 0.13, 0.18),
    "bowl": (0.35, 0.55, 0.72, 0.84, 0.9, 0.94),
    "jug": (0.24, 0.32, 0.36, 0.34, 0.27, 0.2, 0.19, 0.22),
    "cup": (0.3, 0.36, 0.39, 0.41, 0.42),
}
TILT = 0.22  # how far a level circle is seen open: height over width


@dataclass(frozen=True)
class Thing:
    """One object on the table: what it is, where it stands, its size, and where the light is (-1 left, 1 right)."""

    kind: str
    at: float
    foot: float
    size: float
    side: float

    @property
    def width(self) -> float:
        return self.size * (1.3 if self.kind in FRUITS else max(VESSELS[self.kind]))

    def frame(self, edge: int) -> tuple[slice, slice]:
        """The rows and columns that the object can cover, so that nothing else is worked out."""
        tall = self.size * (2.1 if self.kind in FRUITS else 1.3)
        rows = slice(max(0, int((self.foot - tall) * edge)), int((self.foot + self.width * 0.4) * edge) + 2)
        return rows, slice(
            max(0, int((self.at - self.width * 1.15) * edge)), int((self.at + self.width * 1.15) * edge) + 2
        )


def still_life(rng: np.random.Generator, edge: int) -> Image.Image:
    """A wall, a table, and what stands on it, from the far side to the near."""
    room = str(rng.choice(list(ROOMS)))
    table_line, side = rng.uniform(0.34, 0.6), float(rng.choice([-1.0, 1.0]))
    canvas = _room(rng, edge, room, table_line, side)
    things = _arrangement(rng, table_line, side)
    for thing in things:
        _shadow(canvas, thing)
    pits, streaks = noise(rng, edge, 90, 3, 0.6), noise(rng, edge, (14, 5), 4)
    for thing in things:
        frame = thing.frame(edge)
        x, y = (axis[frame] for axis in grid(edge))
        view = canvas[:, frame[0], frame[1]]
        surface = pits[frame] if thing.kind in ("orange", "lemon") else streaks[frame]
        (_fruit if thing.kind in FRUITS else _vessel)(view, rng, thing, (x, y, surface))
    x, y = grid(edge)
    shade(canvas, 1.12 - 0.6 * ((x - np.float32(0.5 + 0.15 * side)) ** 2 + (y - 0.5) ** 2))
    kinds = list(dict.fromkeys(thing.kind for thing in reversed(things)))
    title = f"{kinds[0].capitalize()}{f' and {kinds[1]}' if len(kinds) > 1 else ''}, {room} room"
    return signed(canvas, title, ["still life", room, *kinds], rng, 0.06)


def _arrangement(rng: np.random.Generator, table_line: float, side: float) -> list[Thing]:
    """A few things, largest behind, with a close view of few and a wide view of many."""
    count = int(rng.integers(2, 9))
    scale = 1.75 - 0.1 * count
    things = []
    for index, place in enumerate(rng.permutation(np.linspace(0.18, 0.82, count))):
        fruit = index > count * rng.uniform(0.2, 0.7)
        kind = str(rng.choice(list(FRUITS if fruit else VESSELS)))
        size = (
            rng.uniform(0.065, 0.09)
            if fruit
            else rng.uniform(0.15, 0.2)
            if kind in ("bowl", "cup")
            else rng.uniform(0.33, 0.46)
        )
        near = rng.uniform(0.4, 1.0) if fruit else rng.uniform(0.1, 0.6)
        foot = table_line + 0.1 + near * (0.84 - table_line)
        things.append(Thing(kind, float(place + rng.normal(0, 0.04)), foot, size * scale * (0.75 + 0.3 * near), side))
    return sorted(things, key=lambda thing: thing.foot)


def _room(rng: np.random.Generator, edge: int, room: str, table_line: float, side: float) -> Canvas:
    wall, table, cloth = ROOMS[room]
    x, y = grid(edge)
    canvas = flat(edge, wall)
    shade(canvas, (0.8 + 0.3 * noise(rng, edge, 4, 6, 0.6)) * (0.5 + 0.85 * glow(edge, (0.5 + 0.4 * side, 0.25), 0.45)))
    if rng.random() < 0.5:
        slant = x + y * np.float32(0.5 * side) - np.float32(0.2 * side + rng.uniform(-0.2, 0.2))
        bars = (np.abs((slant * 4.2) % 1 - 0.5) < 0.42) & (np.abs((y * 4) % 1 - 0.5) < 0.44)
        shade(canvas, 1 + np.float32(0.55) * (bars & (np.abs(slant - 0.5) < 0.3) & (y < 0.48)))
    top = flat(edge, table)
    away = 1 / (y - np.float32(table_line) + np.float32(0.25)).clip(0.1)
    if rng.random() < 0.55:
        checks = np.float32(rng.uniform(0.9, 4))
        lines = np.abs(((x - 0.5) * away * checks) % 1 - 0.5) < 0.16
        rows = (np.abs((away * checks * 1.5) % 1 - 0.5) < 0.16) & (rng.random() < 0.5)
        lay(top, colour(cloth), 1.0)
        lay(top, colour(str(rng.choice(GLAZES))), lines * np.float32(0.45) + rows * np.float32(0.35))
    shade(
        top,
        (0.75 + 0.4 * noise(rng, edge, (3, 70), 3, 0.7))
        * (0.75 + 0.5 * glow(edge, (0.5 + 0.35 * side, table_line + 0.2), 0.5)),
    )
    lay(canvas, top, inside(np.float32(table_line) - y, 0.006))
    return canvas


def _shadow(canvas: Canvas, thing: Thing) -> None:
    """The soft shadow that a thing throws away from the light, in place."""
    x, y = grid(canvas.shape[-1])
    reach = 1.0 if thing.kind in FRUITS else 1.5
    u = (x - np.float32(thing.at - thing.side * thing.width * 0.6 * reach)) / np.float32(thing.width * 1.1 * reach)
    v = (y - np.float32(thing.foot)) / np.float32(thing.width * 0.3)
    square = u * u + v * v
    shade(canvas, 1 - 0.68 * np.exp(-square * np.sqrt(square)))


def _lit(normal: tuple[Plane, Plane, Plane], side: float) -> tuple[Plane, Plane]:
    """Diffuse light and highlight for a surface facing (x, y, z), y downwards."""
    x, y, z = normal
    facing = x * np.float32(0.62 * side) - y * np.float32(0.5) + z * np.float32(0.6)
    half_way = x * np.float32(0.38 * side) - y * np.float32(0.31) + z * np.float32(0.87)
    return 0.14 + 0.95 * unit(facing), unit(half_way) ** 40


def _fruit(view: Canvas, rng: np.random.Generator, thing: Thing, place: tuple[Plane, Plane, Plane]) -> None:
    x, y, surface = place
    wide, tall = thing.size * (1.25 if thing.kind == "lemon" else 1), thing.size * (0.9 if "apple" in thing.kind else 1)
    u, v = (x - np.float32(thing.at)) / np.float32(wide), (y - np.float32(thing.foot - tall * 0.85)) / np.float32(tall)
    square = u * u + v * v
    diffuse, highlight = _lit((u, v, np.sqrt(unit(1 - square))), thing.side)
    skin = colour(FRUITS[thing.kind]) * (0.78 + 0.4 * surface)
    if thing.kind in ("apple", "peach"):
        lay(skin, colour("f0c060"), np.clip(surface * 1.8 - 0.8, 0, 0.7))
    shade(skin, diffuse * unit(1.05 - 0.25 * v))
    skin += highlight * np.float32(0.25 if thing.kind in ("peach", "orange") else 0.6)
    lay(view, skin, inside(np.sqrt(square) - 1, 0.005 / thing.size))
    lay(view, colour("2a1a10"), inside(np.hypot(u * 5, (v + 0.72) * 3) - 0.28, 0.4) * 0.8)


def _vessel(view: Canvas, rng: np.random.Generator, thing: Thing, place: tuple[Plane, Plane, Plane]) -> None:
    x, y, surface = place
    radii = np.array(VESSELS[thing.kind]) * thing.size
    outline = np.interp(np.linspace(0, len(radii) - 1, 100), np.arange(len(radii)), radii)
    outline = np.convolve(np.pad(outline, 8, mode="edge"), np.ones(17) / 17, "valid")
    level = unit((np.float32(thing.foot) - y[:, :1]) / np.float32(thing.size))
    radius = np.interp(level, np.linspace(0, 1, 100), outline).astype(np.float32)
    slope = np.interp(level, np.linspace(0, 1, 100), np.gradient(outline, thing.size / 100)).astype(np.float32)
    u = (x - np.float32(thing.at)) / radius
    depth, tilt = np.sqrt(unit(1 - u * u)), 1 / np.sqrt(1 + slope * slope)
    diffuse, highlight = _lit((u * tilt, -slope * tilt, depth * tilt), thing.side)
    foot, mouth = np.float32(thing.foot) + depth * np.float32(radii[0] * TILT), np.float32(thing.foot - thing.size)
    glaze = _glaze(rng, thing, y, surface)
    if thing.kind in ("bottle", "flask") and rng.random() < 0.6:
        shade(glaze, 0.35 + 0.9 * unit(1 - np.abs(u + np.float32(0.3 * thing.side))))
        lay(glaze, view, 0.35)
    else:
        shade(glaze, diffuse)
    window = inside(np.abs(u - np.float32(0.5 * thing.side)) - 0.09, 0.1) * inside(np.abs(level - 0.4) - 0.22, 0.05)
    glaze += highlight * np.float32(0.45) + window * np.float32(0.4)
    lay(view, glaze, inside(np.abs(u) - 1, 0.05) * inside(y - foot) * inside(mouth - y))
    rim = np.hypot((x - np.float32(thing.at)) / np.float32(radii[-1]), (y - mouth) / np.float32(radii[-1] * TILT))
    lay(view, unit(glaze * 1.1 + 0.05), inside(rim - 1, 0.1))
    lay(view, view * np.float32(0.3), inside(rim - 0.86, 0.08))


def _glaze(rng: np.random.Generator, thing: Thing, y: Plane, surface: Plane) -> Canvas:
    """The colour of a vessel: plain, banded or dipped."""
    first, second = (colour(str(code)) for code in rng.choice(GLAZES, 2, replace=False))
    canvas = first * (0.82 + 0.25 * surface)
    manner = int(rng.integers(3))
    if manner == 1:
        lay(canvas, second, inside(np.abs((y * np.float32(rng.uniform(9, 26))) % 1 - 0.5) - 0.2, 0.08))
    if manner == 2:
        dipped = np.float32(thing.foot - thing.size * rng.uniform(0.3, 0.7))
        lay(canvas, second, inside(y - dipped + (surface - 0.5) * 0.05))
    return canvas
