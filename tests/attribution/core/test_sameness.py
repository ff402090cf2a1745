"""Two pictures are one where they agree once they lie over each other; a part in common is not enough."""

from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from attribution.benchmark.derive import VARIANTS, collage
from attribution.benchmark.photographs import open_small, read_folder
from attribution.core.sameness import COLOUR_PX, GRID_PX, Square, agreement_ppm, are_same_pixels
from attribution.same_picture import is_copy, prove_copy, read_picture
from marketplace.sample_catalogue import STYLES, draw_work

PHOTOS = Path(__file__).resolve().parents[3].parent / "shared" / "photos"
AS_IT_IS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
LEFT_HALF = ((2.0, 0.0, 0.0), (0.0, 1.0, 0.0))  # a's left half fills b
ONE_SET_OF_BLOCKS = ("gcompris-categorization-numbers.webp", "gcompris-categorization-alphabets.webp")


def grey(image: Image.Image) -> Square:
    return np.asarray(image.convert("L").resize((GRID_PX, GRID_PX), Image.Resampling.BOX))


def colours(image: Image.Image) -> Square:
    return np.asarray(image.resize((COLOUR_PX, COLOUR_PX), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def work() -> Image.Image:
    return draw_work(STYLES[0], 3, 256).image


def test_a_picture_agrees_with_itself_whatever_its_brightness_and_contrast(work: Image.Image) -> None:
    changed = ImageEnhance.Contrast(ImageEnhance.Brightness(work).enhance(0.8)).enhance(0.7)
    assert agreement_ppm(grey(work), grey(changed), AS_IT_IS) == (1_000_000, 1_000_000)


def test_all_of_a_crop_agrees_with_the_part_that_it_was_taken_from(work: Image.Image) -> None:
    assert agreement_ppm(grey(work), grey(work.crop((0, 0, 128, 256))), LEFT_HALF) == (500_000, 1_000_000)


def test_what_lies_outside_the_other_picture_agrees_with_nothing(work: Image.Image) -> None:
    wider = Image.new("RGB", (512, 256), "white")
    wider.paste(work)
    left, _ = agreement_ppm(grey(wider), grey(work), LEFT_HALF)
    _, right = agreement_ppm(grey(work), grey(wider), ((0.5, 0.0, 0.0), (0.0, 1.0, 0.0)))
    assert left == pytest.approx(500_000, abs=40_000)  # the cells along the cut show both
    assert right == pytest.approx(500_000, abs=40_000)


def test_another_picture_hardly_agrees(work: Image.Image) -> None:
    other = draw_work(STYLES[4], 3, 256).image
    assert max(agreement_ppm(grey(work), grey(other), AS_IT_IS)) < 300_000


def test_pixels_are_the_same_however_turned_and_mirrored_but_not_in_another_colour() -> None:
    first = Image.linear_gradient("L").convert("RGB")
    for turned in (first.rotate(90), ImageOps.mirror(first), ImageOps.flip(first)):
        assert are_same_pixels(colours(first), colours(turned))
    red, green = (ImageOps.colorize(first.convert("L"), "black", colour) for colour in ("#960000", "#004d00"))
    assert not are_same_pixels(colours(red), colours(green))


@pytest.mark.parametrize(
    ("inliers", "agreed_ppm_of_original", "agreed_ppm", "is_one"),
    [
        (20, 600_000, 600_000, True),
        (20, 599_999, 899_999, False),
        (20, 300_000, 900_000, True),
        (20, 299_999, 900_000, False),
        (20, 900_000, 300_000, False),  # a detail that came earlier
        (19, 600_000, 900_000, True),
        (19, 900_000, 600_000, True),
        (19, 600_000, 899_999, False),
        (19, 300_000, 900_000, False),
    ],
)
def test_a_copy_agrees_as_far_as_the_limits_say(
    inliers: int, agreed_ppm_of_original: int, agreed_ppm: int, is_one: bool
) -> None:
    assert is_copy(inliers, agreed_ppm_of_original, agreed_ppm) is is_one


def test_a_collage_is_no_copy_of_its_sources(work: Image.Image) -> None:
    others = [draw_work(STYLES[style], 3, 256).image for style in (4, 5)]
    mixed = read_picture(collage([work, *others], Random(1))[0])
    assert [prove_copy(read_picture(source), mixed) for source in (work, *others)] == [None] * 3


def test_a_detail_that_comes_later_shows_nothing_of_its_own_but_one_that_came_earlier_is_no_original_of_the_whole(
    work: Image.Image,
) -> None:
    whole, half = read_picture(work), read_picture(work.crop((40, 40, 220, 220)))
    assert prove_copy(whole, half) is not None
    assert prove_copy(half, whole) is None


@pytest.mark.skipif(not PHOTOS.exists(), reason="needs the photographs of the folder shared/photos")
def test_one_set_of_toys_photographed_twice_is_two_pictures() -> None:
    first, second = (open_small(each) for each in read_folder(PHOTOS) if each.path.name in ONE_SET_OF_BLOCKS)
    assert prove_copy(read_picture(first), read_picture(second)) is None
    for image, variant in ((first, VARIANTS[0]), (second, VARIANTS[2])):
        assert prove_copy(read_picture(image), read_picture(variant(image, Random(1)))) is not None


@pytest.mark.skipif(not PHOTOS.exists(), reason="needs the photographs of the folder shared/photos")
def test_different_photographs_are_no_copies_of_one_another() -> None:
    pictures = [read_picture(open_small(photograph)) for photograph in read_folder(PHOTOS)[::12]]
    assert not [pair for pair in combinations(pictures, 2) if prove_copy(*pair)]
