"""Stained glass and Roman mosaic: pictures put together from coloured pieces."""

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from .canvas import Pen, Plane, blur, code_of, grid, lay, noise, ramp, relief, shade, signed

Places = np.ndarray[tuple[int, int], np.dtype[np.float64]]
WINDOWS = {
    "ruby": "3a0a1a a8142a e84a2a f8b83f fff0b0",
    "cobalt": "0a0f3a 1a3a9a 2f7ad0 8ad0f0 fff4c0",
    "emerald": "062a1a 0f6a3a 3fa84a b8d84a fff8c8",
    "violet": "1a0a3a 5a1f8a b84aa0 f08a8a ffe0a0",
    "rainbow": "1f2f8a 0f8a8a 3fa83f f8c82f e83f2a",
}


def stained_glass(rng: np.random.Generator, edge: int) -> Image.Image:
    """Pieces of uneven glass in lead, lit from behind."""
    hue = str(rng.choice(list(WINDOWS)))
    subject = str(rng.choice(["Rose", "Sunrise", "River", "Peaks", "Flame", "Bloom"]))
    sites = _rose_sites(rng) if subject in ("Rose", "Bloom") else rng.random((int(rng.integers(60, 260)), 2))
    near, piece = _pieces(sites, edge)
    tones = _window_tones(rng, subject, sites) + rng.normal(0, 0.09, len(sites))
    tint = ramp(WINDOWS[hue], np.clip(tones, 0, 1).astype(np.float32))
    canvas = tint[:, piece]
    canvas *= ramp("d8d8d8 ffffff", noise(rng, edge, (7, 14), 5, 0.6)) * np.float32(1.02)
    streaks = noise(rng, edge, (30, 6), 3)
    shade(canvas, 0.75 + 0.5 * streaks * rng.uniform(0.6, 1.2, len(sites)).astype(np.float32)[piece])
    lamp = (rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.7))
    x, y = grid(edge)
    shade(canvas, 1.25 - 0.9 * np.hypot(x - lamp[0], y - lamp[1]).clip(0, 0.9))
    width = rng.uniform(0.006, 0.012)
    lead = np.clip((np.float32(width) - near) * edge * 0.8, 0, 1)
    came = ramp("0a0a0c 2a2a30 6a6a70", np.clip(near / np.float32(width), 0, 1)) * relief(np.clip(near / np.float32(width), 0, 1), 1.2)
    canvas += blur(canvas, 0.02) * np.float32(0.18)
    lay(canvas, came * np.float32(0.5), lead)
    return signed(canvas, f"{subject} window in {hue}", ["stained glass", "window", subject.lower(), hue], rng, 0.012)


def _pieces(sites: Places, edge: int) -> tuple[Plane, np.ndarray[tuple[int, int], np.dtype[np.intp]]]:
    """Distance to the nearest seam, and which site each pixel belongs to; searched at half size, for speed."""
    half = edge // 2
    x, y = grid(half)
    gaps, owners = cKDTree(sites).query(np.stack([x.ravel(), y.ravel()], 1), k=2)
    seam = ((gaps[:, 1] - gaps[:, 0]) / 2).reshape(half, half).astype(np.float32)
    smooth = Image.fromarray(seam).resize((edge, edge), Image.Resampling.BICUBIC)
    index = (np.arange(edge) * half) // edge
    return np.asarray(smooth), owners[:, 0].reshape(half, half)[np.ix_(index, index)]


def _rose_sites(rng: np.random.Generator) -> Places:
    petals, centre = int(rng.integers(6, 17)), rng.uniform(0.42, 0.58, 2)
    places = [centre]
    for ring, reach in enumerate(np.linspace(0.09, 0.72, int(rng.integers(5, 10)))):
        count = petals * (1 if ring < 2 else 2)
        turns = 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count
        places.extend(centre + reach * np.stack([np.cos(turns), np.sin(turns)], 1))
    return np.array(places) + rng.normal(0, 0.002, (len(places), 2))


def _window_tones(rng: np.random.Generator, subject: str, sites: Places) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A place in the palette for every piece of glass."""
    px, py = sites[:, 0], sites[:, 1]
    at, level = rng.uniform(0.2, 0.8), rng.uniform(0.2, 0.6)
    reach = np.hypot(px - at, py - level)
    if subject in ("Rose", "Bloom"):
        ring = np.hypot(px - 0.5, py - 0.5)
        return 0.5 + 0.5 * np.sin(ring * rng.uniform(9, 26) + np.arctan2(py - 0.5, px - 0.5) * (int(rng.integers(3, 7)) if subject == "Bloom" else 0) + rng.uniform(0, 6))
    if subject == "Sunrise":
        rays = 0.55 + 0.2 * np.sign(np.sin(np.arctan2(py - level, px - at) * int(rng.integers(5, 12))))
        return np.where(reach < 0.16, 1.0, np.where(py > level + 0.15, 0.15, rays))
    if subject == "River":
        bank = np.abs(px - 0.5 - 0.25 * np.sin(py * rng.uniform(4, 9) + rng.uniform(0, 6)))
        return np.where(bank < 0.1, 0.8, np.clip(0.15 + bank * 1.2, 0, 0.6))
    if subject == "Peaks":
        slope = np.abs((px * rng.uniform(1.5, 3.5) + rng.random()) % 1 - 0.5)
        return np.where(py < 0.25 + slope, 0.75 + 0.25 * (reach < 0.2), np.where(py < 0.36 + slope, 1.0, 0.25))
    lean = np.abs(px - at + 0.12 * np.sin(py * 9))
    return np.clip(1.05 - lean * 3.4 * (1.3 - py), 0, 1)


STONES = {
    "villa": ("e8dcc0", "a83f28", "d8a048", "2f5a78", "2a2622"),
    "bath": ("dfe8e4", "1f6a80", "5ab0b0", "e0b868", "14303f"),
    "chapel": ("1f2f5a", "d8a828", "f0d878", "a82a2a", "f4ecd8"),
    "garden": ("efe8d0", "4a7a3a", "a8b850", "c8502f", "2a3a24"),
    "dusk": ("3a2a4a", "d8606a", "f0b070", "6a5aa0", "f8e8d0"),
}


def mosaic(rng: np.random.Generator, edge: int) -> Image.Image:
    """Stones set in rows in mortar, with a figure in the middle and a border."""
    palette = str(rng.choice(list(STONES)))
    stones = ramp(" ".join(STONES[palette]), np.linspace(0, 1, 5, dtype=np.float32))
    subject = str(rng.choice(["Fish", "Sun", "Waves", "Star", "Vase", "Knot"]))
    count = int(rng.integers(36, 58))
    rows, columns = np.mgrid[0:count, 0:count]
    px, py = (columns.ravel() + 0.5) / count, (rows.ravel() + 0.5) / count
    picks, flow = _figure(rng, subject, px, py)
    tints = np.clip(stones[:, picks] * rng.uniform(0.78, 1.16, count**2).astype(np.float32) + rng.normal(0, 0.018, (3, count**2)).astype(np.float32), 0, 1)
    pen = Pen(edge, "8a8070" if palette != "chapel" else "5a4a2a")
    mask = Pen(edge)
    half = 0.44 / count
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    jitter = rng.normal(0, half * 0.13, (count**2, 4, 2))
    for index in rng.permutation(count**2):
        cosine, sine = np.cos(flow[index]), np.sin(flow[index])
        stone = corners @ np.array([[cosine, sine], [-sine, cosine]]) + jitter[index] + (px[index], py[index])
        pen.polygon(stone, code_of(tints[:, index]))
        mask.polygon(stone)
    canvas = pen.plane().copy()
    height = blur(mask.plane(), 0.002) + 0.25 * noise(rng, edge, 60, 2)
    shade(canvas, relief(height, 1.1) * (0.85 + 0.3 * noise(rng, edge, 3, 3)))
    return signed(canvas, f"{subject}, {palette} floor", ["mosaic", "tesserae", subject.lower(), palette], rng, 0.015)


def _figure(
    rng: np.random.Generator, subject: str, px: np.ndarray[tuple[int], np.dtype[np.float64]], py: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Which of five stones lies at each place, and the angle of its row."""
    cx, cy, size, tilt = rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6), rng.uniform(0.24, 0.36), rng.uniform(-0.5, 0.5)
    u, v = ((px - cx) * np.cos(tilt) + (py - cy) * np.sin(tilt)) / size, ((py - cy) * np.cos(tilt) - (px - cx) * np.sin(tilt)) / size
    reach, turn, points = np.hypot(u, v), np.arctan2(v, u), int(rng.integers(5, 13))
    picks = np.zeros(len(px), np.intp)
    if subject == "Fish":
        body = np.abs(v) < 0.5 * np.clip(1 - u**2, 0, 1) ** 0.8
        tail = (np.abs(v) < np.abs(u + 0.8)) & (u < -0.8) & (u > -1.3)
        picks[body | tail] = np.where(np.sin(u * 14) > 0.2, 1, 2)[body | tail]
        picks[body & (v > 0.12)] = 3
        picks[np.hypot(u - 0.65, v + 0.12) < 0.11] = 4
    elif subject == "Sun":
        picks[(reach < 0.6 + 0.5 * np.abs(np.sin(turn * points / 2)))] = 2
        picks[reach < 0.55] = 1
        picks[(reach < 0.42) & (np.sin(reach * 30) > 0)] = 3
    elif subject == "Waves":
        rise = py * points + 0.35 * np.sin(px * rng.uniform(8, 22) + np.floor(py * points) * 1.6)
        picks = (np.floor(rise) % 4).astype(np.intp) + (rise % 1 < 0.2)
    elif subject == "Star":
        picks[reach < 0.5 + 0.5 * np.abs((turn / (2 * np.pi) * points) % 1 - 0.5) * 2] = 3
        picks[reach < 0.35 + 0.4 * np.abs((turn / (2 * np.pi) * points + 0.5) % 1 - 0.5) * 2] = 2
        picks[reach < 0.25] = 1
    elif subject == "Vase":
        wide = 0.35 + 0.3 * np.sin((v + 0.4) * 2.6) * (np.abs(v) < 0.9)
        vessel = (np.abs(u) < wide) & (np.abs(v) < 0.9)
        picks[vessel] = np.where(np.sin(v * points * 2) > 0.3, 1, 2)[vessel]
        leaves = (v < -0.9) & (v > -1.6) & (np.abs(np.sin(turn * points)) > 0.6)
        picks[leaves] = 3
    else:
        knot = np.abs(reach - 0.7 - 0.22 * np.sin(turn * points)) < 0.12
        other = np.abs(reach - 0.7 + 0.22 * np.sin(turn * points)) < 0.12
        picks[knot], picks[other], picks[reach < 0.22] = 1, 2, 3
    rim = np.maximum(np.abs(px - 0.5), np.abs(py - 0.5))
    picks[rim > 0.42] = np.where((np.floor((px + py) * points * 2) % 2) > 0, 4, 1)[rim > 0.42]
    picks[(rim > 0.4) & (rim < 0.425)] = 4
    return picks, np.where(rim > 0.4, 0.0, turn * (subject != "Waves"))
