"""Vectors come out of PostgreSQL as they went in, whatever the size of the blocks."""

import numpy as np
import pytest

from attribution import search
from attribution.models import Encoder
from attribution.search import generation_vectors, stream_vectors, vectors_of
from marketplace.models import Asset, Contributor, TrainingSet
from tests.builders import (
    embed_asset,
    embed_generation,
    make_asset,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)

VECTORS = np.stack([unit_vector(*row) for row in np.random.default_rng(3).normal(size=(7, 512))])


@pytest.fixture
def encoder(db: None) -> Encoder:
    return make_encoder()


@pytest.fixture
def assets(ana: Contributor, encoder: Encoder) -> list[Asset]:
    """Seven assets, embedded in an order that is not that of their ids."""
    made = [make_asset(ana) for _ in VECTORS]
    for place in (3, 0, 6, 1, 5, 2, 4):
        embed_asset(made[place], encoder, VECTORS[place])
    return made


@pytest.fixture
def training_set(assets: list[Asset]) -> TrainingSet:
    return make_training_set()


@pytest.mark.parametrize("block_rows", [1, 2, 3, 7, 20_000])
def test_the_blocks_together_are_the_stored_rows_in_order_of_id(
    monkeypatch: pytest.MonkeyPatch, training_set: TrainingSet, encoder: Encoder, assets: list[Asset], block_rows: int
) -> None:
    monkeypatch.setattr(search, "BLOCK_ROWS", block_rows)
    blocks = list(stream_vectors(training_set.pk, encoder))
    assert len(blocks) == -(-len(assets) // block_rows)
    assert max(len(ids) for ids, _ in blocks) <= block_rows
    ids = np.concatenate([ids for ids, _ in blocks])
    vectors = np.concatenate([vectors for _, vectors in blocks])
    assert ids.tolist() == [asset.pk for asset in assets]
    assert vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors, VECTORS.astype(np.float16))


def test_only_members_of_the_training_set_under_that_encoder_are_streamed(
    training_set: TrainingSet, encoder: Encoder, assets: list[Asset], ben: Contributor
) -> None:
    newcomer = make_asset(ben)
    embed_asset(newcomer, encoder, VECTORS[0])
    other = make_encoder("another", is_current=False)
    embed_asset(assets[0], other, VECTORS[1])
    streamed = [pk for ids, _ in stream_vectors(training_set.pk, encoder) for pk in ids.tolist()]
    assert streamed == [asset.pk for asset in assets]
    ((ids, vectors),) = stream_vectors(training_set.pk, other)
    assert ids.tolist() == [assets[0].pk]
    np.testing.assert_array_equal(vectors, VECTORS[1:2].astype(np.float16))


def test_a_training_set_without_vectors_has_no_blocks(training_set: TrainingSet) -> None:
    assert list(stream_vectors(training_set.pk, make_encoder("another", is_current=False))) == []


def test_named_vectors_are_those_that_were_streamed(
    training_set: TrainingSet, encoder: Encoder, assets: list[Asset]
) -> None:
    ((ids, vectors),) = stream_vectors(training_set.pk, encoder)
    named_ids, named = vectors_of([assets[4].pk, assets[1].pk], encoder)
    assert named_ids.tolist() == ids[[1, 4]].tolist() == [assets[1].pk, assets[4].pk]
    assert named.dtype == np.float16
    np.testing.assert_array_equal(named, vectors[[1, 4]])


def test_of_no_names_there_are_no_vectors(encoder: Encoder) -> None:
    ids, vectors = vectors_of([], encoder)
    assert (ids.shape, vectors.shape) == ((0,), (0, 512))


def test_a_generation_without_a_vector_is_left_out(training_set: TrainingSet, encoder: Encoder) -> None:
    model = make_generator_model(training_set)
    embedded, waiting = make_generation(model), make_generation(model)
    embed_generation(embedded, encoder, VECTORS[2])
    ids, vectors = generation_vectors([embedded.pk, waiting.pk], encoder)
    assert ids.tolist() == [embedded.pk]
    np.testing.assert_array_equal(vectors, VECTORS[2:3].astype(np.float16))
