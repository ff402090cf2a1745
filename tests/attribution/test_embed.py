"""Embedding what is new, with the encoder that ships: one picture that cannot be read holds up nobody."""

import logging
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Model
from django.db.models.fields.files import FieldFile

from attribution import embed
from attribution.batches import attribute_downloads
from attribution.embed import embed_assets, embed_generations
from attribution.encoders import Encoder
from attribution.explain import explain, explanation_html
from attribution.models import AttributionBatch, Embedding, EmbeddingFailure, GenerationEmbedding, InspirationList
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Asset, Contributor, Customer, Generation
from tests.builders import (
    CLOSED_AT,
    compare_assets,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_training_set,
)


@pytest.fixture(autouse=True)
def _compact(settings: LazySettings, db: None) -> None:
    settings.ENCODER_RECIPE = "compact"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as after a commit: an index cannot be made before
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def cut_short(file: FieldFile) -> None:
    """What a crash of another program, or a bad disk, leaves of a preview."""
    path = Path(file.path)
    path.write_bytes(path.read_bytes()[:200])


def test_the_others_of_a_batch_are_embedded_and_the_failure_is_on_record(
    ana: Contributor, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad, last = make_asset(ana), make_asset(ana), make_asset(ana)
    cut_short(bad.preview)
    with caplog.at_level(logging.WARNING):
        assert [embed_assets(CLOSED_AT) for _ in range(2)] == [3, 0]
    assert set(Embedding.objects.values_list("asset", flat=True)) == {good.pk, last.pk}
    failure = EmbeddingFailure.objects.get()
    assert (failure.asset, failure.generation, failure.failed_at) == (bad, None, CLOSED_AT)
    assert "cannot be read as a picture" in failure.reason
    assert f"asset_id {bad.pk}" in caplog.text


def test_a_file_that_is_not_there_is_no_failure_and_is_tried_again(
    ana: Contributor, caplog: pytest.LogCaptureFixture
) -> None:
    """The storage may be away for an hour: that must take nobody's image out for good."""
    away, there = make_asset(ana), make_asset(ana)
    path = Path(away.preview.path)
    path.rename(path.with_suffix(".away"))
    assert embed_assets(CLOSED_AT) == 1
    assert Embedding.objects.get().asset == there
    assert not EmbeddingFailure.objects.exists()
    assert "to be tried again" in caplog.text
    path.with_suffix(".away").rename(path)
    assert embed_assets(CLOSED_AT) == 1
    assert Embedding.objects.count() == 2


def test_an_asset_that_cannot_be_read_does_not_hold_up_its_training_set(ana: Contributor, carla: Customer) -> None:
    make_asset(ana)
    bad = make_asset(ana)
    cut_short(bad.preview)
    download = make_download(carla, make_generation(make_generator_model(make_training_set())))
    embed_assets(CLOSED_AT)
    compare_assets()
    embed_generations(CLOSED_AT)
    assert attribute_downloads(CLOSED_AT) == 1
    assert bad.pk not in download.inspiration_list.asset_ids
    assert explain(download).agrees


def test_all_of_a_generation_that_cannot_be_read_is_unattributed_and_recomputes_so(
    ana: Contributor, carla: Customer
) -> None:
    make_asset(ana)
    model = make_generator_model(make_training_set())
    bad, good = make_generation(model), make_generation(model)
    cut_short(bad.preview)
    unreadable, readable = make_download(carla, bad), make_download(carla, good)
    embed_assets(CLOSED_AT)
    compare_assets()
    assert attribute_downloads(CLOSED_AT) == 0
    assert embed_generations(CLOSED_AT) == 2
    assert attribute_downloads(CLOSED_AT) == 2
    listed = InspirationList.objects.get(download=unreadable)
    assert (listed.asset_ids, listed.unattributed_ppm) == ([], WHOLE_PPM)
    assert explain(unreadable).agrees
    assert explain(readable).agrees
    assert "could not read this picture" in explanation_html(explain(unreadable))
    assert "could not read this picture" not in explanation_html(explain(readable))


def test_the_encoder_is_loaded_before_any_row_is_locked(ana: Contributor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have to be fetched from the hub, for minutes."""
    make_asset(ana)
    depth = len(connection.savepoint_ids)
    load = embed.loaded_encoder

    def load_outside(fingerprint: str) -> Encoder:
        assert len(connection.savepoint_ids) == depth  # the test's own transaction, and none within it
        return load(fingerprint)

    monkeypatch.setattr(embed, "loaded_encoder", load_outside)
    assert embed_assets(CLOSED_AT) == 1


def test_with_nothing_to_embed_no_encoder_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_needed(fingerprint: str) -> None:
        raise AssertionError("a model was loaded for nothing")

    monkeypatch.setattr(embed, "loaded_encoder", not_needed)
    assert embed_assets(CLOSED_AT) == embed_generations(CLOSED_AT) == 0


@pytest.fixture
def attributed(ana: Contributor, carla: Customer) -> None:
    """One row of everything that lists are recomputed from."""
    make_asset(ana)
    cut_short(make_asset(ana).preview)
    make_download(carla, make_generation(make_generator_model(make_training_set())))
    embed_assets(CLOSED_AT)
    compare_assets()
    embed_generations(CLOSED_AT)
    attribute_downloads(CLOSED_AT)
    assert Asset.objects.count() == 2
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("record", [Embedding, GenerationEmbedding, AttributionBatch, EmbeddingFailure])
def test_what_lists_are_recomputed_from_cannot_be_changed(attributed: None, record: type[Model]) -> None:
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        record._default_manager.update(encoder_id=F("encoder_id"))


@pytest.mark.parametrize("record", [AttributionBatch, EmbeddingFailure])
def test_what_happened_cannot_be_deleted(attributed: None, record: type[Model]) -> None:
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        record._default_manager.all()._raw_delete(using="default")


@pytest.mark.parametrize("record", [Embedding, GenerationEmbedding])
def test_the_vectors_of_an_encoder_that_is_no_longer_used_can_be_dropped(attributed: None, record: type[Model]) -> None:
    record._default_manager.all().delete()
    assert not record._default_manager.exists()
