"""Another encoder without downtime: built beside the current one, verified, switched to; and the old one dropped."""

import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from numpy.typing import NDArray

from attribution import batches, recall, reembed
from attribution.batches import attribute_downloads, energy_method
from attribution.embed import current_encoder, embed_all, embed_assets, embed_generations, pending_until_now
from attribution.encoders import Recipe, find_recipe
from attribution.explain import explain
from attribution.models import (
    AttributionBatch,
    Embedding,
    EmbeddingFailure,
    Encoder,
    EncoderState,
    GenerationEmbedding,
    InspirationList,
)
from attribution.preview import build_index, drop_index, nearest, nearest_to
from attribution.recipes import NAMED_RECIPES
from attribution.reembed import NotReady, begin, catch_up, drop_encoder
from marketplace.models import Asset, Contributor, Customer, Generation
from tests.builders import (
    CLOSED_AT,
    compare_assets,
    embed_asset,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)
from tests.connections import in_another_connection, wait_until_one_is_blocked

committing = pytest.mark.django_db(transaction=True)


def clock() -> datetime:
    return CLOSED_AT


@pytest.fixture
def cropping(tmp_path: Path) -> Path:
    """The compact encoder, but seeing a square of each picture in place of the whole: so its vectors are others."""
    fields = json.loads((NAMED_RECIPES / "compact.json").read_text())
    files = {name: str((NAMED_RECIPES / fields[name]).resolve()) for name in ("checkpoint", "config", "statistics")}
    path = tmp_path / "cropping.json"
    path.write_text(json.dumps(fields | files | {"name": "cropping", "resize_mode": "shortest"}))
    return path


@pytest.fixture
def recipe(cropping: Path) -> Recipe:
    return find_recipe(str(cropping))


@pytest.fixture
def old(db: None, settings: LazySettings) -> Encoder:
    """The current encoder, registered with its index as in any installation."""
    settings.ENCODER_RECIPE = "compact"
    return current_encoder(CLOSED_AT)


@pytest.fixture
def generation(old: Encoder, ana: Contributor, ben: Contributor) -> Generation:
    """Of a model that was trained on an asset of Ana and one of Ben; all are embedded with the old encoder."""
    for contributor in (ana, ben):
        make_asset(contributor)
    generation = make_generation(make_generator_model(make_training_set()))
    embed_assets(CLOSED_AT)
    compare_assets()
    embed_generations(CLOSED_AT)
    return generation


def finish(encoder: Encoder) -> None:
    """All that `manage.py reembed` does once the encoder is registered."""
    catch_up(encoder, clock)
    reembed.finish(encoder, clock)


@pytest.fixture(autouse=True)
def _no_index_left(db: None) -> Iterator[None]:
    """What tests commit is deleted after them, but an index is no row."""
    yield
    if not connection.in_atomic_block:
        for encoder in Encoder.objects.all():
            drop_index(encoder)


def embedded_by(encoder: Encoder) -> set[int]:
    return set(Embedding.objects.filter(encoder=encoder).values_list("asset", flat=True))


def indexes() -> dict[str, bool]:
    """Names of the HNSW indexes of encoders that are there, and whether each can be used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, i.indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
            "JOIN attribution_encoder AS e ON c.relname = 'embedding_hnsw_' || e.id"
        )
        return dict(cursor.fetchall())


@committing
def test_lists_of_before_stay_and_are_recomputed_while_new_ones_are_of_the_new_encoder(
    generation: Generation, old: Encoder, cropping: Path, carla: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    before = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    stored = InspirationList.objects.values().get()

    call_command("reembed", str(cropping))

    new = current_encoder(CLOSED_AT)
    old.refresh_from_db()
    assert (new.name, old.state) == ("cropping", EncoderState.RETIRED)
    assert embedded_by(new) == embedded_by(old) == set(Asset.objects.values_list("pk", flat=True))
    assert indexes() == {f"embedding_hnsw_{old.pk}": True, f"embedding_hnsw_{new.pk}": True}
    told = capsys.readouterr().out
    assert "Recall of the preview: 1.0000" in told
    assert f"drop_encoder {old.fingerprint[:12]}" in told

    after = make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 1
    assert InspirationList.objects.filter(download=before).values().get() == stored
    assert explain(before).stored.batch.encoder == old
    assert explain(after).stored.batch.encoder == new
    assert explain(before).agrees
    assert explain(after).agrees
    assert explain(before).stored.similarities != explain(after).stored.similarities
    assert nearest(generation, new, 2) != nearest(generation, old, 2)


@committing
def test_what_is_uploaded_while_the_new_encoder_is_built_is_caught_up_before_the_switch(
    generation: Generation, old: Encoder, recipe: Recipe, ana: Contributor, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads: list[Asset] = []

    def build_while_someone_uploads(encoder: Encoder) -> None:
        build_index(encoder)
        uploads.append(make_asset(ana))
        assert embed_assets(CLOSED_AT) == 1  # a worker goes on, with the encoder that is still the current one
        assert embedded_by(old) == {*Asset.objects.values_list("pk", flat=True)}

    monkeypatch.setattr(reembed, "build_index", build_while_someone_uploads)
    new = begin(recipe, CLOSED_AT)
    finish(new)
    assert uploads[0].pk in embedded_by(new)


@committing
def test_people_who_upload_and_workers_who_embed_all_the_time_leave_no_gap(
    generation: Generation, old: Encoder, recipe: Recipe, ana: Contributor
) -> None:
    switched = threading.Event()

    def upload() -> None:
        while not switched.is_set() or Asset.objects.count() < 6:
            make_asset(ana)
        connection.close()

    def embed() -> None:
        while not switched.is_set():
            embed_assets(CLOSED_AT)
        connection.close()

    threads = [threading.Thread(target=work) for work in (upload, embed)]
    for thread in threads:
        thread.start()
    try:
        new = begin(recipe, CLOSED_AT)
        finish(new)
    finally:
        switched.set()
        for thread in threads:
            thread.join()
    at_work = current_encoder(CLOSED_AT)
    assert at_work == new
    while embed_assets(CLOSED_AT):
        pass
    assert embedded_by(new) == set(Asset.objects.values_list("pk", flat=True))
    assert {encoder.pk for encoder in Encoder.objects.all()} == {old.pk, new.pk}


@committing
def test_a_download_of_the_moment_of_the_switch_waits_for_the_vectors_of_the_new_encoder(
    generation: Generation, old: Encoder, recipe: Recipe, ana: Contributor, carla: Customer
) -> None:
    finish(begin(recipe, CLOSED_AT))
    late = make_asset(ana)
    second = make_generation(make_generator_model(make_training_set(version="2"), "second"))
    make_download(carla, second)
    embed_generations(CLOSED_AT)
    assert attribute_downloads(CLOSED_AT) == 0
    embed_assets(CLOSED_AT)
    compare_assets()
    assert late.pk not in embedded_by(old)
    assert attribute_downloads(CLOSED_AT) == 1


@committing
def test_a_stopped_build_goes_on_where_it_was_and_replaces_half_an_index(
    generation: Generation, recipe: Recipe, cropping: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribution.embed.EMBED_AT_ONCE", 1)
    new = begin(recipe, CLOSED_AT)
    assert next(embed_all(new, *pending_until_now(new), clock)) == 1
    first = Embedding.objects.get(encoder=new)
    build_index(new)
    with connection.cursor() as cursor:  # what Ctrl-C leaves of CREATE INDEX CONCURRENTLY
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [f"embedding_hnsw_{new.pk}"]
        )
    call_command("reembed", str(cropping))
    assert current_encoder(CLOSED_AT) == new
    assert Embedding.objects.filter(pk=first.pk).exists()
    assert all(indexes().values())


@committing
def test_an_index_that_misses_too_many_does_not_take_over_and_the_number_is_named(
    generation: Generation, old: Encoder, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_of_two(
        query: NDArray[np.float16], training_set_id: int, encoder: Encoder, count: int
    ) -> list[tuple[int, float]]:
        return nearest_to(query, training_set_id, encoder, count)[:1]

    monkeypatch.setattr(recall, "nearest_to", one_of_two)
    new = begin(recipe, CLOSED_AT)
    with pytest.raises(NotReady, match=r"finds 0\.5000 of the nearest images, and 0\.99 are asked for"):
        finish(new)
    assert current_encoder(CLOSED_AT) == old
    monkeypatch.undo()
    finish(begin(recipe, CLOSED_AT))
    assert current_encoder(CLOSED_AT) == new


@committing
def test_a_file_that_is_not_there_holds_up_the_switch_and_one_that_cannot_be_read_does_not(
    generation: Generation, old: Encoder, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembed, "OTHERS_FINISH_WITHIN_SECONDS", 0)
    away, bad = (Path(asset.preview.path) for asset in Asset.objects.order_by("pk"))
    bad.write_bytes(bad.read_bytes()[:100])
    away.rename(away.with_suffix(".away"))
    new = begin(recipe, CLOSED_AT)
    with pytest.raises(NotReady, match="1 pictures are not embedded by cropping"):
        finish(new)
    assert current_encoder(CLOSED_AT) == old
    away.with_suffix(".away").rename(away)
    finish(new)
    assert current_encoder(CLOSED_AT) == new
    assert EmbeddingFailure.objects.get().encoder == new


@committing
def test_only_one_finishes_at_a_time(generation: Generation, recipe: Recipe) -> None:
    new = begin(recipe, CLOSED_AT)
    refused: list[str] = []

    def finish_too() -> None:
        with pytest.raises(NotReady) as error:
            reembed.finish(new, clock)
        refused.append(str(error.value))
        connection.close()

    with reembed._only_one():
        other = threading.Thread(target=finish_too)
        other.start()
        other.join()
    assert "Another reembed is building the index" in refused[0]
    finish(new)
    with pytest.raises(NotReady, match="Another command was quicker"):
        reembed.finish(new, clock)


@committing
def test_one_can_go_back_to_the_encoder_of_before_and_its_vectors_are_used_again(
    generation: Generation, old: Encoder, recipe: Recipe, ana: Contributor
) -> None:
    kept = set(Embedding.objects.filter(encoder=old).values_list("pk", flat=True))
    new = begin(recipe, CLOSED_AT)
    finish(new)
    late = make_asset(ana)
    finish(begin(find_recipe("compact"), CLOSED_AT))
    assert current_encoder(CLOSED_AT) == old
    assert kept < set(Embedding.objects.filter(encoder=old).values_list("pk", flat=True))
    assert late.pk in embedded_by(old)
    assert not drop_encoder(new)


@committing
def test_vectors_are_dropped_only_where_no_list_was_computed_from_them(
    generation: Generation, old: Encoder, recipe: Recipe, carla: Customer, capsys: pytest.CaptureFixture[str]
) -> None:
    download = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    new = begin(recipe, CLOSED_AT)
    finish(new)
    call_command("drop_encoder", old.fingerprint[:12])
    assert "1 inspiration lists were computed from them" in capsys.readouterr().out
    assert list(indexes()) == [f"embedding_hnsw_{new.pk}"]
    assert explain(download).agrees

    finish(begin(find_recipe("compact"), CLOSED_AT))
    call_command("drop_encoder", new.fingerprint[:12])
    assert "no list was computed from them" in capsys.readouterr().out
    assert not embedded_by(new)
    assert not GenerationEmbedding.objects.filter(encoder=new).exists()
    assert list(indexes()) == [f"embedding_hnsw_{old.pk}"]


@committing
def test_a_batch_that_is_still_being_computed_keeps_the_vectors_that_it_is_computed_from(
    generation: Generation, old: Encoder, recipe: Recipe
) -> None:
    list_counts: list[int] = []
    failures: list[BaseException] = []
    with transaction.atomic():
        batches._hold(old)
        in_another_connection(lambda: finish(begin(recipe, CLOSED_AT)), failures).join()
        dropping = in_another_connection(lambda: list_counts.append(drop_encoder(old)), failures)
        wait_until_one_is_blocked()
        AttributionBatch.objects.create(
            encoder=old,
            method=energy_method(),
            training_set=generation.training_set,
            download_count=1,
            finished_at=CLOSED_AT,
        )
    dropping.join()
    assert (list_counts, failures) == ([1], [])
    assert current_encoder(CLOSED_AT) != old
    assert embedded_by(old)


def test_the_current_encoder_is_never_dropped(old: Encoder, ana: Contributor) -> None:
    embed_asset(make_asset(ana), old, unit_vector(1))
    for unclear in ("", old.fingerprint):
        with pytest.raises(CommandError, match=r"is the current one|have a fingerprint that begins so"):
            call_command("drop_encoder", unclear)
        make_encoder("a retired one", is_current=False)
    assert embedded_by(old)


def test_what_cannot_be_built_is_refused_with_what_to_do(old: Encoder, recipe: Recipe) -> None:
    with pytest.raises(NotReady, match=r"compact \w+ is the current one already"):
        begin(find_recipe("compact"), CLOSED_AT)
    with pytest.raises(NotReady, match="fit it first"):
        begin(find_recipe("vit-b-16"), CLOSED_AT)
    other = make_encoder("another", is_current=False)
    Encoder.objects.filter(pk=other.pk).update(state=EncoderState.BUILDING)
    with pytest.raises(NotReady, match=f"is being built: .* manage.py drop_encoder {other.fingerprint[:12]}"):
        begin(recipe, CLOSED_AT)
    with pytest.raises(CommandError, match='no recipe "vit-b-23"'):
        call_command("reembed", "vit-b-23")


@pytest.mark.django_db
def test_a_new_installation_has_nothing_to_build_beside(recipe: Recipe) -> None:
    with pytest.raises(NotReady, match="ENCODER_RECIPE names the first"):
        begin(recipe, CLOSED_AT)
