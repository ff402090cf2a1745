"""Deep sky: gas, dust, stars and planets."""

import math

import numpy as np
from PIL import Image

from .canvas import (
    Canvas,
    Pen,
    Plane,
    blur,
    colour,
    grid,
    inside,
    lay,
    mixed,
    noise,
    ramp,
    shade,
    signed,
    unit,
)

NEBULAE = {
    "rose": "05030c 2a0a2e 8a1f5a e8608a ffd8c8",
    "emerald": "02070a 06282e 137a6a 7fd8a0 f2ffd8",
    "amber": "070305 2e1208 8f3f12 f0a040 fff0c0",
    "sapphire": "02030c 0a1a4a 2a4fb8 7fb0ff f0f6ff",
    "violet": "040208 1f0f4a 5a2fa0 c080e8 ffe8f8",
}


def nebula(rng: np.random.Generator, edge: int) -> Image.Image:
    """Gas drawn with noise bent by noise, dust lanes before it, and stars."""
    hue = str(rng.choice(list(NEBULAE)))
    x, y = grid(edge)
    subject = str(rng.choice(["cloud", "ring", "spiral", "pillar", "planet"]))
    centre = (rng.uniform(0.25, 0.75), rng.uniform(0.25, 0.75))
    gas = _bent(rng, edge, rng.uniform(2.5, 6), rng.uniform(0.15, 0.45))
    dx, dy = x - np.float32(centre[0]), (y - np.float32(centre[1])) * np.float32(rng.uniform(1, 1.9))
    shape = _gas_shape(rng, subject, (dx, dy), gas)
    light = np.clip(shape * (0.35 + 1.0 * gas), 0, 1.1)
    lanes = unit(_bent(rng, edge, 5, 0.3) * 3 - 1.75) * 0.75
    canvas = ramp(NEBULAE[hue], unit(light * (1 - lanes)))
    other = str(rng.choice([name for name in NEBULAE if name != hue]))
    canvas += ramp(NEBULAE[other], np.clip(noise(rng, edge, 2, 4) * gas * 1.1 - 0.15, 0, 0.7)) * np.float32(0.4)
    canvas += _stars(rng, edge)
    if subject == "planet":
        _planet(canvas, rng, NEBULAE[other])
    return signed(canvas, f"{hue.capitalize()} {subject}", ["night sky", "nebula", subject, hue, "stars"], rng, 0.05)


def _gas_shape(rng: np.random.Generator, subject: str, place: tuple[Plane, Plane], gas: Plane) -> Plane:
    """How bright the gas is at each distance (dx, dy) from its centre."""
    dx, dy = place
    reach, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    if subject == "ring":
        band: Plane = (reach + (gas - 0.5) * 0.18 - rng.uniform(0.15, 0.33)) / 0.07
        return np.exp(-np.square(band))
    if subject == "spiral":
        wound = np.log(reach + 0.02) * (rng.uniform(1.5, 3) * float(rng.choice([-1.0, 1.0])))
        arms = np.cos(int(rng.integers(2, 5)) * (turn + wound) + gas * 2.5)
        return np.exp(-reach * 4.5) * (1.04 + 0.8 * arms)
    if subject == "pillar":
        aside: Plane = np.abs(dx + dy * rng.uniform(-0.8, 0.8) + (gas - 0.5) * 0.6)
        return 1.1 * np.exp(-aside * 6)
    return 1.1 * np.exp(-(reach**2) / rng.uniform(0.06, 0.25))


def _bent(rng: np.random.Generator, edge: int, cells: float, bend: float) -> Plane:
    """Noise looked up at places that other noise has moved."""
    texture = noise(rng, edge, cells, 6, 0.55)
    shift = [((noise(rng, edge, cells * 0.7, 4) - 0.5) * (bend * 2 * edge)).astype(np.intp) for _ in range(2)]
    index = np.arange(edge)
    bent: Plane = texture[np.abs(index[:, None] + shift[0]) % edge, np.abs(index[None, :] + shift[1]) % edge]
    return bent


def _stars(rng: np.random.Generator, edge: int) -> Canvas:
    dust = Pen(edge, "000000")
    for _ in range(int(rng.integers(150, 420))):
        bright = rng.power(0.5)
        ink = mixed("000000", str(rng.choice(["ffffff", "ffe0b8", "b8d4ff"])), 0.25 + 0.75 * bright)
        dust.dot((rng.random(), rng.random()), 0.001 + 0.002 * bright, ink)
    large = Pen(edge, "000000")
    for _ in range(int(rng.integers(2, 9))):
        (px, py), size = rng.random(2), rng.uniform(0.01, 0.045)
        large.dot((px, py), size * 0.22, "ffffff")
        large.line([(px - size, py), (px + size, py)], 0.0016, "c8d8ff")
        large.line([(px, py - size), (px, py + size)], 0.0016, "c8d8ff")
    lights = large.plane()
    return dust.plane() + lights + blur(lights, 0.01) * np.float32(1.5)


def _planet(canvas: Canvas, rng: np.random.Generator, colours: str) -> None:
    edge = canvas.shape[-1]
    x, y = grid(edge)
    radius, px, py = (rng.uniform(low, high) for low, high in ((0.12, 0.3), (0.25, 0.75), (0.25, 0.75)))
    dx, dy = (x - px) / np.float32(radius), (y - py) / np.float32(radius)
    depth = np.sqrt(unit(1 - dx**2 - dy**2))
    angle = rng.uniform(0, 2 * np.pi)
    lit = np.clip(dx * math.cos(angle) + dy * math.sin(angle) + depth * 0.5, 0.02, 1)
    bands = (
        noise(rng, edge, (2, 22), 3) * 0.5 + 0.25 + 0.25 * np.sin(dy * rng.uniform(5, 18) + noise(rng, edge, 4, 3) * 5)
    )
    surface = ramp(colours, unit(bands + 0.25))
    shade(surface, lit)
    ringed, tilt = rng.random() < 0.5, rng.uniform(-0.5, 0.5)
    orbit = np.hypot(dx, (dy - tilt * dx) * 5)
    rings = inside(np.abs(orbit - 1.65) - 0.32, 0.08) * (0.35 + 0.4 * np.sin(orbit * 38)) * np.float32(ringed)
    lay(canvas, surface, inside(np.hypot(dx, dy) - 1, 0.03))
    lay(canvas, colour("e8d8b8"), unit(rings) * ((dy - tilt * dx > 0) | (np.hypot(dx, dy) > 1)))
