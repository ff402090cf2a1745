"""Pictures are embedded once, as the product embeds them, and an interrupted run goes on where it was."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attribution.benchmark.embedding import EmbeddedTrial, KeptEncoder
from attribution.encoders import Embedded, find_recipe, load_encoder
from marketplace.sample_catalogue import STYLES, draw_work
from tests.attribution.benchmark.scenes import plane_trial

COMPACT = find_recipe("compact")


class TowerUsed(Exception):
    """The tower was asked again."""


@pytest.fixture(scope="module")
def works() -> list[Image.Image]:
    return [draw_work(style, 1, 96).image for style in STYLES[:6]]


class OutOfOrder:
    """A tower that cannot be used."""

    image_size = (128, 128)

    def forward_intermediates(self, *_: object, **__: object) -> None:
        raise TowerUsed


def out_of_order(encoder: KeptEncoder) -> KeptEncoder:
    """Return the encoder with a tower that cannot be used."""
    encoder.visual = OutOfOrder()
    return encoder


def same(one: Embedded, other: Embedded) -> None:
    """Fail unless the embeddings are the same but for the rounding of another batch."""
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-5)
    np.testing.assert_allclose(one.tiles, other.tiles, atol=1)


def test_the_embeddings_are_the_products_own(tmp_path: Path, works: list[Image.Image]) -> None:
    kept = KeptEncoder(COMPACT, tmp_path).encode_all(works)
    same(kept, load_encoder(COMPACT).encode(works))


def test_a_second_run_does_not_ask_the_tower_again(tmp_path: Path, works: list[Image.Image]) -> None:
    first = KeptEncoder(COMPACT, tmp_path).encode_all(works)
    again = out_of_order(KeptEncoder(COMPACT, tmp_path)).encode_all(works)
    np.testing.assert_array_equal(again.vectors, first.vectors)
    np.testing.assert_array_equal(again.tiles, first.tiles)


def test_a_picture_that_is_new_is_embedded(tmp_path: Path, works: list[Image.Image]) -> None:
    KeptEncoder(COMPACT, tmp_path).encode_all(works[:3])
    with pytest.raises(TowerUsed):
        out_of_order(KeptEncoder(COMPACT, tmp_path)).encode_all(works)
    whole = KeptEncoder(COMPACT, tmp_path).encode_all(works)
    same(whole, load_encoder(COMPACT).encode(works))


def test_progress_counts_every_picture(tmp_path: Path, works: list[Image.Image]) -> None:
    done: list[int] = []
    KeptEncoder(COMPACT, tmp_path, done.append).encode_all(works)
    assert sum(done) == len(works)


def test_a_stored_trial_is_read_back_in_half_precision(tmp_path: Path) -> None:
    trial = plane_trial()
    trial.write(tmp_path / "trial.npz")
    again = EmbeddedTrial.read(tmp_path / "trial.npz")
    assert again.authors == trial.authors
    assert again.attacked_assets == trial.attacked_assets
    assert again.attacked_queries == trial.attacked_queries
    assert again.test.families == trial.test.families
    assert again.test.truth_ppm == trial.test.truth_ppm
    np.testing.assert_allclose(again.test.vectors, trial.test.vectors, atol=1e-3)
    np.testing.assert_allclose(again.variants, trial.variants, atol=1e-3)
    np.testing.assert_array_equal(again.catalogue, trial.catalogue)
    np.testing.assert_array_equal(again.tiles, trial.tiles)
    np.testing.assert_array_equal(again.test.tiles, trial.test.tiles)
    np.testing.assert_array_equal(again.variant_tiles, trial.variant_tiles)
