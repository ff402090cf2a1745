"""Seascapes: a sun or moon over waves that grow towards the shore."""

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from .canvas import Pen, Plane, cut, glow, grid, inside, lay, noise, ramp, signed, stop, unit
from .landscapes import light_in_sky, sky

SEA_HOURS = {  # sky | water from horizon to shore
    "at dawn": ("4a5b8c a68ea8 f2b8a0 ffe6b8", "c99a94 7f7d97 3f5674 1a3048"),
    "at noon": ("2f74b8 6fa9d8 b9d9ec e6f3f5", "5fb0bf 2b8aa3 14638a 0a3f63"),
    "at dusk": ("231b4d 6f3d76 d9605a ffb95e", "b5606a 6b4270 33305a 131531"),
    "in a storm": ("2b333b 4a555c 707c80 a3aca8", "7b8a8a 4f6266 2f4247 18272c"),
    "by moonlight": ("050a1a 0d1a35 1b3150 3a5876", "2c4a66 162d47 0b1a2f 050b16"),
    "in green light": ("3f7f86 7fb5a5 cfe0b0 f5f0c8", "8fc0a0 4a9488 1f6468 0c3a44"),
}


def seascape(rng: np.random.Generator, edge: int) -> Image.Image:
    """A sun or moon over waves that grow towards the shore."""
    hour = str(rng.choice(list(SEA_HOURS)))
    colours, water = SEA_HOURS[hour]
    x, y = grid(edge)
    horizon = rng.uniform(0.28, 0.68)
    sun = (rng.uniform(0.1, 0.9), horizon - rng.uniform(0.0, 0.25))
    canvas = sky(rng, edge, colours, horizon, rng.uniform(0.3, 1.0))
    light_in_sky(canvas, sun, rng.uniform(0.02, 0.07), stop(colours, 1))
    near = np.clip((y - np.float32(horizon)) / np.float32(1 - horizon), 0.001, 1)
    waves = swell(rng, edge, near)
    sea = ramp(water, unit(near * 0.9 + (waves - 0.5) * 0.45))
    path = np.exp(-(((x - sun[0]) / (0.04 + 0.22 * near)) ** 2))
    lay(sea, stop(colours, 1), unit((waves - 0.72 + 0.3 * path) * 6) * path)
    lay(sea, np.float32(0.95), unit((waves - np.float32(rng.uniform(0.72, 0.9))) * 7) * near)
    lay(canvas, sea, inside(np.float32(horizon) - y, 0.004))
    subject = str(rng.choice(list(SEAMARKS)))
    dark = stop(water, 1) * np.float32(0.5)
    lay(canvas, dark, cut(edge, lambda pen: SEAMARKS[subject](pen, rng, horizon)))
    if subject == "Lighthouse":
        lay(canvas, np.float32(1), glow(edge, (0.74, horizon - 0.245), 0.025) * 0.9)
    return signed(canvas, f"{subject} {hour}", ["sea", "waves", hour, subject.lower()], rng, 0.07)


def swell(rng: np.random.Generator, edge: int, near: Plane) -> Plane:
    """Waves in perspective: a noise texture laid on the water, far rows squeezed together."""
    x, _ = grid(edge)
    texture = noise(rng, edge, (14, 36), 4, 0.7)
    away = 1 / (near + np.float32(0.09))
    rows, columns = away * np.float32(0.16 * edge), ((x - 0.5) * away * np.float32(0.35) + 0.5) * edge
    waves: Plane = map_coordinates(texture, [rows, columns], np.float32, order=1, mode="grid-wrap")
    return waves


def _headland(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    side, steps = rng.choice([-1.0, 1.0]), np.linspace(0, rng.uniform(0.4, 0.8), 60)
    rise = np.sort(rng.uniform(0, rng.uniform(0.08, 0.25), 60))[::-1]
    outline = [(0.5 + side * (0.5 - step), horizon - up) for step, up in zip(steps, rise, strict=True)]
    pen.polygon([*outline, (outline[-1][0], horizon + 0.01), (outline[0][0], horizon + 0.01)])


def _boat(pen: Pen, at: float, water: float, size: float) -> None:
    """A hull whose waterline is at the given height."""
    deck = water - size * 0.22
    pen.polygon([(at - size * 0.6, deck), (at + size * 0.8, deck), (at + size * 0.55, water), (at - size * 0.4, water)])


def _sails(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    for _ in range(int(rng.integers(1, 5))):
        at, tall = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.32)
        water = horizon + tall * 0.4
        foot = water - tall * 0.15
        pen.polygon([(at, foot - tall), (at, foot), (at + tall * 0.4, foot)])
        pen.polygon([(at - 0.008, foot - tall * 0.8), (at - 0.008, foot), (at - tall * 0.25, foot)])
        _boat(pen, at, water, tall * 0.5)


def _lighthouse(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    foot = horizon + 0.02
    pen.polygon([(0.71, foot - 0.23), (0.77, foot - 0.23), (0.785, foot), (0.695, foot)])
    pen.polygon([(0.715, foot - 0.25), (0.765, foot - 0.25), (0.74, foot - 0.31)])
    pen.dot((0.76, foot + 0.02), rng.uniform(0.15, 0.3), height=0.05)


def _stacks(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    for _ in range(int(rng.integers(2, 6))):
        at, wide, tall = rng.uniform(0, 1), rng.uniform(0.03, 0.1), rng.uniform(0.08, 0.4)
        levels = horizon + 0.04 - tall * np.linspace(0, 1, 7)
        left, right = (at + side * wide * rng.uniform(0.6, 1.1, 7) for side in (-1, 1))
        pen.polygon([*zip(left, levels, strict=True), *zip(right[::-1], levels[::-1], strict=True)])


def _harbour(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    pier, end = horizon + rng.uniform(0.12, 0.22), rng.uniform(0.4, 0.8)
    pen.polygon([(0, pier), (end, pier - 0.03), (end, pier), (0, pier + 0.05)])
    for post in np.linspace(0.05, end - 0.02, 8):
        pen.line([(post, pier - 0.06), (post, pier + 0.12)], 0.014)
    for mast in rng.uniform(0.1, 0.9, int(rng.integers(2, 6))):
        water = pier - rng.uniform(0.02, 0.06)
        pen.line([(mast, horizon - rng.uniform(0.1, 0.25)), (mast, water)], 0.005)
        _boat(pen, mast, water, 0.05)


def _nothing(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    """The open sea."""


SEAMARKS = {
    "Headland": _headland,
    "Sails": _sails,
    "Lighthouse": _lighthouse,
    "Sea stacks": _stacks,
    "Harbour": _harbour,
    "Open sea": _nothing,
}
