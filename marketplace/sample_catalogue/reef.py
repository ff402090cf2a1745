"""Under water: coral heads, branching coral, sea fans and fish."""

import math

import numpy as np
from PIL import Image

from .canvas import (
    Canvas,
    Pen,
    Plane,
    Point,
    blur,
    code_of,
    cut,
    flat,
    grid,
    lay,
    noise,
    ramp,
    relief,
    shade,
    signed,
    stop,
    unit,
)

WATERS = {  # bed to surface | coral from shade to light
    "reef": ("06304a 0f6a8a 4fb8c0", "5a1f3a d8506a f8a890 fff0e0"),
    "deep": ("02081a 0a1f4a 1f4a8a", "1a2f5a 3f7ab8 8fd0e8 f0fcff"),
    "lagoon": ("0f5a5a 3fa89a b8e8c8", "7a4a0f d8902a f8d060 fffbe0"),
    "violet": ("140a2e 3a1f6a 7a4ab0", "3a1a5a a84ac0 f090d8 fff0f8"),
    "kelp": ("0a1f14 1f4a2f 5a8a48", "1f3a0f 6a8a1f c8d060 fbffe0"),
    "sunlit": ("0a4a8a 2a9ad0 c8f0f0", "6a1a1a e8502a f8b060 fff8e0"),
}
TILE = 256


def coral(rng: np.random.Generator, edge: int) -> Image.Image:
    """A piece of reef, domes, fans and branches, under slanting light."""
    water, subject = (
        str(rng.choice(list(WATERS))),
        str(rng.choice(["Domes", "One dome", "Sea fan", "Staghorn", "Garden"])),
    )
    depth, flesh = WATERS[water]
    other = WATERS[str(rng.choice(list(WATERS)))][1]
    _, y = grid(edge)
    canvas = ramp(depth, unit(1 - y + (noise(rng, edge, (6, 2), 3) - 0.5) * 0.5))
    rays = unit(noise(rng, edge, (9, 0.6), 2) - 0.45) * (1 - y)
    lay(canvas, 1.0, rays * 0.7)
    _sand(canvas, rng, depth, rng.uniform(0.72, 0.95))
    if rng.random() < 0.5:
        lay(canvas, stop(depth, 0.0) * 0.6, cut(edge, lambda pen: _shoal(pen, rng)))
    pattern = ridges(rng, rng.uniform(0.06, 0.12), float(rng.choice([0.0, 0.28, -0.2])))
    if subject in ("Sea fan", "Garden"):
        _branches(canvas, rng, other, spread=0.5, forks=8)
    if subject in ("Staghorn", "Garden"):
        _branches(canvas, rng, flesh, spread=1.1, forks=5)
    heads = {"Domes": int(rng.integers(2, 7)), "One dome": 1, "Garden": 2}.get(subject, 0)
    for _ in range(heads):
        radius = rng.uniform(0.4, 0.75) if subject == "One dome" else rng.uniform(0.13, 0.32)
        _dome(canvas, rng, (rng.uniform(0.1, 0.9), rng.uniform(0.45, 0.95)), radius, (pattern, flesh))
    canvas += blur(unit(noise(rng, edge, 120, 1) * 8 - 7.1), 0.003) * np.float32(0.5)
    return signed(canvas, f"{subject}, {water} water", ["coral", "underwater", subject.lower(), water], rng, 0.06)


def _sand(canvas: Canvas, rng: np.random.Generator, depth: str, top: float) -> None:
    edge = canvas.shape[-1]
    _, y = grid(edge)
    bed = flat(edge, code_of(stop(depth, 0.25)))
    ripple = noise(rng, edge, (6, 40), 3)
    shade(bed, relief(ripple, 6) * 1.2)
    lay(canvas, bed, unit((y - np.float32(top)) * 9 + (ripple - 0.5) * 0.6) * 0.85)


def _shoal(pen: Pen, rng: np.random.Generator) -> None:
    size, heading, centre = (
        rng.uniform(0.012, 0.035),
        float(rng.choice([-1.0, 1.0])),
        rng.uniform((0.2, 0.15), (0.8, 0.5)),
    )
    for _ in range(int(rng.integers(5, 40))):
        px, py = centre + rng.normal(0, (0.16, 0.08))
        pen.dot((px, py), size, height=size * 0.42)
        pen.polygon(
            [
                (px - heading * size * 0.8, py),
                (px - heading * size * 1.5, py - size * 0.45),
                (px - heading * size * 1.5, py + size * 0.45),
            ]
        )


def _branches(canvas: Canvas, rng: np.random.Generator, flesh: str, spread: float, forks: int) -> None:
    """A colony that forks again and again, rounded by light from the left, in place."""
    edge = canvas.shape[-1]

    def grow(pen: Pen, at: Point, turn: float, reach: float, width: float, left: int) -> None:
        tip = (at[0] + reach * math.cos(turn), at[1] + reach * math.sin(turn))
        pen.line([at, tip], width)
        pen.dot(tip, width / 2)
        if left:
            for side in (-1.0, 1.0):
                if rng.random() < 0.93:
                    grow(
                        pen,
                        tip,
                        turn + side * spread * rng.uniform(0.2, 0.9),
                        reach * rng.uniform(0.72, 0.95),
                        width * 0.76,
                        left - 1,
                    )

    colony = Pen(edge)
    for foot in rng.uniform(0.1, 0.9, int(rng.integers(1, 4))):
        grow(
            colony,
            (float(foot), 1.0),
            -math.pi / 2 + rng.uniform(-0.4, 0.4),
            rng.uniform(0.13, 0.2),
            0.01 + 0.035 * spread,
            forks,
        )
    plate = colony.plane()
    rounded = blur(plate, 0.008)
    paint = ramp(flesh, 0.25 + 0.6 * rounded * noise(rng, edge, 30, 3))
    shade(paint, relief(rounded, 3.5))
    shade(canvas, 1 - 0.4 * blur(plate, 0.025))
    lay(canvas, paint, plate)


def _dome(canvas: Canvas, rng: np.random.Generator, centre: Point, radius: float, skin: tuple[Plane, str]) -> None:
    """A head of coral with its pattern wrapped round it, in place."""
    edge = canvas.shape[-1]
    x, y = grid(edge)
    pattern, flesh = skin
    dx, dy = (x - np.float32(centre[0])) / np.float32(radius), (y - np.float32(centre[1])) / np.float32(radius)
    reach = np.hypot(dx, dy) * (1 + (noise(rng, edge, 5, 3) - 0.5) * 0.35)
    bulge = np.sqrt(unit(1 - reach**2))
    wrap = 128 / (1 + 1.2 * bulge) * np.float32(0.9 + radius)
    rows, columns = ((step * wrap).astype(np.intp) % TILE for step in (dy, dx))
    texture = np.roll(pattern, rng.integers(0, TILE, 2), (0, 1))[rows, columns]
    lit = np.clip(0.25 + 0.75 * (bulge * 0.6 - dx * 0.3 - dy * 0.55), 0.08, 1.2)
    paint = ramp(flesh, unit(texture * 0.75 + 0.1 + 0.2 * bulge))
    shade(paint, lit * relief(texture, 2.5))
    shade(canvas, 1 - 0.6 * unit(1.25 - np.hypot(dx, dy - 0.12)))
    lay(canvas, paint, unit((1 - reach) * np.float32(radius * edge * 0.6)))


def ridges(rng: np.random.Generator, wavelength: float, bias: float) -> Plane:
    """A tileable 256-by-256 pattern: noise sharpened again and again at one wavelength, after Turing's idea.

    The bias turns a labyrinth (0) into islands (positive) or pits (negative).
    """
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]).astype(np.float32)
    band = np.exp(-(((frequency - np.float32(wavelength)) / np.float32(0.012)) ** 2)) * 3
    field = rng.random((TILE, TILE), np.float32) - np.float32(0.5)
    for _ in range(5):
        field = np.fft.irfft2(np.fft.rfft2(field) * band, (TILE, TILE)).astype(np.float32)
        field = np.tanh(field / field.std() * np.float32(1.3) - np.float32(bias))
    pattern: Plane = (field - field.min()) / (field.max() - field.min())
    return pattern
