"""Restyles of one picture for the sample generator; the dice choose the style and its colours."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

from PIL import Image, ImageChops, ImageFilter, ImageOps

Style: TypeAlias = Callable[[Image.Image, Random], Image.Image]


def restyle(picture: Image.Image, dice: Random) -> Image.Image:
    """Redraw an RGB picture in one of the styles, in the same size and mode."""
    return dice.choice(STYLES)(picture, dice)


def _posterise(picture: Image.Image, dice: Random) -> Image.Image:
    return _turn_hue(ImageOps.posterize(ImageOps.autocontrast(picture), dice.choice((2, 3))), dice)


def _turn_hue(picture: Image.Image, dice: Random) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    turn = dice.randint(20, 235)
    return Image.merge("HSV", (hue.point([(h + turn) % 256 for h in range(256)]), saturation, value)).convert("RGB")


def _duotone(picture: Image.Image, dice: Random) -> Image.Image:
    shadow = tuple(dice.randint(0, 80) for _ in range(3))
    light = tuple(dice.randint(175, 255) for _ in range(3))
    return ImageOps.colorize(ImageOps.grayscale(picture), shadow, light)


def _crayon(picture: Image.Image, dice: Random) -> Image.Image:
    """The picture's edges drawn dark over a softened copy of its colours."""
    greys = ImageOps.grayscale(picture)
    edges = ImageChops.difference(greys, greys.filter(ImageFilter.GaussianBlur(2)))
    drawing = ImageOps.invert(ImageOps.autocontrast(edges, cutoff=(0, 1))).convert("RGB")
    colours = picture.filter(ImageFilter.GaussianBlur(dice.uniform(3, 6)))
    return ImageChops.multiply(colours, drawing)


STYLES: Sequence[Style] = (_posterise, _turn_hue, _duotone, _crayon)
