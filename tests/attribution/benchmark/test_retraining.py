"""The generator in closed form: what it is made of is known, and so is what it would have made without some of it."""

import numpy as np
import pytest
from PIL import Image

from attribution.benchmark.retraining import GENERATED, Retraining, datamodelling, retrain
from marketplace.sample_catalogue import STYLES, draw_work


@pytest.fixture(scope="module")
def made() -> Retraining:
    return retrain([draw_work(style, 1, 64).image for style in STYLES[:8]], halves=12)


def test_true_shares_are_nearly_the_whole_of_each_picture(made: Retraining) -> None:
    assert len(made.pictures) == len(made.truth_ppm) == GENERATED
    for truth in made.truth_ppm:
        assert 999_900 <= sum(truth.values()) <= 1_000_001


def test_each_half_holds_half_of_the_training_set(made: Retraining) -> None:
    assert made.kept.shape == (12, 8)
    assert (made.kept.sum(axis=1) == 4).all()


def test_a_generator_that_knows_one_picture_makes_that_picture() -> None:
    work = draw_work(STYLES[0], 1, 64).image
    alone = retrain([work, work], halves=1)
    assert np.asarray(alone.pictures[0], int) == pytest.approx(np.asarray(work, int), abs=1)
    assert alone.likeness == pytest.approx(0, abs=1e-6)


def test_a_mosaic_takes_its_colours_from_its_sources() -> None:
    made = retrain([Image.new("RGB", (64, 64), colour) for colour in ("red", "lime")], halves=1)
    for picture, truth in zip(made.pictures, made.truth_ppm, strict=True):
        red, green, blue = np.asarray(picture)[0, 0]  # one patch alone covers the corner
        assert {int(red), int(green)} == {0, 255}
        assert blue == 0
        assert truth.get(0 if red else 1, 0) >= 100_000


def test_the_true_shares_foretell_the_halves_pictures_and_shares_turned_round_do_the_opposite(made: Retraining) -> None:
    true = datamodelling(made.truth_ppm, made.kept, made.likeness)
    turned = [{7 - asset: share for asset, share in truth.items()} for truth in made.truth_ppm]
    assert true > 0.4
    assert datamodelling(turned, made.kept, made.likeness) < true / 2


def test_equal_shares_foretell_nothing(made: Retraining) -> None:
    equal = [dict.fromkeys(range(8), 125_000)] * GENERATED
    assert datamodelling(equal, made.kept, made.likeness) == 0
    assert datamodelling([{}] * GENERATED, made.kept, made.likeness) == 0
