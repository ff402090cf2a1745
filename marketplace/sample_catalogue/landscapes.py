"""Mountains in mist, seascapes and dunes: layers of land under a sky with its own light."""

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
    shade,
    signed,
    stop,
)

MOUNTAIN_HOURS = {  # sky from top to horizon | land from far to near
    "dawn": ("3d4f7c 8f8fb0 e9b9a0 fbe3bd", "c6a5a8 8c7f96 55597a 23304a"),
    "noon": ("3f7fbe 7fb2dc c4def0 eef6f8", "a9c4d4 6f94a4 41685f 1d3b2c"),
    "dusk": ("1c1d44 5b3a6e c95b5a f7b267", "b8646a 7a4663 452f52 1a1730"),
    "moonlight": ("070d1f 10203f 1f3a5f 4a6b8a", "3d5b7a 294462 182d47 080f1c"),
    "rain": ("6f7b82 8f9a9e b4bdbd d2d8d4", "a5b0b0 78878a 4c5c60 22302f"),
    "autumn": ("7aa0b8 b3c7c9 e8dcc0 f6ecd2", "c9b08a b0763f 8a4421 3c1f14"),
}


def sky(rng: np.random.Generator, edge: int, colours: str, horizon: float, clouds: float) -> Canvas:
    """A sky down to the horizon (0…1), with clouds drawn out sideways."""
    _, y = grid(edge)
    height = np.clip(y / np.float32(horizon), 0, 1)
    canvas = ramp(colours, height)
    veil = np.clip(noise(rng, edge, (2.0, 7.0)) * 2.4 - 1.15, 0, 1) * np.float32(clouds)
    lay(canvas, ramp(colours, np.clip(height + 0.45, 0, 1)) * 0.6 + 0.4, veil)
    return canvas


def light_in_sky(canvas: Canvas, centre: tuple[float, float], radius: float, tint: Canvas) -> None:
    """A sun or moon with its halo, in place."""
    edge = canvas.shape[-1]
    lay(canvas, tint, np.clip(glow(edge, centre, radius * 2.2), 0, 1) * 0.75)
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
    """Ridges one behind another, each with mist at its foot."""
    hour = str(rng.choice(list(MOUNTAIN_HOURS)))
    colours, land = MOUNTAIN_HOURS[hour]
    x, y = grid(edge)
    sunward = float(rng.choice([-1.0, 1.0]))
    horizon, layers, summit = rng.uniform(0.3, 0.55), int(rng.integers(3, 7)), rng.uniform(0.15, 0.85)
    canvas = sky(rng, edge, colours, horizon + 0.15, rng.uniform(0.1, 0.9))
    if rng.random() < 0.65:
        light_in_sky(canvas, (rng.uniform(0.1, 0.9), rng.uniform(0.1, horizon)), rng.uniform(0.02, 0.06), stop(colours, 1))
    drift = noise(rng, edge, (1.5, 5), 4)
    for layer in range(layers):
        depth = layer / max(1, layers - 1)
        line = profile(rng, edge, rng.uniform(1.5, 4), 7, 0.52) * np.float32(0.05 + 0.05 * (1 - depth))
        peak = np.exp(-(((x[0] - summit) / rng.uniform(0.12, 0.3)) ** 2)) * np.float32(rng.uniform(0.05, 0.3) * (1 - depth))
        crest = np.float32(horizon + depth * (0.92 - horizon)) - line - peak
        below = y - crest[None, :]
        rock = noise(rng, edge, (5 + 3 * depth, 3 + 3 * depth), 6, 0.58)
        paint = stop(land, depth) * relief(rock, 5 + 9 * depth, (sunward, -0.5))
        if hour in ("noon", "moonlight", "rain") and depth < 0.7:
            lay(paint, np.float32(0.93) * stop(colours, 1), np.clip(1.3 - below / 0.09 - rock * 1.1, 0, 1) * 0.9)
        lay(paint, stop(colours, 1), np.clip(below / np.float32(0.2) + (drift - 0.5) * 0.8, 0, 1) * np.float32(0.95 - 0.75 * depth))
        lay(canvas, paint, inside(-below, 0.005))
        summit = rng.uniform(0, 1)
    words = ["mountains", hour, "mist", f"{layers} ridges"]
    if rng.random() < 0.4:
        mirrored(rng, canvas, rng.uniform(0.62, 0.75))
        words += ["lake", "reflection"]
    elif rng.random() < 0.7:
        lay(canvas, stop(land, 1) * 0.55, forest(rng, edge, rng.uniform(0.8, 0.93)))
        words += ["pine forest"]
    return signed(canvas, f"{words[-1].capitalize()} and ridges, {hour}", words, rng, 0.018)


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
    sea = ramp(water, np.clip(near * 0.9 + (waves - 0.5) * 0.45, 0, 1))
    path = np.exp(-(((x - sun[0]) / (0.04 + 0.22 * near)) ** 2))
    lay(sea, stop(colours, 1), np.clip((waves - 0.72 + 0.3 * path) * 6, 0, 1) * path)
    lay(sea, np.float32(0.95), np.clip((waves - np.float32(rng.uniform(0.72, 0.9))) * 7, 0, 1) * near)
    lay(canvas, sea, inside(np.float32(horizon) - y, 0.004))
    subject = str(rng.choice(["Headland", "Sail", "Lighthouse", "Sea stacks", "Harbour", "Open sea"]))
    dark = stop(water, 1) * np.float32(0.5)
    lay(canvas, dark, cut(edge, lambda pen: seamark(pen, rng, subject, horizon)))
    if subject == "Lighthouse":
        lay(canvas, np.float32(1), glow(edge, (0.74, horizon - 0.245), 0.025) * 0.9)
    return signed(canvas, f"{subject} {hour}", ["sea", "waves", hour, subject.lower()], rng, 0.02)


def swell(rng: np.random.Generator, edge: int, near: Plane) -> Plane:
    """Waves in perspective: a noise texture laid on the water, far rows squeezed together."""
    x, _ = grid(edge)
    texture = noise(rng, edge, (9.0, 22.0), 4, 0.6)
    away = 1 / (near + np.float32(0.09))
    columns = ((x - 0.5) * away * 0.35 + 0.5) * edge
    rows = away * np.float32(0.16 * edge)
    return texture[rows.astype(np.intp) % edge, columns.astype(np.intp) % edge]


def seamark(pen: Pen, rng: np.random.Generator, subject: str, horizon: float) -> None:
    """The dark shape that stands in the water."""
    if subject == "Headland":
        side, steps = rng.choice([-1.0, 1.0]), np.linspace(0, rng.uniform(0.4, 0.8), 60)
        rise = np.sort(rng.uniform(0, rng.uniform(0.08, 0.25), 60))[::-1]
        outline = [(0.5 + side * (0.5 - s), horizon - r) for s, r in zip(steps, rise, strict=True)]
        pen.polygon([*outline, (outline[-1][0], horizon + 0.01), (outline[0][0], horizon + 0.01)])
    elif subject == "Sail":
        for _ in range(int(rng.integers(1, 5))):
            at, tall = rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.3)
            foot = horizon + tall * 0.3
            pen.polygon([(at, foot - tall), (at, foot - 0.02), (at + tall * 0.4, foot - 0.02)])
            pen.polygon([(at - 0.008, foot - tall * 0.8), (at - 0.008, foot - 0.02), (at - tall * 0.25, foot - 0.02)])
            pen.polygon([(at - tall * 0.3, foot - 0.01), (at + tall * 0.45, foot - 0.01), (at + tall * 0.3, foot + tall * 0.09), (at - tall * 0.2, foot + tall * 0.09)])
    elif subject == "Lighthouse":
        foot = horizon + 0.02
        pen.polygon([(0.71, foot - 0.23), (0.77, foot - 0.23), (0.785, foot), (0.695, foot)])
        pen.polygon([(0.715, foot - 0.25), (0.765, foot - 0.25), (0.74, foot - 0.31)])
        pen.dot((0.76, foot + 0.02), rng.uniform(0.15, 0.3), height=0.05)
    elif subject == "Sea stacks":
        for _ in range(int(rng.integers(2, 6))):
            at, wide, tall = rng.uniform(0, 1), rng.uniform(0.03, 0.1), rng.uniform(0.08, 0.4)
            left = [(at - wide * (0.6 + rng.uniform(0, 0.5)), horizon + 0.04 - tall * t) for t in np.linspace(0, 1, 7)]
            right = [(at + wide * (0.6 + rng.uniform(0, 0.5)), horizon + 0.04 - tall * t) for t in np.linspace(1, 0, 7)]
            pen.polygon([*left, *right])
    elif subject == "Harbour":
        pier = horizon + rng.uniform(0.12, 0.22)
        pen.polygon([(0, pier), (0.62, pier - 0.03), (0.62, pier), (0, pier + 0.05)])
        for post in np.linspace(0.05, 0.6, 8):
            pen.line([(post, pier - 0.06), (post, pier + 0.12)], 0.014)
        for mast in rng.uniform(0.1, 0.9, int(rng.integers(2, 7))):
            pen.line([(mast, horizon - rng.uniform(0.1, 0.25)), (mast, pier - 0.02)], 0.005)


DUNE_HOURS = {  # sky | sand from shadow to light
    "sunrise": ("6f86b8 c8b6c0 f6d3a6", "3a2340 8a4a4a d98a55 f8cf8e"),
    "midday": ("3f86c8 8fbfe0 dcebf0", "8a5a34 c08a52 e6bd84 f8e2b8"),
    "sunset": ("2f2a5c a14a6a f79a52", "1f1233 6b2440 c2502f f4a045"),
    "starlight": ("04081a 0d1a3a 2a3f66", "05070f 14203a 32486a 7f92a8"),
    "dust": ("a88a64 c8a878 e0c89c", "6a4a2c 98724a c29a68 dcbf8e"),
}


def dunes(rng: np.random.Generator, edge: int) -> Image.Image:
    """Dunes with one lit and one shaded flank along a winding crest."""
    hour = str(rng.choice(list(DUNE_HOURS)))
    colours, sand = DUNE_HOURS[hour]
    x, y = grid(edge)
    horizon, layers = rng.uniform(0.22, 0.5), int(rng.integers(2, 6))
    canvas = sky(rng, edge, colours, horizon + 0.1, rng.uniform(0, 0.5))
    if rng.random() < 0.7:
        light_in_sky(canvas, (rng.uniform(0.1, 0.9), rng.uniform(0.06, horizon)), rng.uniform(0.02, 0.07), stop(colours, 1))
    side, haze = float(rng.choice([-1.0, 1.0])), stop(colours, 1)
    for layer in range(layers):
        depth = (layer + 1) / layers
        top, left, spread = horizon + 0.13 * layer + rng.uniform(-0.04, 0.04), rng.uniform(0.1, 0.9), rng.uniform(0.25, 0.7)
        rise = np.abs(x[0] - left) / np.float32(spread)
        crest = np.float32(top) + np.float32(0.16 * depth) * rise**1.4 + profile(rng, edge, 2, 3, 0.4) * np.float32(0.015)
        below = np.clip(y - crest[None, :], 0, 1)
        winding = left + np.sin(below * rng.uniform(6, 16) + rng.uniform(0, 6)) * below * 0.7 + below * rng.uniform(-0.8, 0.8)
        flank = inside((x - winding) * np.float32(side), 0.01 + 0.02 * depth)
        ripples = np.sin((below * 150 + x * rng.uniform(-60, 60) + noise(rng, edge, 4, 3) * 22) * np.float32(1.7 - 0.6 * depth))
        tone = 0.2 + 0.62 * flank + 0.035 * ripples * (0.2 + flank) - below * np.float32(0.35) + (noise(rng, edge, 60, 2) - 0.5) * 0.1
        paint = ramp(sand, np.clip(tone, 0, 1))
        lay(paint, haze, float(0.5 * (1 - depth)))
        lay(canvas, paint, inside(crest[None, :] - y, 0.004))
    words = ["desert", "dunes", "sand", hour]
    if rng.random() < 0.4:
        words.append("caravan")
        lay(canvas, stop(sand, 0) * 0.4, cut(edge, lambda pen: caravan(pen, rng, horizon + 0.2)))
    shade(canvas, 1.05 - 0.35 * np.hypot(x - 0.5, y - 0.5) ** 2)
    return signed(canvas, f"{'Caravan' if 'caravan' in words else 'Dunes'} at {hour}", words, rng, 0.022)


def caravan(pen: Pen, rng: np.random.Generator, ground: float) -> None:
    """A row of camels in silhouette."""
    start, size = rng.uniform(0.05, 0.5), rng.uniform(0.025, 0.05)
    for index in range(int(rng.integers(3, 8))):
        at, foot = start + index * size * 2.3, ground + 0.02 * np.sin(index)
        pen.dot((at, foot - size), size * 0.62, height=size * 0.38)
        pen.dot((at, foot - size * 1.35), size * 0.25, height=size * 0.35)
        pen.line([(at + size * 0.5, foot - size), (at + size * 0.85, foot - size * 1.6), (at + size * 1.1, foot - size * 1.55)], size * 0.2)
        for leg in (-0.45, -0.3, 0.3, 0.45):
            pen.line([(at + size * leg, foot - size), (at + size * leg, foot)], size * 0.12)
