"""Mountains in mist, and the sky, light and water that other landscapes share."""

import numpy as np
from PIL import Image

from .canvas import (
    Canvas,
    Pen,
    Plane,
    cut,
    disc,
    glow,
    grid,
    inside,
    lay,
    noise,
    profile,
    ramp,
    relief,
    signed,
    stop,
    unit,
)

MOUNTAIN_HOURS = {  # sky from top to horizon | land from far to near
    "dawn": ("3d4f7c 8f8fb0 e9b9a0 fbe3bd", "c6a5a8 8c7f96 55597a 23304a"),
    "noon": ("3f7fbe 7fb2dc c4def0 eef6f8", "a9c4d4 6f94a4 41685f 1d3b2c"),
    "dusk": ("1c1d44 5b3a6e c95b5a f7b267", "b8646a 7a4663 452f52 1a1730"),
    "moonlight": ("070d1f 10203f 1f3a5f 4a6b8a", "3d5b7a 294462 182d47 080f1c"),
    "rain": ("6f7b82 8f9a9e b4bdbd d2d8d4", "a5b0b0 78878a 4c5c60 22302f"),
    "golden evening": ("4a6a9a a8a8b0 f0c890 fff0c0", "d8b090 a87a58 6a4a38 2a1c18"),
    "blue morning": ("4a6ac0 8ab0e0 c8dcf0 f4f0f4", "a8bce0 6a86c0 3a5490 14264a"),
    "spring": ("6ab0d8 a8d8e0 e0f0d8 f8f8e8", "b8d0b8 7ab080 3a7a48 143a20"),
    "autumn": ("7aa0b8 b3c7c9 e8dcc0 f6ecd2", "c9b08a b0763f 8a4421 3c1f14"),
}
SNOWY = ("noon", "moonlight", "rain", "blue morning")


def sky(rng: np.random.Generator, edge: int, colours: str, horizon: float, clouds: float) -> Canvas:
    """A sky down to the horizon (0…1), with clouds drawn out sideways."""
    _, y = grid(edge)
    height = unit(y / np.float32(horizon))
    canvas = ramp(colours, height)
    veil = unit(noise(rng, edge, (2.0, 7.0)) * 2.4 - 1.15) * np.float32(clouds)
    lay(canvas, ramp(colours, unit(height + 0.45)) * 0.6 + 0.4, veil)
    return canvas


def light_in_sky(canvas: Canvas, centre: tuple[float, float], radius: float, tint: Canvas) -> None:
    """A sun or moon with its halo, in place."""
    edge = canvas.shape[-1]
    lay(canvas, tint, unit(glow(edge, centre, radius * 2.2)) * 0.75)
    lay(canvas, np.minimum(tint * 1.1 + 0.05, 1), disc(edge, centre, radius, 0.008))


def mirrored(rng: np.random.Generator, canvas: Canvas, waterline: float) -> None:
    """Turn everything below the waterline into a lake that mirrors what is above, in place."""
    edge = canvas.shape[-1]
    top = int(waterline * edge)
    depth = edge - top
    ripples = (noise(rng, edge, (6.0, 60.0), 2)[:depth] - 0.5) * np.linspace(2, 16, depth, dtype=np.float32)[:, None]
    rows = np.clip(top - 1 - np.arange(depth)[:, None] * 0.9 + ripples * edge / 384, 0, top - 1).astype(np.intp)
    canvas[:, top:] = canvas[:, rows, np.arange(edge)[None, :]] * np.float32(0.78)


def mountains(rng: np.random.Generator, edge: int) -> Image.Image:
    """Ridges one behind another, each with mist at its foot, above a lake or a forest."""
    hour = str(rng.choice(list(MOUNTAIN_HOURS)))
    colours, land = MOUNTAIN_HOURS[hour]
    horizon, layers, sunward = rng.uniform(0.3, 0.55), int(rng.integers(3, 7)), float(rng.choice([-1.0, 1.0]))
    canvas = sky(rng, edge, colours, horizon + 0.15, rng.uniform(0.1, 0.9))
    if rng.random() < 0.65:
        sun = (rng.uniform(0.1, 0.9), rng.uniform(0.1, horizon))
        light_in_sky(canvas, sun, rng.uniform(0.02, 0.06), stop(colours, 1))
    drift = noise(rng, edge, (1.5, 5), 4)
    for depth in np.linspace(0, 1, layers).tolist():
        crest = _crest(rng, edge, horizon + depth * (0.92 - horizon), depth)
        below = grid(edge)[1] - crest[None, :]
        rock = noise(rng, edge, (5 + 3 * depth, 3 + 3 * depth), 6, 0.58)
        paint = stop(land, depth) * relief(rock, 5 + 9 * depth, (sunward, -0.5))
        if hour in SNOWY and depth < 0.7:
            lay(paint, stop(colours, 1) * 0.93, unit(1.3 - below / 0.09 - rock * 1.1) * 0.9)
        mist = unit(below / np.float32(0.2) + (drift - 0.5) * 0.8)
        lay(paint, stop(colours, 1), mist * np.float32(0.95 - 0.75 * depth))
        lay(canvas, paint, inside(-below, 0.005))
    foot = str(rng.choice(["Lake", "Pine forest", "Ridges"]))
    if foot == "Lake":
        mirrored(rng, canvas, rng.uniform(0.62, 0.75))
    elif foot == "Pine forest":
        lay(canvas, stop(land, 1) * 0.55, forest(rng, edge, rng.uniform(0.8, 0.93)))
    words = ["mountains", hour, "mist", foot.lower(), f"{layers} ridges"]
    return signed(canvas, f"{foot} below the peaks, {hour}", words, rng, 0.06)


def _crest(rng: np.random.Generator, edge: int, level: float, depth: float) -> Plane:
    """The outline of a ridge over x, (edge,), with one summit, higher the farther away it is."""
    x = grid(edge)[0][0]
    summit, spread = np.float32(rng.uniform(0, 1)), np.float32(rng.uniform(0.12, 0.3))
    peak = np.exp(-(((x - summit) / spread) ** 2)) * np.float32(rng.uniform(0.05, 0.3) * (1 - depth))
    line = profile(rng, edge, rng.uniform(1.5, 4), 7, 0.52) * np.float32(0.1 - 0.05 * depth)
    crest: Plane = np.float32(level) - line - peak
    return crest


def forest(rng: np.random.Generator, edge: int, base: float) -> Plane:
    """A mask of pine trees along the foot of the picture."""

    def trees(pen: Pen) -> None:
        pen.polygon([(0, base + 0.07), (1, base + 0.07), (1, 1), (0, 1)])
        slope = rng.uniform(-0.12, 0.12)
        for at in np.sort(rng.uniform(-0.02, 1.02, int(rng.integers(12, 60)))):
            tall, foot = rng.uniform(0.06, 0.2), base + 0.1 + slope * (at - 0.5)
            for tier in range(7):
                top, wide = foot - tall * (1 - tier / 8), tall * (0.05 + 0.028 * tier)
                pen.polygon([(at, top), (at + wide, top + tall * 0.2), (at - wide, top + tall * 0.2)])

    return cut(edge, trees)
