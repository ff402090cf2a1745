"""Marbled paper and woven cloth."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .canvas import Plane, colour, grid, lay, noise, ramp, relief, shade, signed, unit

Picks = NDArray[np.intp]
BATHS = {
    "classic": "1f2f5a a8321f e8d8b0 3a6a5a e0a83f 20202a",
    "sea": "0f2f4a 2f7a8a a8d8c8 f2efdc 1a5a6a e88a5a",
    "wine": "3a0f1f 8a1f3a e0b8a0 f4e8d8 5a2a4a c89a4a",
    "moss": "1f2a1a 5a6a2f b8b87a efe8c8 3a4a3a c85a2f",
    "grey": "2a2a30 6a6a72 b8b8b8 efefea 484850 8a9aa8",
    "peacock": "0a1f3a 0f6a7a 3fb89a e8e0a0 4a1f6a d0a030",
}


def marbled(rng: np.random.Generator, edge: int) -> Image.Image:
    """Bands of floating colour, combed, swirled or left as stones."""
    bath, pattern = str(rng.choice(list(BATHS))), str(rng.choice(list(COMBS)))
    inks = BATHS[bath].split()
    x, y = grid(edge)
    turn = rng.uniform(0, np.pi)
    u, v = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    u, v = COMBS[pattern](rng, u, v)
    drift = noise(rng, edge, rng.uniform(1.5, 4), 4, 0.45)
    bands = (v * rng.uniform(2.5, 7) + u * rng.uniform(-1, 1) + drift * rng.uniform(0.6, 2.8)) % 1
    canvas = ramp(" ".join([*inks, inks[0]]), bands)
    lay(canvas, colour(inks[-1]), unit(1 - np.abs((bands * 6) % 1 - 0.5) * rng.uniform(8, 16)) * 0.65)
    if pattern == "stone":
        drops = noise(rng, edge, rng.uniform(6, 14), 2)
        lay(canvas, colour(inks[2]), unit((drops - 0.62) * 30))
        lay(canvas, colour(inks[0]), unit(1 - np.abs(drops - 0.62) * 45))
    shade(canvas, relief(noise(rng, edge, 70, 3, 0.7), 0.35) * (0.92 + 0.12 * noise(rng, edge, 3, 2)))
    return signed(canvas, f"{pattern.capitalize()} paper, {bath}", ["marbled paper", pattern, bath], rng, 0.04)


def _stone(rng: np.random.Generator, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    return u, v


def _nonpareil(rng: np.random.Generator, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    comb = np.abs((u * rng.uniform(3, 14)) % 2 - 1)
    return u, v + comb * np.sqrt(comb) * np.float32(rng.uniform(0.1, 0.3))


def _bouquet(rng: np.random.Generator, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    u, v = _nonpareil(rng, u, v)
    return u + np.sin(v * rng.uniform(5, 24)) * np.float32(0.06), v


def _wave(rng: np.random.Generator, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    return u, v + np.sin(u * rng.uniform(8, 22)) * np.float32(rng.uniform(0.03, 0.1))


def _swirl(rng: np.random.Generator, u: Plane, v: Plane) -> tuple[Plane, Plane]:
    for _ in range(int(rng.integers(1, 7))):
        across, down = rng.uniform(-0.3, 1.1), rng.uniform(-0.1, 1.2)
        du, dv = u - across, v - down
        most = rng.uniform(5, 12) * float(rng.choice([-1.0, 1.0]))
        spin = np.exp(-np.hypot(du, dv) * rng.uniform(4, 9)) * most
        u, v = across + du * np.cos(spin) - dv * np.sin(spin), down + du * np.sin(spin) + dv * np.cos(spin)
    return u, v


COMBS = {"stone": _stone, "nonpareil": _nonpareil, "bouquet": _bouquet, "wave": _wave, "swirl": _swirl}
YARNS = {
    "madder": "7a1f1a c8482f e8b878 2a2f4a f0e4cc",
    "indigo": "101f4a 2f5a9a 8ab0d0 f0ece0 c89a4a",
    "highland": "14382a 1f2a5a a8241f e8e4d8 d8a82f",
    "savanna": "1a1a1a d87a1f e8c030 2f7a3f a81f1f",
    "heather": "4a3a5a 8a6a8a c8b0b8 5a6a5a efe8e4",
    "desert": "3a1f14 a85a2f d8a06a 1f5a5a f0dcb8",
}


def woven(rng: np.random.Generator, edge: int) -> Image.Image:
    """Cloth with every thread shaded, hanging in soft folds."""
    yarn = str(rng.choice(list(YARNS)))
    weave = str(rng.choice(list(WEAVES)))
    threads = int(rng.integers(60, 110))
    design = _design(rng, weave, threads)
    x, y = grid(edge)
    fold = noise(rng, edge, (rng.uniform(1.5, 4), rng.uniform(0.6, 1.5)), 2, 0.4)
    u, v = np.clip(x + (fold - 0.5) * 0.06, 0, 0.999), np.clip(y + (fold - 0.5) * 0.04, 0, 0.999)
    colours = ramp(YARNS[yarn], np.linspace(0, 1, 5, dtype=np.float32))
    column, row = (u * threads).astype(np.intp), (v * threads).astype(np.intp)
    canvas = colours[:, design[row, column]]
    over = (row + column) % 2 if weave != "tartan" else ((row + column) % 4 < 2)
    along, across = np.where(over, v, u) * threads % 1, np.where(over, u, v) * threads % 1
    shade(
        canvas, (0.55 + 0.55 * np.sin(across * np.pi) ** 0.6 * (0.75 + 0.25 * np.sin(along * np.pi))).astype(np.float32)
    )
    shade(canvas, 0.85 + 0.3 * noise(rng, edge, (90, 90), 2))
    shade(canvas, relief(fold, 9, (-0.8, -0.3)))
    return signed(canvas, f"{weave.capitalize()}, {yarn}", ["textile", "weaving", weave, yarn], rng, 0.05)


def _design(rng: np.random.Generator, weave: str, threads: int) -> Picks:
    """Which of five yarns shows at each crossing, (threads, threads)."""
    row, column = np.mgrid[0:threads, 0:threads]
    return WEAVES[weave](rng, row, column)


def _tartan(rng: np.random.Generator, row: Picks, column: Picks) -> Picks:
    half = np.repeat(rng.integers(0, 5, 12), rng.integers(1, 9, 12))
    sett = np.concatenate([half, half[::-1]])
    thread = np.where((row + column) % 4 < 2, column + rng.integers(99), row + rng.integers(99))
    cloth: Picks = sett[thread % len(sett)]
    return cloth


def _herringbone(rng: np.random.Generator, row: Picks, column: Picks) -> Picks:
    pitch, width = int(rng.integers(4, 10)), int(rng.integers(6, 22))
    zigzag = np.where((column // width) % 2 == 0, row + column, row - column)
    bands = rng.integers(0, 5, 40)
    crossing = bands[(row // int(rng.integers(8, 30)) + 7) % 40]
    return np.where(zigzag % pitch < pitch // 2, bands[column // width % 40], crossing)


def _strip_cloth(rng: np.random.Generator, row: Picks, column: Picks) -> Picks:
    wide = int(rng.integers(8, 18))
    strip, block = column // wide, row // int(rng.integers(4, 14))
    pick = rng.integers(0, 5, (40, 60))
    motif = (row // 2 + np.abs(column % wide - wide // 2)) % int(rng.integers(3, 7)) == 0
    return np.where(motif, pick[strip % 40, (block + 31) % 60], pick[strip % 40, block % 60])


def _kilim(rng: np.random.Generator, row: Picks, column: Picks) -> Picks:
    span = int(rng.integers(14, 44))
    across, down = np.abs((column + span // 3) % span - span // 2), np.abs(row % span - span // 2)
    rings = (across + down * int(rng.integers(1, 3))) // int(rng.integers(2, 5))
    border = (row // int(rng.integers(16, 40))) % 2
    design: Picks = rng.integers(0, 5, 40)[(rings + 11 * border) % 40]
    return design


def _ikat(rng: np.random.Generator, row: Picks, column: Picks) -> Picks:
    """A kilim whose threads slipped before they were woven."""
    return _kilim(rng, row + np.cumsum(rng.integers(-1, 2, len(row)))[column], column)


WEAVES = {
    "tartan": _tartan,
    "herringbone": _herringbone,
    "strip cloth": _strip_cloth,
    "kilim": _kilim,
    "ikat": _ikat,
}
