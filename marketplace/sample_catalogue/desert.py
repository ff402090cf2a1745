"""Dunes: one lit and one shaded flank along a winding crest."""

import numpy as np
from PIL import Image

from .canvas import Canvas, Pen, cut, grid, inside, lay, noise, profile, ramp, shade, signed, stop, unit
from .landscapes import light_in_sky, sky

DUNE_HOURS = {  # sky | sand from shadow to light
    "sunrise": ("6f86b8 c8b6c0 f6d3a6", "3a2340 8a4a4a d98a55 f8cf8e"),
    "midday": ("3f86c8 8fbfe0 dcebf0", "8a5a34 c08a52 e6bd84 f8e2b8"),
    "sunset": ("2f2a5c a14a6a f79a52", "1f1233 6b2440 c2502f f4a045"),
    "blue dusk": ("1f2f5a 5a6a9a c8a8b0", "1a1f3f 4a4a7a a87a8a e8b8a0"),
    "rose morning": ("8aa8d0 e0c0d0 fbe4d8", "5a2f3f a8606a e0a090 fbdcc8"),
    "starlight": ("04081a 0d1a3a 2a3f66", "05070f 14203a 32486a 7f92a8"),
    "dust": ("a88a64 c8a878 e0c89c", "6a4a2c 98724a c29a68 dcbf8e"),
}


def dunes(rng: np.random.Generator, edge: int) -> Image.Image:
    """Sand near or far, with a caravan, palms, rocks or tents in some."""
    hour = str(rng.choice(list(DUNE_HOURS)))
    colours, sand = DUNE_HOURS[hour]
    x, y = grid(edge)
    horizon, layers = rng.uniform(0.08, 0.6), int(rng.integers(1, 6))
    canvas = sky(rng, edge, colours, horizon + 0.1, rng.uniform(0, 0.6))
    if hour == "starlight":
        canvas += unit(noise(rng, edge, 150, 1) * 12 - 11)
    if rng.random() < 0.7:
        sun = (rng.uniform(0.1, 0.9), rng.uniform(0.06, horizon))
        light_in_sky(canvas, sun, rng.uniform(0.02, 0.07), stop(colours, 1))
    subject = str(rng.choice(["Dunes", "Dunes", "Caravan", "Palms", "Table rocks", "Tents"]))
    dark = stop(sand, 0) * 0.45
    if subject == "Table rocks":
        rocks = cut(edge, lambda pen: _table_rocks(pen, rng, horizon))
        lay(canvas, stop(sand, 0.3) * (0.7 + 0.5 * noise(rng, edge, (30, 12), 3)), rocks)
    side = float(rng.choice([-1.0, 1.0]))
    for layer in range(layers):
        _dune(canvas, rng, (horizon + 0.7 * layer / layers, (layer + 1) / layers), side, (sand, colours))
    if subject in SUBJECTS:
        ground = rng.uniform(horizon + 0.15, 0.9)
        lay(canvas, dark, cut(edge, lambda pen: SUBJECTS[subject](pen, rng, ground)))
    shade(canvas, 1.05 - 0.35 * ((x - 0.5) ** 2 + (y - 0.5) ** 2))
    return signed(canvas, f"{subject} at {hour}", ["desert", "sand", hour, subject.lower()], rng, 0.07)


def _dune(
    canvas: Canvas, rng: np.random.Generator, place: tuple[float, float], side: float, palette: tuple[str, str]
) -> None:
    """One dune whose top lies at the given height, nearer the larger its depth (0 to 1), in place."""
    top, depth = place
    sand, colours = palette
    edge = canvas.shape[-1]
    x, y = grid(edge)
    left, spread = rng.uniform(0.0, 1.0), rng.uniform(0.2, 0.7)
    rise = np.abs(x[0] - np.float32(left)) / np.float32(spread)
    crest = np.float32(top + rng.uniform(-0.04, 0.04)) + np.float32(0.2 * depth) * rise * np.sqrt(rise)
    crest += profile(rng, edge, 2, 3, 0.4) * np.float32(0.015)
    below = unit(y - crest[None, :])
    winding = (
        left + np.sin(below * rng.uniform(5, 16) + rng.uniform(0, 6)) * below * 0.7 + below * rng.uniform(-0.9, 0.9)
    )
    flank = inside((x - winding) * np.float32(side), 0.01 + 0.02 * depth)
    furrows = below * rng.uniform(110, 190) + x * rng.uniform(-70, 70) + noise(rng, edge, 4, 3) * rng.uniform(12, 30)
    ripples = np.sin(furrows * np.float32(1.7 - 0.6 * depth))
    tone = 0.2 + 0.62 * flank + 0.04 * ripples * (0.2 + flank) - below * np.float32(0.35)
    paint = ramp(sand, tone + (noise(rng, edge, 60, 2) - 0.5) * 0.1)
    lay(paint, stop(colours, 1), float(0.5 * (1 - depth)))
    lay(canvas, paint, inside(crest[None, :] - y, 0.004))


def _caravan(pen: Pen, rng: np.random.Generator, ground: float) -> None:
    """A row of camels in silhouette."""
    start, size = rng.uniform(0.05, 0.5), rng.uniform(0.025, 0.05)
    for index in range(int(rng.integers(3, 8))):
        at, foot = start + index * size * 2.3, ground + 0.02 * np.sin(index)
        pen.dot((at, foot - size), size * 0.62, height=size * 0.38)
        pen.dot((at, foot - size * 1.35), size * 0.25, height=size * 0.35)
        pen.line(
            [
                (at + size * 0.5, foot - size),
                (at + size * 0.85, foot - size * 1.6),
                (at + size * 1.1, foot - size * 1.55),
            ],
            size * 0.2,
        )
        for leg in (-0.45, -0.3, 0.3, 0.45):
            pen.line([(at + size * leg, foot - size), (at + size * leg, foot)], size * 0.12)


def _palms(pen: Pen, rng: np.random.Generator, ground: float) -> None:
    """Date palms in silhouette."""
    for _ in range(int(rng.integers(1, 6))):
        foot, lean, tall = rng.uniform(0.08, 0.92), rng.uniform(-0.12, 0.12), rng.uniform(0.2, 0.45)
        part = np.linspace(0, 1, 12)
        pen.line(np.stack([foot + lean * part**2, ground - tall * part], 1), 0.012)
        for turn in np.linspace(0.2, 2.9, int(rng.integers(7, 12))) + rng.normal(0, 0.08):
            reach = tall * rng.uniform(0.35, 0.5) * part
            frond = np.stack(
                [foot + lean - reach * np.cos(turn), ground - tall - reach * np.sin(turn) * (1.1 - 1.6 * part)], 1
            )
            pen.line(frond, 0.009)


def _tents(pen: Pen, rng: np.random.Generator, ground: float) -> None:
    """A camp of low tents."""
    for _ in range(int(rng.integers(2, 6))):
        at, wide = rng.uniform(0.1, 0.9), rng.uniform(0.05, 0.11)
        tall = wide * rng.uniform(0.6, 1.0)
        pen.polygon(
            [
                (at - wide, ground),
                (at - wide * 0.35, ground - tall * 0.7),
                (at, ground - tall),
                (at + wide * 0.4, ground - tall * 0.65),
                (at + wide, ground),
            ]
        )
        pen.line([(at, ground - tall * 1.3), (at, ground)], 0.005)


def _table_rocks(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    """Flat-topped rocks on the horizon."""
    for _ in range(int(rng.integers(2, 6))):
        at, wide, tall = rng.uniform(0, 1), rng.uniform(0.06, 0.2), rng.uniform(0.08, 0.3)
        top = horizon - tall
        pen.polygon(
            [
                (at - wide, horizon + 0.3),
                (at - wide * 0.7, top + tall * 0.5),
                (at - wide * 0.6, top),
                (at + wide * 0.55, top + 0.01),
                (at + wide * 0.7, top + tall * 0.6),
                (at + wide, horizon + 0.3),
            ]
        )


SUBJECTS = {"Caravan": _caravan, "Palms": _palms, "Tents": _tents}
