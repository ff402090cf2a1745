"""What every style draws with: coordinates, noise, colour ramps, masks and shading.

A plane is (edge, edge) float32; a canvas is (3, edge, edge) float32 with sRGB values 0 to 1.
Coordinates run from 0 to 1, x to the right and y downwards, so that a drawing does not depend on its edge in pixels.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Plane = NDArray[np.floating]
Canvas = NDArray[np.floating]
Point = tuple[float, float]
OVERSAMPLING = 2
PLANE_AXES = 2


@lru_cache(maxsize=4)
def grid(edge: int) -> tuple[Plane, Plane]:
    """The x and y of every pixel's centre, as two read-only planes."""
    centres = (np.arange(edge, dtype=np.float32) + np.float32(0.5)) / np.float32(edge)
    y, x = np.meshgrid(centres, centres, indexing="ij")
    x.flags.writeable = y.flags.writeable = False
    return x, y


def noise(
    rng: np.random.Generator, edge: int, cells: float | tuple[float, float], octaves: int = 5, gain: float = 0.5
) -> Plane:
    """Fractal value noise stretched to 0…1; `cells` is the number of features across (x) and down (y)."""
    across, down = cells if isinstance(cells, tuple) else (cells, cells)
    field = np.zeros((int(down) + 4, int(across) + 4), np.float32)
    for octave in range(octaves):
        if octave:
            rows, columns = field.shape
            field = _resized(field, (columns * 2, rows * 2), (0, 0, columns, rows))
        field += np.float32(gain**octave) * rng.random(field.shape, np.float32)
    fine = 2 ** (octaves - 1)
    field = _resized(field, (edge, edge), (1.5 * fine, 1.5 * fine, (1.5 + across) * fine, (1.5 + down) * fine))
    low, high = field.min(), field.max()
    stretched: Plane = (field - low) / (high - low)
    return stretched


def _resized(field: Plane, size: tuple[int, int], box: tuple[float, float, float, float]) -> Plane:
    return np.array(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC, box=box))


def profile(rng: np.random.Generator, edge: int, cells: float, octaves: int = 6, gain: float = 0.5) -> Plane:
    """A fractal line over x, (edge,), roughly -1…1: the outline of a ridge."""
    x = (np.arange(edge, dtype=np.float32) + np.float32(0.5)) / np.float32(edge)
    total = np.zeros(edge, np.float32)
    for octave in range(octaves):
        count = int(cells * 2**octave) + 3
        knots = rng.random(count).astype(np.float32) * 2 - 1
        total += np.float32(gain**octave) * np.interp(x * (count - 2) + 0.5, np.arange(count), knots).astype(np.float32)
    return total


@lru_cache(maxsize=512)
def colour(code: str) -> Canvas:
    """`"e8d3a1"` as values 0…1, (3, 1, 1), read-only."""
    values = np.array(list(bytes.fromhex(code)), np.float32).reshape(3, 1, 1) / np.float32(255)
    values.flags.writeable = False
    return values


def code_of(tint: Canvas) -> str:
    """The code of three values, cut to 0…1."""
    return bytes(min(255, max(0, round(255 * value))) for value in tint.ravel().tolist()).hex()


def mixed(first: str, second: str, part: float) -> str:
    """The code of a colour between two others; `part` 0 gives the first, 1 the second."""
    pairs = zip(bytes.fromhex(first), bytes.fromhex(second), strict=True)
    return bytes(min(255, max(0, round(start + (end - start) * part))) for start, end in pairs).hex()


def flat(edge: int, code: str) -> Canvas:
    """A canvas of one colour."""
    return np.broadcast_to(colour(code), (3, edge, edge)).copy()


def ramp(codes: str, position: NDArray[np.floating]) -> Canvas:
    """The colours of a palette ("aabbcc ddeeff …"), evenly spaced over positions 0…1; (3, *position.shape)."""
    stops = np.concatenate([colour(code) for code in codes.split()], axis=1)[..., 0]
    fine = np.linspace(0, stops.shape[1] - 1, 512)
    table = np.stack([np.interp(fine, np.arange(stops.shape[1]), channel) for channel in stops]).astype(np.float32)
    return table.take((position * 511).astype(np.intp), axis=1, mode="clip")


def stop(codes: str, position: float) -> Canvas:
    """One colour of a palette, (3, 1, 1)."""
    return ramp(codes, np.full((1, 1), position))


def unit(values: Canvas) -> Canvas:
    """The values cut to 0…1."""
    within: Canvas = np.clip(values, 0, 1)
    return within


def lay(canvas: Canvas, paint: Canvas | np.floating | float, mask: Plane | float) -> None:
    """Paint over the canvas in place, as far as the mask (0…1) lets it through."""
    change = paint - canvas
    change *= mask
    canvas += change


def shade(canvas: Canvas, light: Plane) -> None:
    """Multiply the canvas in place by a plane of light (1 leaves it as it is)."""
    canvas *= light


def inside(distance: Plane, softness: float = 0.004) -> Plane:
    """A mask of where a signed distance is negative, with an edge of the given width."""
    return unit(np.float32(0.5) - distance / np.float32(softness))


def disc(edge: int, centre: Point, radius: float, softness: float = 0.005) -> Plane:
    """A round mask."""
    x, y = grid(edge)
    return inside(np.hypot(x - centre[0], y - centre[1]) - radius, softness)


def glow(edge: int, centre: Point, radius: float) -> Plane:
    """Light that falls off around a point: 1 at the point, a half at the radius."""
    x, y = grid(edge)
    return 1 / (1 + ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / np.float32(radius**2))


def relief(height: Plane, strength: float, light: Point = (-0.6, -0.7)) -> Plane:
    """Light on a surface of the given height, 1 where it is flat; `light` points to where the light comes from."""
    down, across = np.gradient(height * np.float32(strength * height.shape[0] / 100))
    facing = 1 - across * np.float32(light[0]) - down * np.float32(light[1])
    lit: Plane = np.clip(facing / np.sqrt(1 + across**2 + down**2), 0.15, 1.9)
    return lit


def blur(canvas: Canvas, radius: float) -> Canvas:
    """Gaussian blur of a canvas or a plane with values 0…1; the radius is a part of the edge."""
    picture = _picture(canvas)
    return _values(picture.filter(ImageFilter.GaussianBlur(radius * picture.width)))


def _picture(canvas: Canvas) -> Image.Image:
    levels = (unit(canvas) * 255 + np.float32(0.5)).astype(np.uint8)
    return Image.fromarray(levels if levels.ndim == PLANE_AXES else np.moveaxis(levels, 0, 2))


def _values(picture: Image.Image) -> Canvas:
    levels = np.asarray(picture)
    if levels.ndim != PLANE_AXES:
        levels = np.moveaxis(levels, 2, 0)
    return np.ascontiguousarray(levels, np.float32) / np.float32(255)


class Pen:
    """Draws shapes with smooth edges, in coordinates 0…1, on a sheet of its own."""

    def __init__(self, edge: int, ground: str | None = None) -> None:
        self._size = edge * OVERSAMPLING
        mode, ink = ("L", 0) if ground is None else ("RGB", f"#{ground}")
        self._sheet = Image.new(mode, (self._size, self._size), ink)
        self._draw = ImageDraw.Draw(self._sheet)

    def _ink(self, ink: str | float) -> str | int:
        return f"#{ink}" if isinstance(ink, str) else round(255 * ink)

    def _scaled(self, points: Sequence[Point] | NDArray[np.floating]) -> list[float]:
        scaled: list[float] = (np.asarray(points, np.float64) * self._size).ravel().tolist()
        return scaled

    def polygon(self, points: Sequence[Point] | NDArray[np.floating], ink: str | float = 1.0) -> None:
        self._draw.polygon(self._scaled(points), fill=self._ink(ink))

    def line(self, points: Sequence[Point] | NDArray[np.floating], width: float, ink: str | float = 1.0) -> None:
        self._draw.line(
            self._scaled(points), fill=self._ink(ink), width=max(1, round(width * self._size)), joint="curve"
        )

    def dot(self, centre: Point, radius: float, ink: str | float = 1.0, height: float | None = None) -> None:
        """A disc, or an upright ellipse where its half height is given."""
        (x, y), tall = centre, radius if height is None else height
        box = self._scaled([(x - radius, y - tall), (x + radius, y + tall)])
        self._draw.ellipse(box, fill=self._ink(ink))

    def sector(self, centre: Point, radius: float, degrees: tuple[float, float], ink: str | float = 1.0) -> None:
        """A slice of a disc, clockwise from the first to the second angle (0 points right)."""
        x, y = centre
        box = self._scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self._draw.pieslice(box, degrees[0], degrees[1], fill=self._ink(ink))

    def plane(self) -> Canvas:
        """What was drawn: a mask for a sheet without ground, else a canvas."""
        return _values(self._sheet.reduce(OVERSAMPLING))


def cut(edge: int, drawing: Callable[[Pen], None]) -> Plane:
    """The mask of what `drawing` does with a pen."""
    pen = Pen(edge)
    drawing(pen)
    return pen.plane()


def signed(canvas: Canvas, title: str, keywords: Sequence[str], rng: np.random.Generator, grain: float) -> Image.Image:
    """The finished picture, with film grain; its title and keywords ride in `image.info`."""
    specks = rng.random(canvas.shape[1:], np.float32) - np.float32(0.5)
    image = _picture(canvas + specks * np.float32(grain))
    image.info["title"] = title
    image.info["keywords"] = tuple(dict.fromkeys(keywords))
    return image
