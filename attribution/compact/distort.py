"""The easy transforms: ways in which a copy is disguised, made with Pillow at full size.

Written apart from the training's changes, so that the encoder is not judged by what it was trained with.
"""

import io
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Transform = Callable[[Image.Image, random.Random], Image.Image]


def crop(image: Image.Image, rng: random.Random) -> Image.Image:
    """A window with half of the picture's area."""
    edge = 0.5**0.5
    width, height = round(image.width * edge), round(image.height * edge)
    left, top = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def mirror(image: Image.Image, rng: random.Random) -> Image.Image:
    """Left and right exchanged."""
    return ImageOps.mirror(image)


def rotate(image: Image.Image, rng: random.Random) -> Image.Image:
    """Turned by 5-20 degrees either way, the corners filled with black."""
    return image.rotate(rng.choice((-1, 1)) * rng.uniform(5, 20), Image.Resampling.BICUBIC, expand=True)


def recolour(image: Image.Image, rng: random.Random) -> Image.Image:
    """Saturation, brightness and contrast changed, and the hue turned by up to 30 degrees."""
    hue, saturation, value = image.convert("HSV").split()
    turn = rng.randint(-21, 21)
    turned = Image.merge("HSV", (hue.point([(level + turn) % 256 for level in range(256)]), saturation, value))
    image = ImageEnhance.Color(turned.convert("RGB")).enhance(rng.uniform(0.4, 1.8))
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.6, 1.4))
    return ImageEnhance.Contrast(image).enhance(rng.uniform(0.6, 1.5))


def blur(image: Image.Image, rng: random.Random) -> Image.Image:
    """Gaussian, with a radius of 1-2.5 % of the shorter edge."""
    return image.filter(ImageFilter.GaussianBlur(min(image.size) * rng.uniform(0.01, 0.025)))


def compress(image: Image.Image, rng: random.Random) -> Image.Image:
    """JPEG at quality 10."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=10)
    return Image.open(buffer).convert("RGB")


def downscale(image: Image.Image, rng: random.Random) -> Image.Image:
    """To 48 pixels on the shorter edge."""
    scale = 48 / min(image.size)
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def overlay(image: Image.Image, rng: random.Random) -> Image.Image:
    """Three lines of large white text with a dark rim."""
    marked = image.copy()
    canvas = ImageDraw.Draw(marked)
    size = max(12, image.height // 7)
    for line in range(3):
        words = "".join(rng.choice("ABCDEFGHIKLMNOPRSTUVWXYZ ") for _ in range(12))
        place = (rng.randint(0, image.width // 4), rng.randint(0, image.height // 4) + line * image.height // 4)
        canvas.text(place, words, "white", font_size=size, stroke_width=2, stroke_fill="black")
    return marked


def drain(image: Image.Image, rng: random.Random) -> Image.Image:
    """Greyscale."""
    return ImageOps.grayscale(image).convert("RGB")


def posterise(image: Image.Image, rng: random.Random) -> Image.Image:
    """Four levels a channel."""
    return ImageOps.posterize(image, 2)


def edges(image: Image.Image, rng: random.Random) -> Image.Image:
    """Half picture, half its own contours."""
    contours = ImageOps.grayscale(image).filter(ImageFilter.CONTOUR).convert("RGB")
    return Image.blend(image, contours, 0.5)


def several(image: Image.Image, rng: random.Random) -> Image.Image:
    """Three of the others, one after another."""
    for transform in rng.sample([crop, mirror, rotate, recolour, blur, compress, overlay, drain], 3):
        image = transform(image, rng)
    return image


TRANSFORMS: tuple[Transform, ...] = (
    crop,
    mirror,
    rotate,
    recolour,
    blur,
    compress,
    downscale,
    overlay,
    drain,
    posterise,
    edges,
    several,
)
