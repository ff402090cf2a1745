"""The watermark that published pipelines write into pixels is found, and in photographs none is."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from marketplace.core.verdicts import Verdict
from marketplace.sample_catalogue import STYLES, Style, draw_work
from marketplace.screening import screen
from marketplace.screening.diffusion_watermark import BLUE_DIFFERENCE, STEP, WATERMARKS, Watermark

EDGE = 512


def _picture(seed: int) -> np.ndarray:
    """A grained picture with a blue dot in each block, which is what gets marked there: (h, w, 3) of 0 … 255."""
    random = np.random.default_rng(seed)
    soft = Image.fromarray(random.integers(60, 110, (8, 8, 3), dtype=np.uint8)).resize(
        (EDGE, EDGE), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(soft, float) + random.normal(0, 4, (EDGE, EDGE, 3))
    for y in range(0, EDGE, 8):
        for x in range(0, EDGE, 8):
            row, column = divmod(int(random.integers(1, 16)), 4)
            pixels[y + 2 * row : y + 2 * row + 2, x + 2 * column : x + 2 * column + 2, 2] += 90
    return np.clip(pixels, 0, 255)


def _marked(pixels: np.ndarray, message: str, offset: float) -> np.ndarray:
    """Move the blue difference of each block to the middle of the half step that tells its bit, as pipelines do."""
    marked = pixels.copy()
    side = EDGE // 8
    for number in range(side * side):
        row, column = divmod(number, side)
        block = marked[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        coarse = (block @ BLUE_DIFFERENCE).reshape(4, 2, 4, 2).sum((1, 3)) / 2 + 2 * offset
        place = np.abs(coarse.ravel()[1:]).argmax() + 1
        y, x = divmod(int(place), 4)
        value = coarse[y, x]
        wanted = np.sign(value) * (abs(value) // STEP + 0.25 + 0.5 * int(message[number % len(message)])) * STEP
        block[2 * y : 2 * y + 2, 2 * x : 2 * x + 2, 2] += (wanted - value) / 2 / BLUE_DIFFERENCE[2]
    rounded: np.ndarray = np.clip(marked, 0, 255).round().astype(np.uint8)
    return rounded


def _file(pixels: np.ndarray, file_format: str = "PNG", **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, file_format, **options)
    return out.getvalue()


@pytest.mark.parametrize("watermark", WATERMARKS, ids=lambda watermark: watermark.generator)
@pytest.mark.parametrize("offset", [0.5, 128.0])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_message_of_a_pipeline_is_found_and_named(watermark: Watermark, offset: float, swapped: bool) -> None:
    pixels = _marked(_picture(1), watermark.message, offset)[:, :, :: -1 if swapped else 1]
    report = screen(_file(pixels))
    assert (report.verdict, report.reasons) == (Verdict.REJECT, ("diffusion_watermark",))
    assert report.signals[0].evidence["value"].startswith(f"{watermark.generator}: ")
    assert screen(_file(pixels, "JPEG", quality=95, subsampling=0)).verdict is Verdict.REJECT


def test_another_message_says_nothing() -> None:
    inverted = WATERMARKS[0].message.translate(str.maketrans("01", "10"))
    assert screen(_file(_marked(_picture(1), inverted, 0.5))).verdict is Verdict.ACCEPT


@pytest.mark.parametrize("style", STYLES)
def test_no_drawn_work_is_taken_for_a_marked_one(style: Style) -> None:
    assert screen(_file(np.asarray(draw_work(style, 1, EDGE).image))).verdict is Verdict.ACCEPT


def test_pictures_that_no_pipeline_marks_are_not_searched() -> None:
    marked = _marked(_picture(1), WATERMARKS[0].message, 0.5)
    assert screen(_file(marked[:200, :200])).verdict is Verdict.ACCEPT
    assert screen(_file(np.zeros((EDGE, EDGE, 3), np.uint8))).verdict is Verdict.ACCEPT
    assert screen(_file(np.full((EDGE, EDGE, 3), 255, np.uint8))).verdict is Verdict.ACCEPT
    assert screen(_file(np.zeros((4, 20_000, 3), np.uint8))).verdict is Verdict.ACCEPT
