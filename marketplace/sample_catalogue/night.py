"""Cities after dark, deep sky and engraved star charts."""

import math

import numpy as np
from PIL import Image

from .canvas import (
    Canvas,
    Pen,
    blur,
    code_of,
    colour,
    cut,
    disc,
    flat,
    grid,
    inside,
    lay,
    noise,
    ramp,
    shade,
    signed,
    stop,
)

CITY_AIR = {
    "violet dusk": "120c2e 3a1f5c 8a3f6e e0785a",
    "blue hour": "071330 16356a 3f74a8 a8c4cf",
    "green haze": "06140f 0f3028 2a5a48 8aa06a",
    "red smog": "12060a 3a0f16 7a241f d0603a",
    "black rain": "050608 0e1218 1f2830 48545e",
}
WINDOW_LIGHT = ("ffd98a", "ffb45c", "fff1cf", "9fd8ff", "ff7fb0", "b8ffd8")


def night_city(rng: np.random.Generator, edge: int) -> Image.Image:
    """Towers with lit windows, seen across water or down an avenue."""
    air = str(rng.choice(list(CITY_AIR)))
    _, y = grid(edge)
    view = str(rng.choice(["skyline", "avenue", "rooftops"]))
    ground = rng.uniform(0.62, 0.78) if view == "skyline" else 1.02
    pen = Pen(edge, "000000")
    lamps = Pen(edge, "000000")
    tint = str(rng.choice(WINDOW_LIGHT))
    if view == "avenue":
        _avenue(pen, lamps, rng, tint)
    else:
        for depth in (0.3, 0.6, 1.0):
            _row_of_towers(pen, lamps, rng, depth, ground, tint)
    distance = pen.plane()[0]
    canvas = ramp(CITY_AIR[air], np.clip(y / 0.85 + (noise(rng, edge, 4, 4) - 0.5) * 0.25, 0, 1))
    if rng.random() < 0.6:
        lay(canvas, colour("fff3d8"), disc(edge, (rng.uniform(0.1, 0.9), rng.uniform(0.08, 0.35)), rng.uniform(0.02, 0.08)) * 0.9)
    wall = ramp(CITY_AIR[air], np.clip(0.75 - distance * 0.8 + (y - 0.5) * 0.25, 0, 0.8)) * np.float32(0.75)
    lay(canvas, wall, np.clip(distance * 8, 0, 1))
    lights = lamps.plane()
    canvas += lights * np.float32(0.9)
    canvas += blur(lights, 0.012) * np.float32(1.0) + blur(lights, 0.05) * np.float32(0.9)
    if view == "skyline":
        _wet(canvas, rng, ground)
    lay(canvas, stop(CITY_AIR[air], 0.9), np.clip(noise(rng, edge, (2, 5), 4) * 1.6 - 0.9, 0, 0.6) * y)
    words = ["city", "night", view, air, "lit windows"]
    return signed(canvas, f"{view.capitalize()}, {air}", words, rng, 0.02)


def _row_of_towers(pen: Pen, lamps: Pen, rng: np.random.Generator, depth: float, ground: float, tint: str) -> None:
    left = -0.05
    tallest = rng.uniform(0.3, 0.6) * (1.25 - 0.6 * depth)
    while left < 1:
        wide = rng.uniform(0.05, 0.13) * (0.6 + 0.6 * depth)
        top = ground - tallest * rng.uniform(0.35, 1.0)
        pen.polygon([(left, top), (left + wide, top), (left + wide, ground), (left, ground)], _grey(depth))
        lamps.polygon([(left, top), (left + wide, top), (left + wide, ground), (left, ground)], "000000")
        if rng.random() < 0.35:
            pen.line([(left + wide / 2, top - rng.uniform(0.03, 0.1)), (left + wide / 2, top)], 0.005, _grey(depth))
        pitch, lit = rng.uniform(0.014, 0.024) * (0.5 + 0.7 * depth), rng.uniform(0.1, 0.6)
        for across in np.arange(left + pitch * 0.5, left + wide - pitch * 0.7, pitch):
            for down in np.arange(top + pitch * 0.6, ground - pitch, pitch * 1.3):
                if rng.random() < lit:
                    shine = rng.uniform(0.25, 1.0) * (0.45 + 0.55 * depth)
                    pane = [(across, down), (across + pitch * 0.55, down), (across + pitch * 0.55, down + pitch * 0.7), (across, down + pitch * 0.7)]
                    lamps.polygon(pane, _dimmed(tint if rng.random() < 0.8 else str(rng.choice(WINDOW_LIGHT)), shine))
        left += wide + rng.uniform(-0.01, 0.03)


def _avenue(pen: Pen, lamps: Pen, rng: np.random.Generator, tint: str) -> None:
    """Two walls of buildings and a street that run to one vanishing point."""
    vanish = (rng.uniform(0.3, 0.7), rng.uniform(0.55, 0.72))
    steps = np.geomspace(0.06, 1.0, 9)
    heights = rng.uniform(0.45, 1.6, (2, len(steps)))
    for at in range(len(steps) - 1):
        far, near = steps[at], steps[at + 1]
        for side, sign in enumerate((-1.0, 1.0)):
            tall, lit = heights[side, at], rng.uniform(0.15, 0.6)

            def corner(scale: float, level: float, sign: float = sign) -> tuple[float, float]:
                return vanish[0] + sign * scale * 0.75, vanish[1] + scale * (0.45 - level)

            wall = [corner(far, 0), corner(near, 0), corner(near, tall), corner(far, tall)]
            pen.polygon(wall, _grey(0.25 + 0.75 * near))
            lamps.polygon(wall, "000000")
            for row in np.arange(0.1, tall - 0.06, 0.075):
                for column in range(7):
                    if rng.random() < lit:
                        a, b = (far + (near - far) * (column + offset) / 7 for offset in (0.2, 0.75))
                        pane = [corner(a, row), corner(b, row), corner(b, row + 0.045), corner(a, row + 0.045)]
                        lamps.polygon(pane, _dimmed(tint, rng.uniform(0.2, 0.9)))
    for scale in np.geomspace(0.08, 1.3, 12):
        for lane, ink in ((-0.2, "ff3b2f"), (0.2, "fff0d0")):
            if rng.random() < 0.75:
                lamps.dot((vanish[0] + lane * scale, vanish[1] + 0.42 * scale), 0.012 * scale + 0.002, ink)


def _grey(depth: float) -> str:
    return f"{round(255 * depth):02x}" * 3


def _dimmed(tint: str, shine: float) -> str:
    return code_of(colour(tint) * shine)


def _wet(canvas: Canvas, rng: np.random.Generator, ground: float) -> None:
    """Mirror the lights in water below the ground line, drawn out downwards, in place."""
    edge = canvas.shape[-1]
    top = int(ground * edge)
    depth = edge - top
    wobble = (noise(rng, edge, (5, 50), 2)[:depth] - 0.5) * np.linspace(2, 20, depth, dtype=np.float32)[:, None] * (edge / 384)
    columns = np.clip(np.arange(edge)[None, :] + wobble, 0, edge - 1).astype(np.intp)
    rows = np.clip(top - 1 - np.arange(depth) * 1.6, 0, top - 1).astype(np.intp)[:, None]
    canvas[:, top:] = blur(canvas, 0.006)[:, rows, columns] * np.linspace(0.8, 0.4, depth, dtype=np.float32)[:, None]


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
    reach, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    if subject == "ring":
        shape = np.exp(-(((reach + (gas - 0.5) * 0.18 - rng.uniform(0.15, 0.33)) / 0.07) ** 2))
    elif subject == "spiral":
        arms = np.cos(int(rng.integers(2, 5)) * (turn + np.log(reach + 0.02) * rng.uniform(1.5, 3) * rng.choice([-1, 1])) + gas * 2.5)
        shape = np.exp(-reach * 4.5) * (0.65 + 0.5 * arms) * 1.6
    elif subject == "pillar":
        shape = 1.1 * np.exp(-np.abs(dx * rng.uniform(-0.6, 0.6) + dx + (gas - 0.5) * 0.6) * 6)
    else:
        shape = 1.1 * np.exp(-(reach**2) / np.float32(rng.uniform(0.06, 0.25)))
    light = np.clip(shape * (0.35 + 1.0 * gas), 0, 1.1)
    lanes = np.clip(_bent(rng, edge, 5, 0.3) * 3 - 1.75, 0, 1) * 0.75
    canvas = ramp(NEBULAE[hue], np.clip(light * (1 - lanes), 0, 1))
    other = str(rng.choice([name for name in NEBULAE if name != hue]))
    canvas += ramp(NEBULAE[other], np.clip(noise(rng, edge, 2, 4) * gas * 1.1 - 0.15, 0, 0.7)) * np.float32(0.4)
    canvas += _stars(rng, edge)
    if subject == "planet":
        _planet(canvas, rng, NEBULAE[other])
    return signed(canvas, f"{hue.capitalize()} {subject}", ["night sky", "nebula", subject, hue, "stars"], rng, 0.015)


def _bent(rng: np.random.Generator, edge: int, cells: float, bend: float) -> Canvas:
    """Noise looked up at places that other noise has moved."""
    texture = noise(rng, edge, cells, 6, 0.55)
    shift = [((noise(rng, edge, cells * 0.7, 4) - 0.5) * (bend * 2 * edge)).astype(np.intp) for _ in range(2)]
    index = np.arange(edge)
    return texture[np.abs(index[:, None] + shift[0]) % edge, np.abs(index[None, :] + shift[1]) % edge]


def _stars(rng: np.random.Generator, edge: int) -> Canvas:
    dust = Pen(edge, "000000")
    for _ in range(int(rng.integers(150, 420))):
        bright = rng.power(0.5)
        ink = _dimmed(str(rng.choice(["ffffff", "ffe0b8", "b8d4ff"])), 0.25 + 0.75 * bright)
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
    depth = np.sqrt(np.clip(1 - dx**2 - dy**2, 0, 1))
    angle = rng.uniform(0, 2 * np.pi)
    lit = np.clip(dx * math.cos(angle) + dy * math.sin(angle) + depth * 0.5, 0.02, 1)
    bands = noise(rng, edge, (2, 22), 3) * 0.5 + 0.25 + 0.25 * np.sin(dy * rng.uniform(5, 18) + noise(rng, edge, 4, 3) * 5)
    surface = ramp(colours, np.clip(bands + 0.25, 0, 1))
    shade(surface, lit)
    ringed, tilt = rng.random() < 0.5, rng.uniform(-0.5, 0.5)
    orbit = np.hypot(dx, (dy - tilt * dx) * 5)
    rings = inside(np.abs(orbit - 1.65) - 0.32, 0.08) * (0.35 + 0.4 * np.sin(orbit * 38)) * np.float32(ringed)
    lay(canvas, surface, inside(np.hypot(dx, dy) - 1, 0.03))
    lay(canvas, colour("e8d8b8"), np.clip(rings, 0, 1) * ((dy - tilt * dx > 0) | (np.hypot(dx, dy) > 1)))


CHART_PAPERS = {"indigo": ("101c3e", "d8c890"), "cream": ("efe4c6", "3a2a1a"), "black": ("0c0c10", "d8d8e0"), "teal": ("0f3a40", "f0dca8"), "oxblood": ("4a1418", "f0d8a8")}


def star_chart(rng: np.random.Generator, edge: int) -> Image.Image:
    """An engraved chart: hour circles, a milky way in stipple, and invented constellations."""
    paper = str(rng.choice(list(CHART_PAPERS)))
    ground, ink = CHART_PAPERS[paper]
    centre, radius = rng.uniform(0.3, 0.7, 2), rng.uniform(0.34, 0.7)
    canvas = flat(edge, ground)
    shade(canvas, 0.82 + 0.36 * noise(rng, edge, 5, 6, 0.6))
    river = np.abs(noise(rng, edge, 1.6, 4) - 0.5)
    lay(canvas, colour(ink), np.clip(1 - river * 9, 0, 1) * (noise(rng, edge, 110, 1) > 0.55) * np.float32(0.4))
    figures = int(rng.integers(3, 9))

    def engraving(pen: Pen) -> None:
        for ring in np.linspace(radius, radius * 0.2, int(rng.integers(3, 7))):
            turn = np.linspace(0, 2 * np.pi, 120)
            pen.line(np.stack([centre[0] + ring * np.cos(turn), centre[1] + ring * np.sin(turn)], 1), 0.0026, 0.8)
        turn = np.linspace(0, 2 * np.pi, 120)
        for rim in (1.03, 1.07):
            pen.line(np.stack([centre[0] + radius * rim * np.cos(turn), centre[1] + radius * rim * np.sin(turn)], 1), 0.005)
        for hour in np.linspace(0, 2 * np.pi, int(rng.choice([8, 12, 16, 24])), endpoint=False):
            ray = np.array([np.cos(hour), np.sin(hour)])
            pen.line([tuple(centre + ray * radius * 0.2), tuple(centre + ray * radius * 1.07)], 0.0018, 0.6)
        offset = centre + rng.uniform(-0.12, 0.12, 2)
        pen.line(np.stack([offset[0] + radius * 0.7 * np.cos(turn), offset[1] + radius * 0.7 * np.sin(turn)], 1), 0.004, 0.9)
        for _ in range(figures):
            _constellation(pen, rng)
        for _ in range(170):
            pen.dot((rng.random(), rng.random()), 0.0015 + 0.005 * rng.power(0.35))

    lay(canvas, colour(ink), cut(edge, engraving) * (0.75 + 0.25 * noise(rng, edge, 60, 2)))
    words = ["star chart", "engraving", paper, f"{figures} constellations"]
    return signed(canvas, f"Chart of {figures} figures on {paper}", words, rng, 0.025)


def _constellation(pen: Pen, rng: np.random.Generator) -> None:
    stars = rng.uniform(0.08, 0.92, 2) + np.cumsum(rng.normal(0, 0.075, (int(rng.integers(4, 10)), 2)), axis=0)
    pen.line(stars, 0.004, 0.9)
    for star in stars:
        size = rng.uniform(0.007, 0.018)
        spikes = np.arange(10) * np.pi / 5
        reach = np.where(np.arange(10) % 2, size * 0.4, size)
        pen.polygon(np.stack([star[0] + reach * np.sin(spikes), star[1] - reach * np.cos(spikes)], 1))
    if rng.random() < 0.4:
        pen.line(np.concatenate([stars[-1:], stars[:1]]), 0.002, 0.7)
