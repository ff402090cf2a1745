"""Botanical plates: one plant with its leaves, flowers or fruit, washed in watercolour."""

import math

import numpy as np
from PIL import Image

from .canvas import Pen, Point, colour, flat, grid, inside, lay, mixed, noise, shade, signed

GREENS = (("2f4a24", "7a9a4a"), ("1f4038", "6a9a80"), ("4a4a1f", "a8a050"), ("5a3a2a", "b07a48"), ("2a3f4a", "7a9aa0"))
PETALS = (
    ("a8203a", "f08a8a"),
    ("d87a1f", "f8d070"),
    ("4a2a7a", "b090d8"),
    ("1f4a8a", "8ab8e8"),
    ("d8c8c0", "fffaf0"),
    ("c83f7a", "f8b8c8"),
)
PAPERS = ("f4ead2", "efe6d8", "f6f2e6", "e6dcc0", "20281f", "e2e8e0")


def botanical(rng: np.random.Generator, edge: int) -> Image.Image:
    """A plant on old paper inside a ruled border."""
    habit = str(rng.choice(list(HABITS)))
    paper, green, petal = str(rng.choice(PAPERS)), GREENS[rng.integers(len(GREENS))], PETALS[rng.integers(len(PETALS))]
    pen, mask = Pen(edge, "ffffff"), Pen(edge)
    plant = Plant(rng, pen, mask, green, petal)
    HABITS[habit](plant)
    canvas = flat(edge, paper)
    shade(canvas, 0.9 + 0.14 * noise(rng, edge, 5, 6, 0.65))
    lay(canvas, canvas * colour("c8a070"), np.clip(noise(rng, edge, 9, 3) * 6 - 4.9, 0, 0.3))
    x, y = grid(edge)
    rim = np.abs(np.maximum(np.abs(x - 0.5), np.abs(y - 0.5)) - np.float32(rng.uniform(0.455, 0.475)))
    lay(canvas, colour(green[0]), inside(rim - 0.0015, 0.003) * 0.8)
    wash = pen.plane() * (0.78 + 0.42 * noise(rng, edge, (14, 14), 4, 0.6))
    lay(canvas, wash, mask.plane() * 0.95)
    return signed(canvas, f"{habit}, plate", ["botanical", "plant", habit.lower(), "watercolour"], rng, 0.05)


class Plant:
    """What a plant is made of, drawn with one pen for colour and one for the mask."""

    def __init__(
        self, rng: np.random.Generator, pen: Pen, mask: Pen, green: tuple[str, str], petal: tuple[str, str]
    ) -> None:
        self.rng, self.green, self.petal = rng, green, petal
        self._pens = ((pen, True), (mask, False))

    def stem(self, points: list[Point], width: float, tone: float = 0.3) -> None:
        for pen, tinted in self._pens:
            pen.line(points, width, mixed(*self.green, tone) if tinted else 1.0)

    def leaf(
        self,
        base: Point,
        turn: float,
        length: float,
        width: float,
        pair: tuple[str, str] | None = None,
        tip: float = 1.0,
    ) -> None:
        """A leaf or petal of two shaded halves and a midrib; `width` is a part of its length, `tip` > 1 blunts it."""
        dark, light = pair or self.green
        along = np.linspace(0, 1, 14)
        half = length * width * np.sin(np.pi * along ** (0.75 * tip)) ** 0.9
        bend = self.rng.uniform(-0.25, 0.25) * length * along**2
        ahead, aside = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
        rib = np.array(base) + along[:, None] * length * ahead + bend[:, None] * aside
        tone = self.rng.uniform(0.25, 0.6)
        for side, lift in ((-1, 0.0), (1, 0.3)):
            outline = np.vstack([rib, (rib + side * half[:, None] * aside)[::-1]])
            for pen, tinted in self._pens:
                pen.polygon(outline, mixed(dark, light, tone + lift) if tinted else 1.0)
        pen = self._pens[0][0]
        for vein in range(2, 12, 2):
            for side in (-1, 1):
                end = rib[vein + 1] + side * half[vein + 1] * 0.8 * aside
                pen.line([tuple(rib[vein]), tuple(end)], 0.0015, mixed(dark, light, tone - 0.1))
        pen.line(rib, 0.003, mixed(dark, light, tone - 0.25))

    def ball(self, at: Point, radius: float, pair: tuple[str, str] | None = None) -> None:
        """A berry, lit from above left."""
        dark, light = pair or self.petal
        for pen, tinted in self._pens:
            pen.dot(at, radius, mixed(dark, light, 0.05) if tinted else 1.0)
        for part in (0.8, 0.55, 0.25):
            lit = (at[0] - radius * (1 - part) * 0.4, at[1] - radius * (1 - part) * 0.4)
            self._pens[0][0].dot(lit, radius * part, mixed(dark, light, 1.15 - part))

    def flower(self, at: Point, size: float, petals: int, rows: int, width: float) -> None:
        """Petals in rows round a seeded eye."""
        squash, start = self.rng.uniform(0.6, 1.0), self.rng.uniform(0, 6)
        for row in range(rows, 0, -1):
            for petal in range(petals):
                turn = start + 2 * math.pi * (petal + 0.5 * (row % 2)) / petals
                self.leaf(
                    at, turn, size * row / rows * (squash if abs(math.sin(turn)) > 0.7 else 1), width, self.petal, 0.7
                )
        for _ in range(24):
            turn, reach = self.rng.uniform(0, 6.3), size * 0.2 * math.sqrt(self.rng.random())
            self.ball(
                (at[0] + reach * math.cos(turn), at[1] + reach * math.sin(turn)), size * 0.035, ("6a4a10", "f0c840")
            )

    def curve(self, start: Point, turn: float, length: float, bend: float, steps: int = 16) -> list[Point]:
        """Points along an arc that turns by `bend` over its length."""
        turns = turn + np.linspace(0, bend, steps)
        ends = np.array(start) + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * length / steps, axis=0)
        return [start, *((float(px), float(py)) for px, py in ends)]


def _fern(plant: Plant) -> None:
    rng = plant.rng
    foot = (float(rng.uniform(0.35, 0.65)), 0.92)
    for _ in range(int(rng.integers(2, 7))):
        length, bend = rng.uniform(0.55, 0.9), rng.uniform(-1.6, 1.6)
        rib = plant.curve(foot, -math.pi / 2 - bend * 0.5 + rng.uniform(-0.3, 0.3), length, bend, 34)
        plant.stem(rib, 0.006)
        for step in range(5, len(rib)):
            turn = math.atan2(rib[step][1] - rib[step - 1][1], rib[step][0] - rib[step - 1][0])
            reach = length * 0.24 * math.sin(math.pi * (1 - (step - 4) / 31) ** 0.8) ** 0.8 + 0.008
            for side in (-1.15, 1.15):
                plant.leaf(rib[step], turn + side, reach, 0.13)


def _flowering(plant: Plant) -> None:
    rng = plant.rng
    petals, rows, width = int(rng.integers(5, 14)), int(rng.integers(1, 4)), rng.uniform(0.14, 0.3)
    foot = (float(rng.uniform(0.4, 0.6)), 0.93)
    heads = []
    for _ in range(int(rng.integers(2, 7))):
        stalk = plant.curve(foot, -math.pi / 2 + rng.uniform(-0.6, 0.6), rng.uniform(0.4, 0.72), rng.uniform(-0.7, 0.7))
        plant.stem(stalk, 0.009)
        for step in range(2, 13, int(rng.integers(2, 5))):
            plant.leaf(
                stalk[step],
                -math.pi / 2 + rng.choice([-1.0, 1.0]) * rng.uniform(0.4, 1.2),
                rng.uniform(0.1, 0.24),
                rng.uniform(0.12, 0.26),
            )
        heads.append(stalk[-1])
    for head in heads:
        plant.flower(head, rng.uniform(0.1, 0.22), petals, rows, width)


def _berried(plant: Plant) -> None:
    rng = plant.rng
    start, lean = (float(rng.choice([0.08, 0.92])), float(rng.uniform(0.1, 0.9))), rng.uniform(-0.5, 0.5)
    branch = plant.curve(start, (0.0 if start[0] < 0.5 else math.pi) + lean, 0.85, -lean * 2, 22)
    plant.stem(branch, 0.014)
    cluster = int(rng.integers(1, 7))
    for step in range(2, 22, 2):
        turn = rng.uniform(0.6, 2.5) * rng.choice([-1.0, 1.0])
        plant.leaf(branch[step], turn, rng.uniform(0.12, 0.26), rng.uniform(0.16, 0.3))
        hanging = plant.curve(branch[step], math.pi / 2 + rng.uniform(-0.7, 0.7), rng.uniform(0.05, 0.16), 0.2, 6)
        plant.stem(hanging, 0.004)
        for _ in range(cluster):
            plant.ball(
                (hanging[-1][0] + rng.normal(0, 0.02), hanging[-1][1] + rng.normal(0, 0.02)), rng.uniform(0.012, 0.026)
            )


def _umbel(plant: Plant) -> None:
    rng = plant.rng
    foot = (float(rng.uniform(0.35, 0.65)), 0.93)
    for _ in range(int(rng.integers(1, 6))):
        stalk = plant.curve(
            foot, -math.pi / 2 + rng.uniform(-0.6, 0.6), rng.uniform(0.35, 0.62), rng.uniform(-0.5, 0.5)
        )
        plant.stem(stalk, 0.01)
        for step in (4, 8):
            plant.leaf(stalk[step], rng.choice([-0.5, -2.6]), rng.uniform(0.12, 0.22), 0.12)
        for ray in np.linspace(-1.2, 1.2, int(rng.integers(7, 15))):
            spoke = plant.curve(stalk[-1], -math.pi / 2 + ray, rng.uniform(0.13, 0.24), -ray * 0.4, 6)
            plant.stem(spoke, 0.005)
            for twig in np.linspace(-1.1, 1.1, 7):
                tip = plant.curve(spoke[-1], -math.pi / 2 + ray * 0.6 + twig, 0.05, 0, 2)
                plant.stem(tip, 0.0025)
                plant.ball(tip[-1], rng.uniform(0.007, 0.013))


def _rosette(plant: Plant) -> None:
    rng = plant.rng
    centre = tuple(float(value) for value in rng.uniform(0.4, 0.6, 2))
    count, width, blush = int(rng.integers(22, 70)), rng.uniform(0.18, 0.36), rng.random() < 0.5
    for index in range(count, 0, -1):
        reach = 0.42 * math.sqrt(index / count)
        pair = plant.petal if blush and index < count * 0.6 else plant.green
        plant.leaf((centre[0], centre[1]), index * 2.39996, reach, width, pair, 0.62)


def _bulb(plant: Plant) -> None:
    rng = plant.rng
    at, ground = float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.7, 0.78))
    for _ in range(int(rng.integers(8, 22))):
        plant.stem(
            plant.curve(
                (at, ground + 0.05), math.pi / 2 + rng.uniform(-0.9, 0.9), rng.uniform(0.08, 0.2), rng.uniform(-1, 1)
            ),
            0.0025,
            0.8,
        )
    for turn in np.linspace(-0.9, 0.9, int(rng.integers(3, 9))):
        plant.leaf((at, ground), -math.pi / 2 + turn, rng.uniform(0.3, 0.55), 0.07)
    stalk = plant.curve(
        (at, ground), -math.pi / 2 + rng.uniform(-0.15, 0.15), rng.uniform(0.42, 0.56), rng.uniform(-0.3, 0.3)
    )
    plant.stem(stalk, 0.012)
    plant.ball((at, ground + 0.02), 0.065, ("6a3a20", "d8a878"))
    for turn in rng.permutation(np.linspace(-0.9, 0.9, int(rng.integers(3, 8)))):
        plant.leaf(stalk[-1], -math.pi / 2 + turn, rng.uniform(0.13, 0.2), 0.3, plant.petal, 0.8)


HABITS = {
    "Fern": _fern,
    "Flowering stem": _flowering,
    "Berried branch": _berried,
    "Umbel": _umbel,
    "Rosette": _rosette,
    "Bulb in flower": _bulb,
}
