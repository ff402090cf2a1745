"""Cities after dark: lit windows, haze, and light that spreads."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, Point, blur, code_of, colour, disc, grid, lay, mixed, noise, ramp, signed, stop, unit

AIR = {
    "violet dusk": "120c2e 3a1f5c 8a3f6e e0785a",
    "blue hour": "071330 16356a 3f74a8 a8c4cf",
    "green haze": "06140f 0f3028 2a5a48 8aa06a",
    "red smog": "12060a 3a0f16 7a241f d0603a",
    "black rain": "050608 0e1218 1f2830 48545e",
    "winter": "1a2438 3a5070 8094a8 d8dce0",
}
LAMPS = ("ffd98a", "ffb45c", "fff1cf", "9fd8ff", "ff7fb0", "b8ffd8")


@dataclass(frozen=True)
class Night:
    """The two sheets of a night: how near each wall is (grey), and the lights; with the tint of most windows."""

    rng: np.random.Generator
    walls: Pen
    lights: Pen
    tint: str

    def wall(self, outline: list[Point], nearness: float) -> None:
        """A wall, which hides the lights behind it."""
        self.walls.polygon(outline, code_of(np.full(3, nearness, np.float32)))
        self.lights.polygon(outline, "000000")

    def pane(self, outline: list[Point], shine: float) -> None:
        tint = self.tint if self.rng.random() < 0.8 else str(self.rng.choice(LAMPS))
        self.lights.polygon(outline, mixed("000000", tint, shine))


def night_city(rng: np.random.Generator, edge: int) -> Image.Image:
    """Towers across water, roofs, an avenue, a single facade, or streets seen from the air."""
    air, view = str(rng.choice(list(AIR))), str(rng.choice(list(VIEWS)))
    night = Night(rng, Pen(edge, "000000"), Pen(edge, "000000"), str(rng.choice(LAMPS)))
    waterline = rng.uniform(0.55, 0.8)
    VIEWS[view](night, waterline)
    _, y = grid(edge)
    canvas = ramp(AIR[air], y / 0.85 + (noise(rng, edge, 4, 4) - 0.5) * 0.25)
    if rng.random() < 0.6:
        lay(
            canvas,
            colour("fff3d8"),
            disc(edge, (rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.35)), rng.uniform(0.02, 0.09)) * 0.9,
        )
    nearness = night.walls.plane()[0]
    grime = noise(rng, edge, (12, 40), 4) * 0.18
    lay(
        canvas,
        ramp(AIR[air], 0.68 - nearness * 0.8 + (y - 0.5) * 0.25 + grime) * np.float32(0.75),
        unit(nearness * 8),
    )
    lights = night.lights.plane()
    canvas += lights * np.float32(0.9) + blur(lights, 0.012) + blur(lights, 0.05) * np.float32(0.9)
    if view == "Skyline":
        _water(canvas, rng, waterline)
    lay(canvas, stop(AIR[air], 0.9), np.clip(noise(rng, edge, (2, 5), 4) * 1.6 - 0.9, 0, 0.6) * y)
    return signed(canvas, f"{view}, {air}", ["city", "night", view.lower(), air, "lit windows"], rng, 0.06)


def _tower(night: Night, left: float, right: float, top: float, ground: float, nearness: float) -> None:
    rng = night.rng
    night.wall([(left, top), (right, top), (right, ground), (left, ground)], nearness)
    if rng.random() < 0.35:
        middle = (left + right) / 2
        night.walls.line(
            [(middle, top - rng.uniform(0.03, 0.1)), (middle, top)], 0.005, code_of(np.full(3, nearness, np.float32))
        )
    pitch, lit = rng.uniform(0.015, 0.026) * (0.5 + 0.7 * nearness), rng.uniform(0.1, 0.6)
    for across in np.arange(left + pitch * 0.5, right - pitch * 0.7, pitch):
        for down in np.arange(top + pitch * 0.6, ground - pitch, pitch * 1.3):
            if rng.random() < lit:
                far_side, sill = across + pitch * 0.55, down + pitch * 0.7
                shine = rng.uniform(0.25, 1.0) * (0.45 + 0.55 * nearness)
                night.pane([(across, down), (far_side, down), (far_side, sill), (across, sill)], shine)


def _skyline(night: Night, ground: float) -> None:
    """Three rows of towers, highest round a centre of their own."""
    rng = night.rng
    middle, tallest = rng.uniform(0.1, 0.9), rng.uniform(0.4, 0.75) * ground
    for nearness in (0.3, 0.6, 1.0):
        left = -0.05
        while left < 1:
            wide = rng.uniform(0.05, 0.13) * (0.6 + 0.6 * nearness)
            rise = np.exp(-(((left - middle) / 0.35) ** 2)) * rng.uniform(0.5, 1.2) + rng.uniform(0.1, 0.4)
            _tower(night, left, left + wide, ground - tallest * rise * (1.25 - 0.6 * nearness), ground, nearness)
            left += wide + rng.uniform(-0.01, 0.03)


def _rooftops(night: Night, ground: float) -> None:
    """A few large blocks near by, with the far city between them."""
    _skyline(night, 1.02)
    rng = night.rng
    for _ in range(int(rng.integers(1, 4))):
        left, wide = rng.uniform(-0.1, 0.9), rng.uniform(0.15, 0.35)
        _tower(night, left, left + wide, ground * rng.uniform(0.3, 1), 1.02, 1.0)


def _avenue(night: Night, level: float) -> None:
    """Two walls of buildings and a street that run to one vanishing point."""
    rng = night.rng
    vanish = (rng.uniform(0.25, 0.75), level - 0.08)
    steps = np.geomspace(0.06, 1.3, 10)

    def corner(side: float, scale: float, height: float) -> Point:
        return vanish[0] + side * scale * 0.75, vanish[1] + scale * (0.45 - height)

    for far, near in pairwise(steps):
        for side in (-1.0, 1.0):
            tall, lit = rng.uniform(0.45, 1.6), rng.uniform(0.15, 0.6)
            night.wall(
                [corner(side, far, 0), corner(side, near, 0), corner(side, near, tall), corner(side, far, tall)],
                0.25 + 0.6 * near,
            )
            for row in np.arange(0.1, tall - 0.06, 0.075):
                for column in np.flatnonzero(rng.random(7) < lit):
                    a, b = (far + (near - far) * (column + offset) / 7 for offset in (0.2, 0.75))
                    pane = [
                        corner(side, a, row),
                        corner(side, b, row),
                        corner(side, b, row + 0.045),
                        corner(side, a, row + 0.045),
                    ]
                    night.pane(pane, rng.uniform(0.2, 0.9))
    for scale in np.geomspace(0.08, 1.3, 12):
        for lane, ink in ((-0.2, "ff3b2f"), (0.2, "fff0d0")):
            if rng.random() < 0.75:
                night.lights.dot((vanish[0] + lane * scale, vanish[1] + 0.42 * scale), 0.012 * scale + 0.002, ink)


def _facade(night: Night, level: float) -> None:
    """One wall, so near that blinds and people show in its windows."""
    rng = night.rng
    across, down = int(rng.integers(3, 9)), int(rng.integers(3, 8))
    night.wall([(0, 0), (1, 0), (1, 1), (0, 1)], level)
    wide, tall = 1 / across, 1 / down
    for row in range(down):
        for column in range(across):
            left, top = (column + 0.18) * wide, (row + 0.2) * tall
            right, sill = left + wide * 0.64, top + tall * 0.62
            night.walls.polygon([(left, top), (right, top), (right, sill), (left, sill)], "f0f0f0")
            if rng.random() < 0.55:
                shine = rng.uniform(0.3, 0.85)
                night.pane([(left, top), (right, top), (right, sill), (left, sill)], shine)
                blind = top + (sill - top) * rng.choice([0, 0, 0.3, 0.6])
                night.lights.polygon(
                    [(left, top), (right, top), (right, blind), (left, blind)],
                    mixed("000000", night.tint, shine * 0.35),
                )
                if rng.random() < 0.35:
                    person = rng.uniform(left + wide * 0.15, right - wide * 0.15)
                    night.lights.dot((person, sill - tall * 0.2), wide * 0.07, "000000")
                    night.lights.dot((person, sill), wide * 0.13, "000000", height=tall * 0.14)
                middle = (left + right) / 2
                night.lights.line([(middle, top), (middle, sill)], wide * 0.035, "000000")


def _from_the_air(night: Night, level: float) -> None:
    """Streets as strings of lamps towards a far horizon, with dark parks and a river between them."""
    rng = night.rng
    turn, horizon, pitch = rng.uniform(0, np.pi / 2), level - rng.uniform(0.3, 0.5), rng.uniform(0.45, 1.1)
    night.wall([(0, horizon), (1, horizon), (1, 1), (0, 1)], 0.7)
    parks = rng.uniform((-4, 1), (4, 9), (int(rng.integers(3, 9)), 2))
    bend, bank = rng.uniform(0.3, 1.2), rng.uniform(-3, 3)
    for axis in (0, 1):
        for street in np.arange(-7, 7, pitch):
            along = np.arange(-7, 7, rng.uniform(0.14, 0.3))
            across, ahead = (along, street) if axis else (street, along)
            east, north = (
                across * np.cos(turn) - ahead * np.sin(turn),
                across * np.sin(turn) + ahead * np.cos(turn) + 7.4,
            )
            dark = np.abs(east - bank - np.sin(north * bend) * 1.5) < 0.5
            dark |= (np.hypot(east[:, None] - parks[:, 0], north[:, None] - parks[:, 1]) < 0.8).any(axis=1)
            spread = 1 / np.maximum(north, 0.1)
            shown = ~dark & (north > 0.8) & (np.abs(east * spread) < 0.75) & (rng.random(len(along)) < 0.85)
            for px, near in zip(east[shown], spread[shown], strict=True):
                lamp = mixed("000000", night.tint, rng.uniform(0.4, 1))
                night.lights.dot((0.5 + px * near * 0.7, horizon + near * 0.8), 0.0012 + 0.009 * near, lamp)


def _water(canvas: Canvas, rng: np.random.Generator, ground: float) -> None:
    """Mirror the lights in water below the ground line, drawn out downwards, in place."""
    edge = canvas.shape[-1]
    top = int(ground * edge)
    depth = edge - top
    wobble = (
        (noise(rng, edge, (5, 50), 2)[:depth] - 0.5)
        * np.linspace(2, 20, depth, dtype=np.float32)[:, None]
        * (edge / 384)
    )
    columns = np.clip(np.arange(edge)[None, :] + wobble, 0, edge - 1).astype(np.intp)
    rows = np.clip(top - 1 - np.arange(depth) * 1.6, 0, top - 1).astype(np.intp)[:, None]
    canvas[:, top:] = blur(canvas, 0.006)[:, rows, columns] * np.linspace(0.8, 0.4, depth, dtype=np.float32)[:, None]


VIEWS = {
    "Skyline": _skyline,
    "Rooftops": _rooftops,
    "Avenue": _avenue,
    "Facade": _facade,
    "City from the air": _from_the_air,
}
