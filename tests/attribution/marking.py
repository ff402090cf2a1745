"""Marks that tests draw, and pictures that show them."""

from PIL import Image, ImageDraw, ImageFont


def draw_word(text: str = "© Zephyr Stock") -> Image.Image:
    """White letters on black, cropped."""
    font = ImageFont.load_default(60)
    left, top, right, bottom = font.getbbox(text)
    mark = Image.new("L", (round(right - left) + 8, round(bottom - top) + 8))
    ImageDraw.Draw(mark).text((4 - left, 4 - top), text, 255, font=font)
    return mark


def draw_logo() -> Image.Image:
    """A ring with a mountain and a slope in it."""
    mark = Image.new("L", (240, 240))
    pen = ImageDraw.Draw(mark)
    pen.ellipse((8, 8, 232, 232), outline=255, width=14)
    pen.polygon([(60, 180), (120, 50), (180, 180)], outline=255, width=12)
    pen.line((40, 150, 200, 110), fill=255, width=12)
    return mark


def draw_badge() -> Image.Image:
    """A word in a frame."""
    mark = Image.new("L", (300, 160))
    pen = ImageDraw.Draw(mark)
    pen.text((20, 20), "zephyr", 255, font=ImageFont.load_default(70))
    pen.rectangle((10, 10, 290, 150), outline=255, width=6)
    pen.line((10, 120, 290, 120), fill=255, width=4)
    return mark


def show(
    mark: Image.Image, picture: Image.Image, part: float, opacity: float, place: tuple[float, float], tone: int = 255
) -> Image.Image:
    """The picture with the mark over it: `part` of its width, `place` of its upper left corner in parts of both."""
    width = round(picture.width * part)
    small = mark.resize((width, round(mark.height * width / mark.width)), Image.Resampling.LANCZOS)
    marked = picture.copy()
    at = round(picture.width * place[0]), round(picture.height * place[1])
    tones = Image.new(marked.mode, small.size, (tone,) * len(marked.getbands()))
    marked.paste(tones, at, small.point([int(level * opacity) for level in range(256)]))
    return marked
