"""Roman mosaic: stones set in rings round a figure, inside a border."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Pen, blur, noise, ramp, relief, shade, signed, unit

Values = NDArray[np.float64]
Picks = NDArray[np.intp]
STONES = {  # ground | three stones | dark | mortar
    "villa": ("e8dcc0 a83f28 d8a048 2f5a78 2a2622", "a89c88"),
    "bath": ("dfe8e4 1f6a80 5ab0b0 e0b868 14303f", "9aa8a4"),
    "chapel": ("1f2f5a d8a828 f0d878 a82a2a f4ecd8", "5a4a30"),
    "garden": ("efe8d0 4a7a3a a8b850 c8502f 2a3a24", "b0a890"),
    "dusk": ("3a2a4a d8606a f0b070 6a5aa0 f8e8d0", "2a2030"),
    "sea": ("0f3a50 f0e0b8 e88a4a 4ac0b8 f8f8ec", "16242c"),
}
RIM = 0.4


def mosaic(rng: np.random.Generator, edge: int) -> Image.Image:
    """A floor with a fish, sun, star, vase, knot, spiral or waves."""
    palette, subject = str(rng.choice(list(STONES))), str(rng.choice(list(FIGURES)))
    codes, mortar = STONES[palette]
    ground, *middle, dark = codes.split()
    codes = " ".join([ground, *(str(code) for code in rng.permutation(middle)), dark])
    pitch, points = 1 / rng.uniform(34, 52), int(rng.integers(4, 12))
    centre = rng.uniform(0.4, 0.6, 2)
    places, turns = _field(centre, pitch)
    size, tilt = rng.uniform(0.24, 0.38), rng.uniform(-0.6, 0.6)
    across, down = ((places - centre) / size).T
    across *= rng.choice([-1.0, 1.0])
    u, v = across * math.cos(tilt) + down * math.sin(tilt), down * math.cos(tilt) - across * math.sin(tilt)
    picks = FIGURES[subject](u, v, points)
    rim_places, rim_turns, rim_picks = _border(rng, pitch, points)
    stones = ramp(codes, np.linspace(0, 1, 5))[:, np.concatenate([picks, rim_picks])]
    stones = stones * rng.uniform(0.8, 1.14, stones.shape[1]) + rng.normal(0, 0.02, stones.shape)
    pen, cover = Pen(edge, mortar), Pen(edge)
    _set_stones(
        rng, (pen, cover), np.concatenate([places, rim_places]), np.concatenate([turns, rim_turns]), (pitch, stones)
    )
    canvas = pen.plane()
    shade(
        canvas,
        relief(blur(cover.plane(), 0.003) + 0.3 * noise(rng, edge, 60, 2), 0.8) * (0.85 + 0.3 * noise(rng, edge, 3, 3)),
    )
    return signed(canvas, f"{subject}, {palette} floor", ["mosaic", "tesserae", subject.lower(), palette], rng, 0.05)


def _field(centre: Values, pitch: float) -> tuple[Values, Values]:
    """Places in rings round the centre, as far as the border, and the angle of each ring there."""
    rings = []
    for ring in range(1, int(0.85 / pitch)):
        count = int(2 * math.pi * ring)
        turns = 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count
        rings.append(
            np.stack([centre[0] + ring * pitch * np.cos(turns), centre[1] + ring * pitch * np.sin(turns), turns], 1)
        )
    stones = np.concatenate(rings)
    within = np.abs(stones[:, :2] - 0.5).max(axis=1) < RIM
    return stones[within, :2], stones[within, 2]


def _border(rng: np.random.Generator, pitch: float, points: int) -> tuple[Values, Values, Picks]:
    """Straight rows round the picture: places, angles and stones."""
    count = round(1 / pitch)
    row, column = np.mgrid[0:count, 0:count].reshape(2, -1)
    places = (np.stack([column, row], 1) + 0.5) / count
    rim = np.abs(places - 0.5).max(axis=1)
    chain = (row + column) // 2 if points % 2 else row // 3 + column // 3
    picks = np.where(rim < RIM + pitch * 1.2, 4, np.where(chain % 2 == 0, 1 + int(rng.integers(3)), 0))
    outside = rim >= RIM
    return places[outside], np.zeros(int(outside.sum())), picks[outside].astype(np.intp)


def _set_stones(
    rng: np.random.Generator,
    pens: tuple[Pen, Pen],
    places: Values,
    turns: Values,
    look: tuple[float, NDArray[np.floating]],
) -> None:
    """Draw every stone as an uneven square with one pen in colour and one for the relief."""
    pitch, tints = look
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * pitch * 0.45
    cosine, sine = np.cos(turns), np.sin(turns)
    turned = np.einsum("kc,csn->nks", corners, np.array([[cosine, sine], [-sine, cosine]]))
    stones = places[:, None] + turned + rng.normal(0, pitch * 0.05, turned.shape)
    red, green, blue = (unit(tints) * 255).astype(int)
    for stone, ink in zip(stones, (red << 16) + (green << 8) + blue, strict=True):
        pens[0].polygon(stone, f"{ink:06x}")
        pens[1].polygon(stone)


def _fish(u: Values, v: Values, points: int) -> Picks:
    body = np.abs(v) < 0.5 * unit(1 - u**2) ** 0.8
    tail = (np.abs(v) < np.abs(u + 0.8)) & (u < -0.8) & (u > -1.3)
    picks = np.where(body | tail, np.where(np.sin(u * points * 2) > 0.2, 1, 2), 0)
    picks[body & (v > 0.14)] = 3
    picks[np.hypot(u - 0.6, v + 0.12) < 0.13] = 4
    return picks


def _sun(u: Values, v: Values, points: int) -> Picks:
    reach, turn = np.hypot(u, v), np.arctan2(v, u)
    picks = np.where(reach < 0.6 + 0.5 * np.abs(np.sin(turn * points / 2)), 2, 0)
    picks[reach < 0.55] = 1
    picks[(reach < 0.42) & (np.sin(reach * 24) > 0)] = 3
    return picks


def _waves(u: Values, v: Values, points: int) -> Picks:
    rise = v * points * 0.5 + 0.4 * np.sin(u * points * 0.7 + np.floor(v * points * 0.5) * 1.6)
    return np.where(rise % 1 < 0.22, 4, np.floor(rise) % 4).astype(np.intp)


def _star(u: Values, v: Values, points: int) -> Picks:
    reach, part = np.hypot(u, v), np.arctan2(v, u) / (2 * np.pi) * points
    picks = np.where(reach < 0.5 + np.abs(part % 1 - 0.5), 3, 0)
    picks[reach < 0.35 + 0.8 * np.abs((part + 0.5) % 1 - 0.5)] = 2
    picks[reach < 0.3] = 1
    return picks


def _vase(u: Values, v: Values, points: int) -> Picks:
    vessel = (np.abs(u) < 0.32 + 0.3 * np.sin((v + 0.4) * 2.6)) & (np.abs(v) < 0.8)
    picks = np.where(vessel, np.where(np.sin(v * points * 2) > 0.3, 1, 2), 0)
    turn = np.arctan2(v + 0.75, u)
    spray = (v < -0.75) & (np.hypot(u, v + 0.75) < 0.85) & (np.abs(np.sin(turn * points)) > 0.6)
    picks[spray] = 3
    return picks


def _knot(u: Values, v: Values, points: int) -> Picks:
    reach, turn = np.hypot(u, v), np.arctan2(v, u)
    picks = np.zeros(len(u), np.intp)
    picks[np.abs(reach - 0.75 - 0.24 * np.sin(turn * points)) < 0.13] = 1
    picks[np.abs(reach - 0.75 + 0.24 * np.sin(turn * points)) < 0.13] = 2
    picks[reach < 0.25] = 3
    return picks


def _spiral(u: Values, v: Values, points: int) -> Picks:
    reach, turn = np.hypot(u, v), np.arctan2(v, u) / (2 * np.pi)
    return np.floor((turn * (points // 2) + reach * (0.5 + points % 4)) % 1 * 4).astype(np.intp) % 4


FIGURES = {"Fish": _fish, "Sun": _sun, "Waves": _waves, "Star": _star, "Vase": _vase, "Knot": _knot, "Spiral": _spiral}
