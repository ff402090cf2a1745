"""Pictures made from known sources, so that it is known what share of each picture comes from which.

Shares are parts of the picture's area, or the weights of a blend; what comes from outside the catalogue is nobody's.
"""

import io
import random
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from attribution.compact.distort import (
    Transform,
    blur,
    compress,
    crop,
    downscale,
    edges,
    mirror,
    overlay,
    recolour,
    rotate,
)
from marketplace.core.apportion import apportion
from marketplace.core.ppm import WHOLE_PPM

EDGE_PX = 384
"""Collages, blends and inpainted pictures are squares of this edge."""
RIM_PX = 12
"""How far the source of an inpainted region reaches under its soft edge."""

Box = tuple[int, int, int, int]
Images = Sequence[Image.Image]
Derived = tuple[Image.Image, list[int]]
"""A picture with the ppm of it that each of its sources accounts for."""


def paint(image: Image.Image, rng: random.Random) -> Image.Image:
    """As if painted: flat strokes of few, stronger colours."""
    stroke = max(3, min(image.size) // rng.randint(30, 50) | 1)
    flat = ImageOps.posterize(image.filter(ImageFilter.ModeFilter(stroke)), 3)
    return ImageEnhance.Color(flat).enhance(rng.uniform(1.2, 1.8))


def add_noise(image: Image.Image, rng: random.Random) -> Image.Image:
    """Gaussian noise with a deviation of 15-35 of 255."""
    noise = np.random.default_rng(rng.getrandbits(64)).normal(0, rng.uniform(15, 35), (image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


EASY: dict[str, Transform] = {
    "crop": crop,
    "flip": mirror,
    "rotate": rotate,
    "colour": recolour,
    "blur": blur,
    "JPEG": compress,
    "style": paint,
    "edges": edges,
    "overlay": overlay,
    "noise": add_noise,
    "downscale": downscale,
}
"""The changes of a single source."""


def collage(sources: Images, rng: random.Random) -> Derived:
    """Each source fills one cell of a square that straight cuts divide."""
    picture = Image.new("RGB", (EDGE_PX, EDGE_PX))
    cells = _cells((0, 0, EDGE_PX, EDGE_PX), len(sources), rng)
    for source, cell in zip(sources, cells, strict=True):
        picture.paste(_fill(source, (cell[2] - cell[0], cell[3] - cell[1])), cell)
    return picture, _in_ppm([(right - left) * (lower - upper) for left, upper, right, lower in cells])


def blend(sources: Images, rng: random.Random) -> Derived:
    """All sources shine through one another, none with less than half of another's weight."""
    weights = [rng.randint(50, 100) for _ in sources]
    layers = np.stack([np.asarray(_fill(source, (EDGE_PX, EDGE_PX))) for source in sources])
    mixed = np.average(layers, axis=0, weights=weights)
    return Image.fromarray(mixed.round().astype(np.uint8)), _in_ppm(weights)


def inpaint(source: Image.Image, outside: Image.Image, rng: random.Random) -> Derived:
    """A soft-edged region of 20-40 % of the outside picture is filled from the source."""
    area, stretch = rng.uniform(0.2, 0.4), rng.uniform(0.75, 1.33)
    width, height = round(EDGE_PX * (area * stretch) ** 0.5), round(EDGE_PX * (area / stretch) ** 0.5)
    left, top = rng.randint(0, EDGE_PX - width), rng.randint(0, EDGE_PX - height)
    mask = Image.new("L", (EDGE_PX, EDGE_PX))
    mask.paste(255, (left, top, left + width, top + height))
    mask = mask.filter(ImageFilter.GaussianBlur(3))
    picture = _fill(outside, (EDGE_PX, EDGE_PX))
    region = picture.copy()
    region.paste(_fill(source, (width + 2 * RIM_PX, height + 2 * RIM_PX)), (left - RIM_PX, top - RIM_PX))
    picture.paste(region, mask=mask)
    return picture, [int(np.asarray(mask, np.int64).sum()) * WHOLE_PPM // (255 * EDGE_PX**2)]


def crop_slightly(image: Image.Image, rng: random.Random) -> Image.Image:
    """A window of 85 % of each edge."""
    width, height = round(image.width * 0.85), round(image.height * 0.85)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def tint(image: Image.Image, rng: random.Random) -> Image.Image:
    """Brightness and saturation changed a little."""
    image = ImageEnhance.Color(image).enhance(rng.uniform(0.7, 1.3))
    return ImageEnhance.Brightness(image).enhance(rng.uniform(0.85, 1.15))


def turn_slightly(image: Image.Image, rng: random.Random) -> Image.Image:
    """Mirrored and turned by up to 4 degrees, cut to hide it."""
    turned = ImageOps.mirror(image).rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC)
    border = round(min(image.size) * 0.06)
    return turned.crop((border, border, image.width - border, image.height - border))


def recompress(image: Image.Image, rng: random.Random) -> Image.Image:
    """JPEG at a quality of 10-50."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=rng.randint(10, 50))
    return Image.open(buffer).convert("RGB")


VARIANTS: tuple[Callable[[Image.Image, random.Random], Image.Image], ...] = (
    crop_slightly,
    tint,
    turn_slightly,
    recompress,
)
"""What someone would upload who hopes to be paid several times for one picture."""


def _cells(box: Box, count: int, rng: random.Random) -> list[Box]:
    """The box cut into `count` cells, always across the longer edge, sizes roughly in proportion."""
    if count == 1:
        return [box]
    left, upper, right, lower = box
    first = count // 2
    part = first / count * rng.uniform(0.7, 1.3)
    if right - left > lower - upper or (right - left == lower - upper and rng.getrandbits(1)):
        cut = left + round((right - left) * part)
        halves = (left, upper, cut, lower), (cut, upper, right, lower)
    else:
        cut = upper + round((lower - upper) * part)
        halves = (left, upper, right, cut), (left, cut, right, lower)
    return _cells(halves[0], first, rng) + _cells(halves[1], count - first, rng)


def _in_ppm(sizes: Sequence[int]) -> list[int]:
    """Shares of the whole in proportion to the sizes, exact to the millionth."""
    return list(apportion(WHOLE_PPM, dict(enumerate(sizes))).values())


def _fill(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of the picture, as much as has the shape of the cell."""
    return ImageOps.fit(image, size, Image.Resampling.BICUBIC)
