"""The offline sample generator: new pictures from known catalogue images, in known proportions.

Every picture is a sum of layers, one source each, and at each pixel the layers' masks sum to one. A source's weight
is the mean of its mask: the area of a collage (a pixel of a soft seam counts for each side as far as it shows it) or
the mixing weight of a blend. A crop and a restyle have one source of weight one. No weight is estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from marketplace.core.apportion import apportion
from marketplace.generators.base import GeneratedImage, GenerationFailed, GeneratorUnavailable, SourceWeight
from marketplace.generators.restyle import restyle
from marketplace.images import UnreadableImage, decode

PPM = 1_000_000
KIND_PERCENT = {"collage": 40, "blend": 25, "restyle": 20, "crop": 15}
SOURCE_COUNTS = {"collage": (2, 4), "blend": (2, 3), "restyle": (1, 1), "crop": (1, 1)}
MOST_SOURCES = 4
LEAST_PART, MOST_PART = 30, 100  # of a blend, before they are brought to a whole
SEAM_PX = 6
LEAST_CROP, MOST_CROP = 0.45, 0.8  # of the shorter side
LEAST_FRAME = 0.85  # of the shorter side, for a restyle

# edge by edge; parts per million of each pixel
Mask: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """An accepted catalogue image: its asset id and a file that holds it."""

    asset_id: int
    path: Path


class Remix:
    """Composes square pictures of `edge` pixels; the same prompt, seed and sources give the same picture.

    Raises GeneratorUnavailable for fewer than four sources.
    """

    name = "remix"
    version = "1"
    description = (
        "Remix is a sample generator for trying the product without a trained model: it cuts, blends and restyles "
        "images of the catalogue in proportions that it records, so that estimated shares can be compared with true "
        "ones; the prompt only varies the draw."
    )

    def __init__(self, sources: Sequence[Source], edge: int = 512) -> None:
        if len(sources) < MOST_SOURCES:
            raise GeneratorUnavailable(
                f"Remix composes up to {MOST_SOURCES} catalogue images and has {len(sources)}: import some first."
            )
        self._sources = sorted(sources, key=lambda source: source.asset_id)
        self._edge = edge

    def generate(self, prompt: str, seed: int) -> GeneratedImage:
        """Compose one picture, with its truth. Raises GenerationFailed for a source that cannot be read."""
        dice = Random(f"{self.name} {self.version}\n{seed}\n{prompt}")  # noqa: S311 - repeatable, not secret
        kind = dice.choices(list(KIND_PERCENT), list(KIND_PERCENT.values()))[0]
        sources = dice.sample(self._sources, dice.randint(*SOURCE_COUNTS[kind]))
        photos = [_open(source) for source in sources]
        masks, pictures = self._layers(kind, photos, dice)
        totals = {source.asset_id: int(mask.sum()) for source, mask in zip(sources, masks, strict=True)}
        return GeneratedImage(
            image=_compose(pictures, masks),
            prompt=prompt,
            seed=seed,
            parameters={"kind": kind, "edge": self._edge, "seed": seed},
            truth=tuple(SourceWeight(*part) for part in apportion(PPM, totals).items()),
        )

    def _layers(self, kind: str, photos: list[Image.Image], dice: Random) -> tuple[list[Mask], list[Image.Image]]:
        size = (self._edge, self._edge)
        whole = np.full(size, PPM)
        if kind == "collage":
            masks = _regions(whole, len(photos), dice)
            return masks, [_place(photo, mask) for photo, mask in zip(photos, masks, strict=True)]
        if kind == "blend":
            masks = [np.full(size, weight) for weight in _mixing_weights(len(photos), dice)]
            return masks, [ImageOps.fit(photo, size) for photo in photos]
        if kind == "crop":
            return [whole], [_cut(photos[0], dice.uniform(LEAST_CROP, MOST_CROP), dice).resize(size)]
        return [whole], [restyle(_cut(photos[0], dice.uniform(LEAST_FRAME, 1), dice).resize(size), dice)]


def _open(source: Source) -> Image.Image:
    try:
        return decode(source.path.read_bytes()).image
    except (OSError, UnreadableImage) as error:
        raise GenerationFailed(f"Cannot read {source.path}, the image of asset {source.asset_id}: {error}") from error


def _regions(whole: Mask, count: int, dice: Random) -> list[Mask]:
    """Split the picture into `count` regions: the largest is cut in two by a tilted line until there are enough."""
    regions = [whole]
    while len(regions) < count:
        largest = regions.pop(max(range(len(regions)), key=lambda index: int(regions[index].sum())))
        near = largest * _near_side(largest, dice) // PPM
        regions += [near, largest - near]
    return regions


def _near_side(region: Mask, dice: Random) -> Mask:
    """One side of a tilted line across the middle of a region's longer side, fading over the seam's width."""
    left, top, right, bottom = _extent(region)
    rows, columns = np.indices(region.shape)
    along, across = (columns - left, rows - top) if right - left >= bottom - top else (rows - top, columns - left)
    length, breadth = max(right - left, bottom - top), min(right - left, bottom - top)
    line = length * dice.uniform(0.4, 0.6) + (across - breadth / 2) * dice.uniform(-0.25, 0.25)
    shown = np.clip((line - along) / SEAM_PX + 0.5, 0, 1)
    return np.asarray(np.rint(shown * PPM), dtype=np.int64)


def _extent(region: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(region)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def _place(photo: Image.Image, region: Mask) -> Image.Image:
    """A canvas on which the photo covers the region's extent."""
    left, top, right, bottom = _extent(region)
    canvas = Image.new("RGB", region.shape)
    canvas.paste(ImageOps.fit(photo, (right - left, bottom - top)), (left, top))
    return canvas


def _mixing_weights(count: int, dice: Random) -> list[int]:
    parts = {index: dice.randint(LEAST_PART, MOST_PART) for index in range(count)}
    return list(apportion(PPM, parts).values())


def _cut(photo: Image.Image, part: float, dice: Random) -> Image.Image:
    """A square window of the photo, as large as `part` of its shorter side, anywhere in it."""
    side = max(1, round(min(photo.size) * part))
    left, top = dice.randint(0, photo.width - side), dice.randint(0, photo.height - side)
    return photo.crop((left, top, left + side, top + side))


def _compose(pictures: Sequence[Image.Image], masks: Sequence[Mask]) -> Image.Image:
    total = sum(np.asarray(picture) * mask[..., None] for picture, mask in zip(pictures, masks, strict=True))
    return Image.fromarray(np.rint(total / PPM).astype(np.uint8))
