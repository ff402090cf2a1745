"""The invisible watermark ("dwtDct") that the published pipelines of SDXL, FLUX and Stable Diffusion 1 write.

The picture's blue difference goes through a Haar wavelet. Of each block of 4 x 4 in the coarse half, the value farthest
from zero, the first one aside, tells a bit by where it lies between two multiples of 36. The blocks repeat the message,
row by row, and vote on it. Only a message that is there says something: scaling or strong compression removes it.
(So does the method `dwtDct` of the package invisible-watermark, which takes no cosine transform in spite of its name.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import Subject, evidence

Bits = NDArray[np.bool_]
Numbers = NDArray[np.float32]

NAME = "diffusion_watermark"
TOOL = f"dwtDct, numpy {np.__version__}"
BLOCK = 4
BLOCK_PX = 2 * BLOCK
STEP = 36
MAJORITY = 0.5
LEAST_BLOCKS = 1_024  # those of 256 x 256 pixels: the pipelines write it into no smaller picture
MOST_BLOCKS = 16_384  # those of 1024 x 1024 pixels, or of the top of a larger picture
BLUE_DIFFERENCE = (-0.147, -0.289, 0.436)  # of red, green and blue: the U of YUV
OFFSETS = (0.5, 128.0)  # of U: pipelines write it into numbers with a fraction or into bytes


@dataclass(frozen=True)
class Watermark:
    """A message of a pipeline, and how many of its bits must be there for us to believe it."""

    generator: str
    message: str
    least_bits: int


WATERMARKS = (
    Watermark("SDXL", f"{0b101100111110110010010000011110111011000110011110:b}", 46),
    Watermark("FLUX", f"{0b001010101111111010000111100111001111010100101110:b}", 44),
    Watermark("Stable Diffusion 1", "".join(f"{byte:08b}" for byte in b"StableDiffusionV1"), 128),
)


def check(subject: Subject) -> list[Signal]:
    """Reject a picture that holds the message of a pipeline."""
    source = subject.decoded.source
    columns, rows = source.width // BLOCK_PX, source.height // BLOCK_PX
    if source.mode not in {"RGB", "RGBA"} or columns * rows < LEAST_BLOCKS:
        return []
    rows = min(rows, -(-MOST_BLOCKS // columns))
    pixels = np.asarray(source.crop((0, 0, columns * BLOCK_PX, rows * BLOCK_PX)).convert("RGB"), np.float32)
    for red_and_blue in (1, -1):  # older pipelines swapped them
        blocks = _blocks(pixels @ np.array(BLUE_DIFFERENCE[::red_and_blue], np.float32))
        for offset in OFFSETS:
            votes = np.abs(blocks + 2 * offset).max(1) % STEP > STEP / 2
            for watermark in WATERMARKS:
                agreed = _agreeing(votes, watermark.message)
                if agreed >= watermark.least_bits:
                    value = f"{watermark.generator}: {agreed} of {len(watermark.message)} bits"
                    return [Signal(NAME, Verdict.REJECT, NAME, evidence("pixels", value, TOOL))]
    return []


def _blocks(difference: Numbers) -> Numbers:
    """Of a colour difference whose sides are multiples of 8 (h, w), all blocks but their first values (n, 15)."""
    coarse = (difference[::2] + difference[1::2]) / 2
    coarse = coarse[:, ::2] + coarse[:, 1::2]
    height, width = coarse.shape
    blocks = coarse.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(0, 2, 1, 3)
    values: Numbers = blocks.reshape(-1, BLOCK * BLOCK)[:, 1:].astype(np.float32, copy=False)
    return values


def _agreeing(votes: Bits, message: str) -> int:
    """How many bits of the message the majority of their blocks tells."""
    places = np.arange(len(votes)) % len(message)
    told = np.bincount(places, votes, len(message)) / np.bincount(places, minlength=len(message))
    return sum((share > MAJORITY) == (digit == "1") for share, digit in zip(told, message, strict=True))
