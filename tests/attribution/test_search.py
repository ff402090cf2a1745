"""Vectors come out of PostgreSQL as they went in, whatever the size of the blocks."""

import numpy as np
import pytest

from attribution import search
from attribution.models import Embedding, Encoder
from attribution.search import generation_vectors, stream_tiles, stream_vectors, vectors_of
from attribution.tiles import quantised
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
def test_the_blocks_together_are_the_stored_rows(
    monkeypatch: pytest.MonkeyPatch, training_set: TrainingSet, encoder: Encoder, assets: list[Asset], block_rows: int
) -> None:
    monkeypatch.setattr(search, "BLOCK_ROWS", block_rows)
    monkeypatch.setattr(search, "MESSAGE_BYTES", 2 * search.STORED_VECTOR.itemsize)  # at most two rows a message
    blocks = list(stream_vectors(training_set.pk, encoder))
    assert all(len(ids) >= block_rows for ids, _ in blocks[:-1])
    assert max(len(ids) for ids, _ in blocks) <= block_rows + 1
    ids = np.concatenate([ids for ids, _ in blocks])
    vectors = np.concatenate([vectors for _, vectors in blocks])
    assert sorted(ids.tolist()) == [asset.pk for asset in assets]
    assert vectors.dtype == np.float16
    np.testing.assert_array_equal(vectors[np.argsort(ids)], VECTORS.astype(np.float16))


def test_tiles_come_out_as_they_went_in_but_for_those_that_are_incomplete(
    monkeypatch: pytest.MonkeyPatch, assets: list[Asset], encoder: Encoder, ben: Contributor
) -> None:
    monkeypatch.setattr(search, "MESSAGE_BYTES", 1)
    incomplete = make_asset(ben)
    Embedding.objects.create(asset=incomplete, encoder=encoder, vector=VECTORS[0], tiles=b"two tiles of something")
    wanted = np.array([incomplete.pk, assets[5].pk, assets[2].pk])
    streamed = {pk: own for ids, tiles in stream_tiles(wanted, encoder, 1) for pk, own in zip(ids, tiles, strict=True)}
    assert sorted(streamed) == [assets[2].pk, assets[5].pk]
    np.testing.assert_array_equal(streamed[assets[5].pk], quantised(VECTORS[5:6]))


def test_only_members_of_the_training_set_under_that_encoder_are_streamed(
    training_set: TrainingSet, encoder: Encoder, assets: list[Asset], ben: Contributor
) -> None:
    newcomer = make_asset(ben)
    embed_asset(newcomer, encoder, VECTORS[0])
    other = make_encoder("another", is_current=False)
    embed_asset(assets[0], other, VECTORS[1])
    streamed = [pk for ids, _ in stream_vectors(training_set.pk, encoder) for pk in ids.tolist()]
    assert sorted(streamed) == [asset.pk for asset in assets]
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
    assert named_ids.tolist() == [assets[1].pk, assets[4].pk]
    assert named.dtype == np.float16
    np.testing.assert_array_equal(named, vectors[np.argsort(ids)][[1, 4]])


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
