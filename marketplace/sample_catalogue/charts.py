"""Engraved star charts on coloured paper."""

import math

import numpy as np
from PIL import Image

from .canvas import Pen, Point, colour, cut, disc, flat, glow, lay, noise, shade, signed, unit

PAPERS = {  # ground | ink | hand colouring
    "indigo": ("101c3e", "d8c890", "3a5aa8"),
    "cream": ("efe4c6", "3a2a1a", "d89a70"),
    "black": ("0c0c10", "d8d8e0", "5a2a4a"),
    "teal": ("0f3a40", "f0dca8", "2f8a7a"),
    "oxblood": ("4a1418", "f0d8a8", "a84a2a"),
    "sky": ("b8d0d8", "1f2f4a", "f0e0b0"),
    "ochre": ("c89a4a", "2a1a10", "8a4a20"),
    "rose": ("e8c8c0", "4a1f3a", "a86a8a"),
}


def star_chart(rng: np.random.Generator, edge: int) -> Image.Image:
    """A planisphere, two hemispheres, orbits or phases of a moon, with invented constellations over them."""
    paper, subject = str(rng.choice(list(PAPERS))), str(rng.choice(list(CHARTS)))
    ground, ink, tint = PAPERS[paper]
    canvas = flat(edge, ground)
    centre = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
    radius = rng.uniform(0.3, 0.7)
    lay(canvas, colour(tint), disc(edge, centre, radius) * rng.uniform(0.2, 0.8))
    lay(
        canvas,
        colour(tint),
        unit(glow(edge, (rng.random(), rng.random()), rng.uniform(0.1, 0.4))) * rng.uniform(0, 0.6),
    )
    shade(canvas, 0.8 + 0.4 * noise(rng, edge, 5, 6, 0.6))
    river = np.abs(noise(rng, edge, 1.6, 4) - 0.5)
    stipple = noise(rng, edge, 110, 1) > 0.5
    lay(canvas, colour(ink), unit(1.2 - river * np.float32(rng.uniform(6, 12))) * stipple * np.float32(0.6))
    figures = int(rng.integers(2, 9))

    def engraving(pen: Pen) -> None:
        CHARTS[subject](pen, rng, centre, radius)
        for _ in range(figures):
            _constellation(pen, rng)
        for _ in range(170):
            pen.dot((rng.random(), rng.random()), 0.0015 + 0.006 * rng.power(0.35))

    lay(canvas, colour(ink), cut(edge, engraving) * (0.75 + 0.25 * noise(rng, edge, 60, 2)))
    words = ["star chart", "engraving", subject.lower(), f"{paper} paper", f"{figures} constellations"]
    return signed(canvas, f"{subject} with {figures} figures, {paper} paper", words, rng, 0.08)


def _ring(pen: Pen, centre: Point, radius: float, width: float, squash: float = 1.0) -> None:
    turn = np.linspace(0, 2 * np.pi, 120)
    pen.line(np.stack([centre[0] + radius * np.cos(turn), centre[1] + radius * squash * np.sin(turn)], 1), width, 0.85)


def _planisphere(pen: Pen, rng: np.random.Generator, centre: Point, radius: float) -> None:
    for reach in np.linspace(radius, radius * 0.2, int(rng.integers(3, 7))):
        _ring(pen, centre, reach, 0.003)
    for rim in (1.03, 1.07):
        _ring(pen, centre, radius * rim, 0.006)
    for hour in np.linspace(0, 2 * np.pi, int(rng.choice([8, 12, 16, 24])), endpoint=False):
        across, down = math.cos(hour) * radius, math.sin(hour) * radius
        start = (centre[0] + across * 0.2, centre[1] + down * 0.2)
        pen.line([start, (centre[0] + across * 1.07, centre[1] + down * 1.07)], 0.002, 0.7)
    _ring(pen, (centre[0] + rng.uniform(-0.1, 0.1), centre[1] + rng.uniform(-0.1, 0.1)), radius * 0.7, 0.005)


def _hemispheres(pen: Pen, rng: np.random.Generator, centre: Point, radius: float) -> None:
    turn, size = rng.uniform(-0.6, 0.6), rng.uniform(0.2, 0.27)
    for side in (-1, 1):
        middle = (0.5 + side * size * 1.05 * math.cos(turn), 0.5 + side * size * 1.05 * math.sin(turn))
        _ring(pen, middle, size, 0.009)
        _ring(pen, middle, size * 0.94, 0.002)
        for squash in (0.25, 0.55, 0.8):
            _ring(pen, middle, size, 0.002, squash)
        for reach in (0.3, 0.6):
            _ring(pen, middle, size * reach, 0.002)


def _orbits(pen: Pen, rng: np.random.Generator, centre: Point, radius: float) -> None:
    squash = rng.uniform(0.3, 1)
    pen.dot(centre, rng.uniform(0.03, 0.07))
    for ray in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        pen.line([centre, (centre[0] + 0.11 * math.cos(ray), centre[1] + 0.11 * math.sin(ray))], 0.005)
    for reach in np.linspace(0.17, 0.3 + radius, int(rng.integers(4, 9))):
        _ring(pen, centre, reach, 0.004, squash)
        turn, size = rng.uniform(0, 2 * np.pi), rng.uniform(0.012, 0.035)
        planet = (centre[0] + reach * math.cos(turn), centre[1] + reach * squash * math.sin(turn))
        pen.dot(planet, size)
        if rng.random() < 0.4:
            _ring(pen, planet, size * 1.8, 0.005, 0.4)


def _phases(pen: Pen, rng: np.random.Generator, centre: Point, radius: float) -> None:
    count, turn, bend = int(rng.integers(5, 10)), rng.uniform(0, np.pi), rng.uniform(-0.35, 0.35)
    for part in np.linspace(-1, 1, count):
        along, aside = part * 0.42, bend * (part**2 - 0.5)
        at = (
            0.5 + along * math.cos(turn) - aside * math.sin(turn),
            0.5 + along * math.sin(turn) + aside * math.cos(turn),
        )
        size = 0.34 / count * (1.35 - 0.5 * abs(part))
        pen.dot(at, size, 0.95)
        pen.dot((at[0] + part * size * 2, at[1]), size * abs(part), 0.12)
        _ring(pen, at, size * 1.12, 0.004)


def _constellation(pen: Pen, rng: np.random.Generator) -> None:
    stars = rng.uniform(0.08, 0.92, 2) + np.cumsum(rng.normal(0, 0.075, (int(rng.integers(4, 10)), 2)), axis=0)
    pen.line(stars, 0.004, 0.9)
    spikes = np.arange(10) * np.pi / 5
    for star in stars:
        reach = np.where(np.arange(10) % 2, 0.4, 1.0) * rng.uniform(0.007, 0.02)
        pen.polygon(np.stack([star[0] + reach * np.sin(spikes), star[1] - reach * np.cos(spikes)], 1))


CHARTS = {"Planisphere": _planisphere, "Two hemispheres": _hemispheres, "Orbits": _orbits, "Phases": _phases}
