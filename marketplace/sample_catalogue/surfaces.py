"""Marbled paper, woven cloth, and maps of invented land."""

import math

import numpy as np
from PIL import Image

from .canvas import Canvas, Plane, blur, colour, flat, grid, lay, noise, ramp, relief, shade, signed

BATHS = {
    "classic": "1f2f5a a8321f e8d8b0 3a6a5a e0a83f 20202a",
    "sea": "0f2f4a 2f7a8a a8d8c8 f2efdc 1a5a6a e88a5a",
    "wine": "3a0f1f 8a1f3a e0b8a0 f4e8d8 5a2a4a c89a4a",
    "moss": "1f2a1a 5a6a2f b8b87a efe8c8 3a4a3a c85a2f",
    "grey": "2a2a30 6a6a72 b8b8b8 efefea 484850 8a9aa8",
    "peacock": "0a1f3a 0f6a7a 3fb89a e8e0a0 4a1f6a d0a030",
}


def marbled(rng: np.random.Generator, edge: int) -> Image.Image:
    """Floating colour, drawn with combs: stone, nonpareil, bouquet, swirl and wave."""
    bath = str(rng.choice(list(BATHS)))
    pattern = str(rng.choice(["stone", "nonpareil", "bouquet", "swirl", "wave"]))
    x, y = grid(edge)
    turn = rng.uniform(0, np.pi)
    u, v = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
    teeth = rng.uniform(3, 14)
    if pattern in ("nonpareil", "bouquet"):
        comb = np.abs((u * teeth) % 2 - 1)
        v = v + (comb**1.6) * np.float32(rng.uniform(0.1, 0.3))
    if pattern == "bouquet":
        u = u + np.sin(v * teeth * 1.7) * np.float32(0.06)
    if pattern == "swirl":
        for _ in range(int(rng.integers(2, 7))):
            px, py = rng.uniform(-0.1, 1.1), rng.uniform(-0.1, 1.1)
            reach = np.hypot(x - px, y - py)
            spin = np.exp(-reach * rng.uniform(4, 9)) * rng.uniform(3, 9) * float(rng.choice([-1.0, 1.0]))
            u, v = u + (np.cos(spin) - 1) * 0.15 * (x - px) * 3 - np.sin(spin) * 0.4 * (y - py), v + np.sin(spin) * 0.4 * (x - px)
    if pattern == "wave":
        v = v + np.sin(u * rng.uniform(8, 22)) * np.float32(rng.uniform(0.03, 0.1))
    drift = noise(rng, edge, rng.uniform(1.5, 4), 4, 0.45)
    bands = (v * rng.uniform(2.5, 7) + u * rng.uniform(-1, 1) + drift * rng.uniform(0.6, 2.8)) % 1
    canvas = ramp(f"{BATHS[bath]} {BATHS[bath][:6]}", bands)
    veins = np.abs(((bands * 6) % 1) - 0.5)
    lay(canvas, colour(BATHS[bath][-6:]), np.clip(1 - veins * rng.uniform(8, 16), 0, 1) * 0.65)
    if pattern == "stone":
        drops = noise(rng, edge, rng.uniform(6, 14), 2)
        lay(canvas, colour(BATHS[bath][14:20]), np.clip((drops - 0.62) * 30, 0, 1))
        lay(canvas, colour(BATHS[bath][:6]), np.clip(1 - np.abs(drops - 0.62) * 45, 0, 1))
    shade(canvas, relief(noise(rng, edge, 70, 3, 0.7), 0.35) * (0.92 + 0.12 * noise(rng, edge, 3, 2)))
    return signed(canvas, f"{pattern.capitalize()} paper, {bath}", ["marbled paper", pattern, bath], rng, 0.012)


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
    weave = str(rng.choice(["tartan", "kilim", "ikat", "strip cloth", "herringbone"]))
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
    shade(canvas, (0.55 + 0.55 * np.sin(across * np.pi) ** 0.6 * (0.75 + 0.25 * np.sin(along * np.pi))).astype(np.float32))
    shade(canvas, 0.85 + 0.3 * noise(rng, edge, (90, 90), 2))
    shade(canvas, relief(fold, 9, (-0.8, -0.3)))
    return signed(canvas, f"{weave.capitalize()}, {yarn}", ["textile", "weaving", weave, yarn], rng, 0.015)


def _design(rng: np.random.Generator, weave: str, threads: int) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """Which of five yarns shows at each crossing, (threads, threads)."""
    row, column = np.mgrid[0:threads, 0:threads]
    if weave == "tartan":
        widths = rng.integers(1, 9, 12)
        sett = np.repeat(rng.integers(0, 5, 12), widths)
        sett = np.concatenate([sett, sett[::-1]])
        warp = sett[(column + rng.integers(0, 99)) % len(sett)]
        return np.where((row + column) % 4 < 2, warp, sett[(row + rng.integers(0, 99)) % len(sett)])
    if weave == "herringbone":
        pitch, width = int(rng.integers(4, 10)), int(rng.integers(6, 22))
        zigzag = np.where((column // width) % 2 == 0, row + column, row - column)
        bands = rng.integers(0, 5, 40)
        return np.where(zigzag % pitch < pitch // 2, bands[column // width % 40], bands[(row // int(rng.integers(8, 30)) + 7) % 40])
    if weave == "strip cloth":
        wide = int(rng.integers(8, 18))
        strip, block = column // wide, row // int(rng.integers(4, 14))
        pick = rng.integers(0, 5, (40, 60))
        motif = (row // 2 + np.abs(column % wide - wide // 2)) % int(rng.integers(3, 7)) == 0
        return np.where(motif, pick[strip % 40, (block + 31) % 60], pick[strip % 40, block % 60])
    span = int(rng.integers(14, 44))
    drift = np.cumsum(rng.integers(-1, 2, threads))[column[0]] if weave == "ikat" else 0
    stepped = np.abs((column + span // 3) % span - span // 2) + np.abs((row + drift) % span - span // 2) * int(rng.integers(1, 3))
    rings = stepped // int(rng.integers(2, 5))
    bands = rng.integers(0, 5, 40)
    border = (row // int(rng.integers(16, 40))) % 2
    return bands[(rings + 11 * border) % 40]


SHEETS = {  # low land to high | water | ink
    "survey": ("b8cf9a dfe0a8 d8b880 b08a68 efe8e0", "a8cfe0", "6a4a34"),
    "midnight": ("0f1f3a 1f3a5a 2f5a78 5a8a9a a8d0c8", "070f20", "9ad0d8"),
    "sepia": ("efe0c0 e0c898 c8a068 a07848 704a2a", "d8cfb0", "4a2f1a"),
    "polar": ("8aa0b0 b0c4d0 d8e4ea f2f6f8 ffffff", "2f5a7a", "4a6a80"),
    "volcanic": ("2a2a2a 4a3f3a 7a4a38 b8583a f0a050", "1a2f3a", "f0d8b0"),
    "jungle": ("1f4a2f 3a6a38 6a8f40 a8b060 e8e0a0", "5aa8b0", "12301f"),
}


def topographic(rng: np.random.Generator, edge: int) -> Image.Image:
    """Contours, hill shading and water for land that does not exist."""
    sheet = str(rng.choice(list(SHEETS)))
    tints, water, ink = SHEETS[sheet]
    subject = str(rng.choice(["Island", "Crater", "Valley", "Archipelago", "Range"]))
    x, y = grid(edge)
    land = noise(rng, edge, rng.uniform(2, 4.5), 6, 0.45)
    px, py, turn = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0, np.pi)
    reach = np.hypot(x - px, y - py)
    axis = (x - px) * math.cos(turn) + (y - py) * math.sin(turn) + (noise(rng, edge, 2, 3) - 0.5) * 0.4
    lift = {
        "Island": 0.35 - reach * 1.2,
        "Crater": 0.4 - np.abs(reach - rng.uniform(0.15, 0.3)) * 2.2,
        "Valley": np.abs(axis) * 1.5 - 0.3,
        "Archipelago": np.float32(-0.12),
        "Range": 0.35 - np.abs(axis) * 1.4,
    }[subject]
    height = land + lift
    shore = np.float32(rng.uniform(0.3, 0.42))
    dry = np.clip((height - shore) * edge / 6, 0, 1)
    canvas = ramp(tints, np.clip((height - shore) / 0.7, 0, 1))
    shade(canvas, relief(height, rng.uniform(14, 24)) ** np.float32(0.8))
    sea = flat(edge, water)
    shade(sea, 0.8 + 0.35 * np.clip(height / shore, 0, 1))
    lay(canvas, sea, 1 - dry)
    interval = float(rng.choice([0.035, 0.05, 0.07]))
    lay(canvas, colour(ink), np.maximum(_contours(height, interval) * 0.45, _contours(height, interval * 5) * 0.85) * np.maximum(dry, 0.4))
    lay(canvas, colour(ink), np.clip(1 - np.abs(height - shore) * edge / 3.2, 0, 1))
    squares = int(rng.integers(3, 9))
    rules = np.minimum(np.abs((x * squares + 0.3) % 1 - 0.5), np.abs((y * squares + 0.6) % 1 - 0.5)) / squares * edge
    lay(canvas, colour(ink), np.clip(1 - rules, 0, 1) * 0.35)
    shade(canvas, 0.94 + 0.1 * noise(rng, edge, 30, 4, 0.7))
    return signed(canvas, f"{subject}, {sheet} sheet", ["map", "topography", "contours", subject.lower(), sheet], rng, 0.012)


def _contours(height: Plane, interval: float) -> Plane:
    """Lines of one width where the height crosses a multiple of the interval."""
    level = height / np.float32(interval)
    down, across = np.gradient(level)
    return np.clip(1.2 - np.abs((level + 0.5) % 1 - 0.5) / (np.hypot(down, across) + 1e-4), 0, 1)


WATERS = {
    "reef": ("06304a 0f6a8a 4fb8c0", "5a1f3a d8506a f8a890 fff0e0"),
    "deep": ("02081a 0a1f4a 1f4a8a", "1a2f5a 3f7ab8 8fd0e8 f0fcff"),
    "lagoon": ("0f5a5a 3fa89a b8e8c8", "7a4a0f d8902a f8d060 fffbe0"),
    "violet": ("140a2e 3a1f6a 7a4ab0", "3a1a5a a84ac0 f090d8 fff0f8"),
    "kelp": ("0a1f14 1f4a2f 5a8a48", "1f3a0f 6a8a1f c8d060 fbffe0"),
}


def coral(rng: np.random.Generator, edge: int) -> Image.Image:
    """Coral heads whose ridges come from activator and inhibitor, under water."""
    water = str(rng.choice(list(WATERS)))
    depth, flesh = WATERS[water]
    x, y = grid(edge)
    canvas = ramp(depth, np.clip(1 - y + (noise(rng, edge, (6, 2), 3) - 0.5) * 0.5, 0, 1))
    rays = np.clip(noise(rng, edge, (9, 0.6), 2) - 0.45, 0, 1) * (1 - y)
    lay(canvas, np.float32(1), rays * 0.7)
    kinds, heads = [], int(rng.integers(1, 6))
    for head in range(heads):
        radius = rng.uniform(0.16, 0.34) if heads > 1 else rng.uniform(0.4, 0.75)
        centre = (rng.uniform(0.1, 0.9), rng.uniform(0.35, 0.95) if head else rng.uniform(0.45, 0.7))
        kinds.append(str(rng.choice(["brain", "star", "ridged"])))
        _head(canvas, rng, centre, radius, kinds[-1], flesh)
    motes = np.clip(noise(rng, edge, 120, 1) * 8 - 7.1, 0, 1)
    canvas += blur(motes, 0.003) * np.float32(0.5)
    words = ["coral", "underwater", water, *(f"{kind} coral" for kind in kinds)]
    return signed(canvas, f"{kinds[0].capitalize()} coral, {water}", words, rng, 0.018)


def _head(canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], radius: float, kind: str, flesh: str) -> None:
    """One dome of coral with its pattern wrapped round it, in place."""
    edge = canvas.shape[-1]
    x, y = grid(edge)
    lumps = 1 + (noise(rng, edge, 5, 3) - 0.5) * 0.35
    dx, dy = (x - centre[0]) / np.float32(radius), (y - centre[1]) / np.float32(radius)
    reach = np.hypot(dx, dy) * lumps
    bulge = np.sqrt(np.clip(1 - reach**2, 0, 1))
    pattern = ridges(rng, kind, rng.uniform(0.05, 0.11))
    wrap = 128 / (1 + 1.2 * bulge) * (0.9 + radius)
    texture = pattern[((dy * wrap) % 256).astype(np.intp), ((dx * wrap) % 256).astype(np.intp)]
    lit = np.clip(0.25 + 0.75 * (bulge * 0.6 - dx * 0.3 - dy * 0.55), 0.08, 1.2)
    paint = ramp(flesh, np.clip(texture * 0.75 + 0.1 + 0.2 * bulge, 0, 1))
    shade(paint, lit * relief(texture, 2.5))
    lay(canvas, canvas * np.float32(0.35), np.clip(1.25 - np.hypot(dx, dy - 0.12), 0, 1) * 0.8)
    lay(canvas, paint, np.clip((1 - reach) * radius * edge * 0.6, 0, 1))


def ridges(rng: np.random.Generator, kind: str, wavelength: float) -> Plane:
    """A tileable 256 × 256 pattern: noise sharpened again and again at one wavelength, after Turing's idea."""
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :]).astype(np.float32)
    band = np.exp(-(((frequency - np.float32(wavelength)) / 0.012) ** 2)) * 3
    bias = {"brain": 0.0, "star": 0.28, "ridged": -0.15}[kind]
    field = rng.normal(0, 1, (256, 256)).astype(np.float32)
    for _ in range(7):
        field = np.fft.irfft2(np.fft.rfft2(field) * band, (256, 256)).astype(np.float32)
        field = np.tanh(field / field.std() * 1.2 - bias)
    return (field - field.min()) / (field.max() - field.min())
