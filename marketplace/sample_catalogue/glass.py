"""Stained glass: pieces of uneven glass in lead, lit from behind."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from .canvas import Plane, blur, grid, lay, noise, ramp, relief, shade, signed, unit

Places = NDArray[np.floating]
GLASS = {
    "ruby": "14204a 5a1a5a b81f2f f07a2a ffe08a",
    "cobalt": "0a1440 1f4ac0 2fa0d8 e8d04a fff4c8",
    "emerald": "0f2a4a 0f7a5a 4ab84a e8c83a fff0c0",
    "violet": "1a1050 6a2aa8 d0489a f8905a ffe8a8",
    "rainbow": "1f2f8a 0f8a8a 3fa83f f8c82f e83f2a",
    "amber": "3a0f1a 8a2a14 d8701a f8b83a fff0c8",
}


def stained_glass(rng: np.random.Generator, edge: int) -> Image.Image:
    """A window whose pieces together show a rose, a bloom, a sunrise, a river, peaks or a flame."""
    hue, subject = str(rng.choice(list(GLASS))), str(rng.choice(list(SCENES)))
    sites = _round_sites(rng) if subject in ("Rose", "Bloom") else _scattered_sites(rng)
    seam, piece = _pieces(sites, edge)
    tones = SCENES[subject](rng, sites) + rng.normal(0, 0.05, len(sites))
    canvas = ramp(GLASS[hue], unit(tones))[:, piece]
    uneven = noise(rng, edge, (7, 14), 5, 0.6)
    panes = rng.uniform(0.7, 1.15, len(sites)).astype(np.float32)[piece]
    x, y = grid(edge)
    lamp = (rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.7))
    daylight = 1.3 - 0.75 * np.hypot(x - np.float32(lamp[0]), y - np.float32(lamp[1]))
    shade(canvas, (0.7 + 0.5 * uneven) * panes * daylight)
    canvas += blur(canvas, 0.02) * np.float32(0.2)
    width = np.float32(rng.uniform(0.004, 0.008))
    round_lead = unit(seam / width)
    lead = ramp("5a5a60 2a2a30 0a0a0c", round_lead) * relief(round_lead, 0.8) * np.float32(0.6)
    lay(canvas, lead, unit((width - seam) * np.float32(edge) + np.float32(0.5)))
    return signed(canvas, f"{subject} window in {hue}", ["stained glass", "window", subject.lower(), hue], rng, 0.04)


def _pieces(sites: Places, edge: int) -> tuple[Plane, NDArray[np.intp]]:
    """Distance to the nearest seam, and which site each pixel belongs to; searched at half size, for speed."""
    half = edge // 2
    x, y = grid(half)
    gaps, owners = cKDTree(sites).query(np.stack([x.ravel(), y.ravel()], 1), k=2)
    between = np.linalg.norm(sites[owners[:, 0]] - sites[owners[:, 1]], axis=1)
    seam = ((gaps[:, 1] ** 2 - gaps[:, 0] ** 2) / (2 * between)).reshape(half, half).astype(np.float32)
    smooth = np.asarray(Image.fromarray(seam).resize((edge, edge), Image.Resampling.BICUBIC))
    index = (np.arange(edge) * half) // edge
    return smooth, owners[:, 0].reshape(half, half)[np.ix_(index, index)]


def _scattered_sites(rng: np.random.Generator) -> Places:
    """A grid with every place moved, which leaves no splinters."""
    across, down = int(rng.integers(6, 15)), int(rng.integers(6, 15))
    row, column = np.mgrid[-1 : down + 1, -1 : across + 1].reshape(2, -1)
    places = np.stack([(column + 0.5 + 0.5 * (row % 2)) / across, (row + 0.5) / down], 1)
    return places + rng.uniform(-0.36, 0.36, places.shape) / (across, down)


def _round_sites(rng: np.random.Generator) -> Places:
    petals, centre = int(rng.integers(6, 17)), rng.uniform(0.35, 0.65, 2)
    places = [centre[None]]
    for ring, reach in enumerate(np.linspace(0.09, 0.95, int(rng.integers(7, 13)))):
        count = petals * (1 if ring < 2 else 2)
        turns = 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count
        places.append(centre + reach * np.stack([np.cos(turns), np.sin(turns)], 1))
    return np.concatenate(places)


def _polar(sites: Places, centre: Places) -> tuple[Places, Places]:
    across, down = (sites - centre).T
    return np.hypot(across, down), np.arctan2(down, across)


def _rose(rng: np.random.Generator, sites: Places) -> Places:
    reach, _ = _polar(sites, sites[0])
    rings: Places = 0.5 + 0.5 * np.sin(reach * rng.uniform(9, 26) + rng.uniform(0, 6))
    return rings


def _bloom(rng: np.random.Generator, sites: Places) -> Places:
    reach, turn = _polar(sites, sites[0])
    return 0.5 + 0.5 * np.sin(reach * rng.uniform(6, 16) + turn * int(rng.integers(2, 7)) + rng.uniform(0, 6))


def _sunrise(rng: np.random.Generator, sites: Places) -> Places:
    horizon, rays = rng.uniform(0.35, 0.75), int(rng.integers(4, 9))
    reach, turn = _polar(sites, np.array([rng.uniform(0.2, 0.8), horizon - 0.1]))
    sky = 0.5 + 0.17 * np.sign(np.sin(turn * rays * 2)) - reach * 0.25
    land = 0.05 + 0.2 * (np.sin(sites[:, 1] * 40) > 0)
    return np.where(reach < 0.17, 1.0, np.where(sites[:, 1] > horizon, land, sky))


def _river(rng: np.random.Generator, sites: Places) -> Places:
    middle = rng.uniform(0.3, 0.7) + 0.22 * np.sin(sites[:, 1] * rng.uniform(4, 9) + rng.uniform(0, 6))
    bank = np.abs(sites[:, 0] - middle)
    return np.where(bank < 0.1, 0.9, np.clip(0.1 + bank * 1.3, 0, 0.7))


def _peaks(rng: np.random.Generator, sites: Places) -> Places:
    slope = np.abs((sites[:, 0] * rng.uniform(1.2, 3) + rng.random()) % 1 - 0.5) + rng.uniform(-0.05, 0.15)
    reach, _ = _polar(sites, rng.uniform((0.2, 0.1), (0.8, 0.3)))
    sky = np.where(reach < 0.17, 1.0, 0.62)
    return np.where(sites[:, 1] < 0.25 + slope, sky, np.where(sites[:, 1] < 0.4 + slope, 0.9, 0.1 + 0.2 * sites[:, 1]))


def _flame(rng: np.random.Generator, sites: Places) -> Places:
    lean = rng.uniform(0.3, 0.7) + rng.uniform(0.08, 0.18) * np.sin(
        sites[:, 1] * rng.uniform(5, 11) + rng.uniform(0, 6)
    )
    return unit(1.05 - np.abs(sites[:, 0] - lean) * rng.uniform(2, 4) * (1.4 - sites[:, 1]))


SCENES = {"Rose": _rose, "Bloom": _bloom, "Sunrise": _sunrise, "River": _river, "Peaks": _peaks, "Flame": _flame}
