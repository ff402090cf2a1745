"""A copied region is proved, with the place where it was taken from; different pictures prove nothing."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageOps

from attribution.benchmark.derive import VARIANTS, collage, inpaint
from attribution.benchmark.photographs import open_small, read_folder
from attribution.core.geometry import Grey, features, match
from marketplace.sample_catalogue import STYLES, draw_work

PHOTOS = Path(__file__).resolve().parents[3].parent / "shared" / "photos"
EVERY = 11


def grey(image: Image.Image) -> Grey:
    return np.asarray(image.convert("L"))


@pytest.fixture(scope="module")
def works() -> list[Image.Image]:
    return [draw_work(style, 3, 384).image for style in STYLES[:4]]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_proved_to_show_its_source(
    works: list[Image.Image], variant: Callable[[Image.Image, Random], Image.Image]
) -> None:
    for work in works:
        found = match(features(grey(work)), features(grey(variant(work, Random(1)))))
        assert found is not None
        assert found.inliers >= 30
        assert found.is_mirrored == (variant.__name__ == "turn_slightly")


def test_a_mirrored_picture_is_found_without_looking_for_features_again(works: list[Image.Image]) -> None:
    own = features(grey(works[0]))
    found = match(own, features(grey(ImageOps.mirror(works[0]))))
    assert found is not None
    assert found.is_mirrored
    assert found.inliers > 0.9 * len(own.places)
    np.testing.assert_allclose(found.map_to_b, [[-1, 0, 1], [0, 1, 0]], atol=0.01)


def test_the_region_is_where_the_copy_was_taken_from_and_where_it_was_put(works: list[Image.Image]) -> None:
    picture = works[1].copy()
    piece = works[0].crop((192, 0, 384, 192))
    picture.paste(piece, (0, 192))
    found = match(features(grey(works[0])), features(grey(picture)))
    assert found is not None
    assert all(x >= 0.45 and y <= 0.55 for x, y in found.region_a)
    assert all(x <= 0.55 and y >= 0.45 for x, y in found.region_b)
    assert 20_000 < found.region_a_ppm <= 260_000
    assert found.region_b_ppm == pytest.approx(found.region_a_ppm, rel=0.05)


def test_parts_of_collages_and_filled_regions_are_proved(works: list[Image.Image]) -> None:
    rng = Random(2)
    for image in (collage(works[:3], rng)[0], inpaint(works[0], works[3], rng)[0]):
        found = match(features(grey(works[0])), features(grey(image)))
        assert found is not None
        assert found.region_b_ppm < 500_000


def test_different_pictures_prove_nothing(works: list[Image.Image]) -> None:
    assert not [pair for pair in combinations([features(grey(work)) for work in works], 2) if match(*pair)]


def test_a_picture_without_features_proves_nothing() -> None:
    flat = features(np.full((40, 60), 128, np.uint8))
    assert len(flat.places) == 0
    assert match(flat, flat) is None


def test_the_proof_is_the_same_each_time(works: list[Image.Image]) -> None:
    blurred = features(grey(works[2].resize((60, 60))))
    assert match(features(grey(works[2])), blurred) == match(features(grey(works[2])), blurred)


def test_colour_is_refused() -> None:
    with pytest.raises(ValueError, match="grey picture"):
        features(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.skipif(not PHOTOS.exists(), reason="needs the photographs of the folder shared/photos")
def test_photographs_are_told_apart_and_their_variants_recognised() -> None:
    images = [open_small(photograph) for photograph in read_folder(PHOTOS)[::EVERY]]
    found = [features(grey(image)) for image in images]
    assert not [pair for pair in combinations(found, 2) if match(*pair)]
    variants = [VARIANTS[number % len(VARIANTS)](image, Random(number)) for number, image in enumerate(images)]
    recognised = [match(own, features(grey(variant))) for own, variant in zip(found, variants, strict=True)]
    assert recognised.count(None) <= 0.05 * len(recognised)
