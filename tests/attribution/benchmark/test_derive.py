"""The truth of a derived picture is what can be counted in its pixels."""

import random

import numpy as np
import pytest
from PIL import Image

from attribution.benchmark.derive import EASY, EDGE_PX, VARIANTS, blend, collage, inpaint
from marketplace.sample_catalogue import STYLES, draw_work

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
SEEDS = range(5)


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, colour)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", SEEDS)
def test_each_source_of_a_collage_has_the_area_that_its_share_says(count: int, seed: int) -> None:
    picture, shares = collage([plain(colour) for colour in COLOURS[:count]], random.Random(seed))
    pixels = np.asarray(picture)
    counted = [int((pixels == colour).all(axis=2).sum()) / EDGE_PX**2 for colour in COLOURS[:count]]
    assert sum(shares) == 1_000_000
    assert [share / 1_000_000 for share in shares] == pytest.approx(counted, abs=1e-6)
    assert min(counted) > 0.05


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_each_source_of_a_blend_shines_through_by_its_share(count: int, seed: int) -> None:
    picture, shares = blend([plain(colour) for colour in COLOURS[:count]], random.Random(seed))
    assert sum(shares) == 1_000_000
    assert picture.getpixel((9, 9)) == pytest.approx([255 * share / 1e6 for share in shares] + [0] * (3 - count), abs=1)
    assert min(shares) > 190_000


@pytest.mark.parametrize("seed", SEEDS)
def test_the_share_of_an_inpainted_source_is_the_area_of_its_region(seed: int) -> None:
    picture, (share,) = inpaint(plain((255, 255, 255)), plain((0, 0, 0)), random.Random(seed))
    assert np.asarray(picture).mean() / 255 == pytest.approx(share / 1_000_000, abs=0.002)
    assert 190_000 < share < 410_000


@pytest.mark.parametrize("change", EASY)
def test_an_easy_change_alters_the_picture_in_a_way_that_can_be_repeated(change: str) -> None:
    work = draw_work(STYLES[0], 1, 96).image
    first, second = (EASY[change](work, random.Random(3)) for _ in range(2))
    assert first.mode == "RGB"
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != work.tobytes()


def test_variants_are_all_different_uploads_of_one_picture() -> None:
    work = draw_work(STYLES[0], 1, 96).image
    uploads = {variant(work, random.Random(seed)).tobytes() for variant in VARIANTS for seed in range(4)}
    assert len(uploads) == 16
