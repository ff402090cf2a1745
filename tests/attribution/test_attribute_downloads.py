"""Inspiration lists of downloads, from vectors in a real pgvector: complete, once each, and the same for who checks."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction

from attribution import batches
from attribution.attribute import OVERFETCH, attribute
from attribution.batches import PARAMETERS, attribute_downloads
from attribution.core.shares import EnergyParameters
from attribution.embed import current_encoder
from attribution.encoders import find_recipe
from attribution.explain import explain
from attribution.groups import date_of_links
from attribution.models import AttributionBatch, Encoder, EncoderState, InspirationList
from marketplace.core.ppm import WHOLE_PPM
from marketplace.models import Asset, Contributor, Customer, Download, Generation
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    compare_assets,
    embed_asset,
    embed_generation,
    link_copy,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)

STUCK_AFTER_SECONDS = 10
NO_COPIES = np.empty(0, np.int64)


@pytest.fixture
def encoder(db: None, settings: LazySettings) -> Encoder:
    """The stored encoder of the configured recipe; its vectors are given by the tests, no model is loaded."""
    settings.ENCODER_RECIPE = "compact"
    recipe = find_recipe("compact")
    return Encoder.objects.create(
        name=recipe.name,
        fingerprint=recipe.fingerprint,
        recipe=recipe.as_dict(),
        state=EncoderState.CURRENT,
        registered_at=JOINED_AT,
    )


@pytest.fixture
def assets(ana: Contributor, ben: Contributor, encoder: Encoder) -> list[Asset]:
    """Two assets of Ana and one of Ben, embedded at right angles to one another."""
    made = [make_asset(ana), make_asset(ana), make_asset(ben)]
    for place, asset in enumerate(made):
        embed_asset(asset, encoder, unit_vector(*np.eye(3)[place]))
    return made


@pytest.fixture
def generation(assets: list[Asset], encoder: Encoder) -> Generation:
    """Made of the first and the third asset, the first more than the third, and embedded."""
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0.8, 0.0, 0.6))
    return generation


def total_ppm(listed: InspirationList) -> int:
    return sum(listed.shares_ppm) + listed.unattributed_ppm


def test_a_download_gets_the_list_that_its_vectors_give(
    carla: Customer, generation: Generation, assets: list[Asset], encoder: Encoder
) -> None:
    download = make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 1
    listed = download.inspiration_list
    assert listed.asset_ids == [assets[0].pk, assets[2].pk]
    assert listed.contributor_ids == [assets[0].contributor_id, assets[2].contributor_id]
    # Orthogonal sources that explain all of it: the shares are the squared similarities, 0.64 and 0.36, as far as
    # tiles in whole numbers allow.
    assert listed.similarities == pytest.approx([0.8, 0.6], abs=1e-3)
    assert listed.shares_ppm == pytest.approx([640_000, 360_000], abs=2_000)
    assert listed.unattributed_ppm == 0
    assert total_ppm(listed) == WHOLE_PPM
    assert (listed.batch.encoder, listed.batch.training_set) == (encoder, generation.training_set)
    assert (listed.batch.download_count, listed.batch.finished_at) == (1, CLOSED_AT)


def test_whatever_the_vectors_each_list_sums_to_one_million(
    carla: Customer, assets: list[Asset], encoder: Encoder
) -> None:
    model = make_generator_model(make_training_set())
    rng = np.random.default_rng(7)
    for _ in range(12):
        generation = make_generation(model)
        embed_generation(generation, encoder, unit_vector(*rng.normal(size=int(rng.integers(3, 40)))))
        make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 12
    assert {total_ppm(listed) for listed in InspirationList.objects.all()} == {WHOLE_PPM}
    assert len({tuple(listed.shares_ppm) for listed in InspirationList.objects.all()}) > 1


def test_copies_that_nobody_has_found_yet_leave_no_place_empty(
    generation: Generation, assets: list[Asset], encoder: Encoder, ben: Contributor
) -> None:
    """So many that all that are searched for at first are one embedding."""
    parameters = EnergyParameters(k=2)
    before = attribute([generation.pk], generation.training_set_id, encoder, parameters, NO_COPIES)
    copies = [make_asset(ben) for _ in range(3 * OVERFETCH * parameters.k)]
    for copy in copies:
        embed_asset(copy, encoder, unit_vector(1))
    flooded = make_training_set("flooded")
    assert flooded.members.count() == len(assets) + len(copies)
    assert attribute([generation.pk], flooded.pk, encoder, parameters, NO_COPIES) == before


def test_what_resembles_nothing_is_all_unattributed(carla: Customer, assets: list[Asset], encoder: Encoder) -> None:
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0, 0, 0, 1))
    download = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    assert download.inspiration_list.asset_ids == []
    assert download.inspiration_list.unattributed_ppm == WHOLE_PPM


def test_a_download_waits_until_its_generation_is_embedded(
    carla: Customer, assets: list[Asset], encoder: Encoder
) -> None:
    generation = make_generation(make_generator_model(make_training_set()))
    make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 0
    embed_generation(generation, encoder, unit_vector(1))
    assert attribute_downloads(CLOSED_AT) == 1


def test_a_download_waits_until_the_whole_training_set_is_embedded(
    carla: Customer, ana: Contributor, assets: list[Asset], encoder: Encoder
) -> None:
    """A vector that comes late would earn its contributor nothing, for good."""
    late = make_asset(ana)
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0, 0, 0, 1))
    download = make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 0
    assert not AttributionBatch.objects.exists()
    embed_asset(late, encoder, unit_vector(0, 0, 0, 1))
    assert attribute_downloads(CLOSED_AT) == 1
    assert download.inspiration_list.asset_ids == [late.pk]


def test_a_download_waits_until_the_whole_training_set_is_compared(
    carla: Customer, ana: Contributor, assets: list[Asset], encoder: Encoder
) -> None:
    """A copy that is found late would have earned before, for good."""
    late = make_asset(ana)
    embed_asset(late, encoder, unit_vector(0, 0, 0, 1), is_checked=False)
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0, 0, 0, 1))
    make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 0
    compare_assets()
    assert attribute_downloads(CLOSED_AT) == 1


def test_a_copy_does_not_share_and_takes_no_place_whatever_it_resembles(
    carla: Customer, generation: Generation, assets: list[Asset]
) -> None:
    first, _, other = assets
    download = make_download(carla, generation)
    link_copy(other, first, CLOSED_AT)
    attribute_downloads(CLOSED_AT)
    assert download.inspiration_list.asset_ids == [first.pk]
    assert explain(download).agrees


def test_a_copy_found_later_changes_no_list_of_the_past(
    carla: Customer, generation: Generation, assets: list[Asset]
) -> None:
    before = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    link_copy(assets[2], assets[0], date_of_links(CLOSED_AT))
    after = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    assert before.inspiration_list.asset_ids == [assets[0].pk, assets[2].pk]
    assert after.inspiration_list.asset_ids == [assets[0].pk]
    assert explain(before).agrees
    assert explain(after).agrees


def test_an_image_that_is_in_no_training_set_holds_up_nobody(
    carla: Customer, ana: Contributor, generation: Generation
) -> None:
    make_asset(ana)  # uploaded after the set was frozen, and not embedded yet
    make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 1


def test_vectors_of_another_encoder_do_not_count_as_embedded(
    carla: Customer, assets: list[Asset], encoder: Encoder
) -> None:
    older = make_encoder("an older one", is_current=False)
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, older, unit_vector(1))
    make_download(carla, generation)
    assert attribute_downloads(CLOSED_AT) == 0


def test_only_members_of_that_models_training_set_are_on_the_list(
    carla: Customer, ana: Contributor, ben: Contributor, encoder: Encoder
) -> None:
    """The nearest image of all was not used to train the first model, so it has no share in what that one made."""
    far = make_asset(ana)
    first_model = make_generator_model(make_training_set(version="1"))
    near = make_asset(ben)
    second_model = make_generator_model(make_training_set(version="2"), name="second")
    embed_asset(far, encoder, unit_vector(0.6, 0.8))
    embed_asset(near, encoder, unit_vector(1))
    downloads = []
    for model in (first_model, second_model):
        generation = make_generation(model)
        embed_generation(generation, encoder, unit_vector(1))
        downloads.append(make_download(carla, generation))

    assert attribute_downloads(CLOSED_AT) == 2
    first, second = (InspirationList.objects.get(download=download) for download in downloads)
    assert first.asset_ids == [far.pk]
    assert second.asset_ids[0] == near.pk
    assert AttributionBatch.objects.count() == 2


def test_running_again_writes_nothing_more(carla: Customer, generation: Generation) -> None:
    for _ in range(3):
        make_download(carla, generation)
    assert [attribute_downloads(CLOSED_AT) for _ in range(3)] == [3, 0, 0]
    assert InspirationList.objects.count() == 3
    assert AttributionBatch.objects.count() == 1


def test_more_than_one_batch_of_downloads_is_attributed_in_turn(
    carla: Customer, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "DOWNLOADS_AT_ONCE", 2)
    for _ in range(5):
        make_download(carla, generation)
    assert [attribute_downloads(CLOSED_AT) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_attribute_one_download_twice(
    carla: Customer, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "DOWNLOADS_AT_ONCE", 2)
    batches.energy_method()  # the very first batch writes this row, and others wait for it
    for _ in range(4):
        make_download(carla, generation)
    attributed: list[int] = []

    def work() -> None:
        attributed.append(attribute_downloads(CLOSED_AT))
        connection.close()

    with transaction.atomic():
        attributed.append(attribute_downloads(CLOSED_AT))
        other = threading.Thread(target=work)  # while this one has not committed: it takes the others
        other.start()
        other.join(STUCK_AFTER_SECONDS)
    other.join()
    assert attributed == [2, 2]
    assert InspirationList.objects.count() == Download.objects.count() == 4


def test_a_batch_that_is_rolled_back_leaves_nothing_and_frees_its_downloads(
    carla: Customer, generation: Generation
) -> None:
    make_download(carla, generation)
    with transaction.atomic():
        assert attribute_downloads(CLOSED_AT) == 1
        transaction.set_rollback(True)
    assert not InspirationList.objects.exists()
    assert not AttributionBatch.objects.exists()
    assert attribute_downloads(CLOSED_AT) == 1


def test_whoever_recomputes_a_list_gets_the_same_shares(
    carla: Customer, generation: Generation, encoder: Encoder
) -> None:
    download = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    stored = download.inspiration_list
    recomputed = attribute([generation.pk], generation.training_set_id, encoder, PARAMETERS, NO_COPIES)[generation.pk]
    assert list(recomputed.asset_ids) == stored.asset_ids
    assert list(recomputed.share_ppm) == stored.shares_ppm
    assert list(recomputed.similarities) == stored.similarities
    assert recomputed.unattributed_ppm == stored.unattributed_ppm
    changed = replace(PARAMETERS, r0=1.0, lo=0.7)
    assert (
        attribute([generation.pk], generation.training_set_id, encoder, changed, NO_COPIES)[generation.pk] != recomputed
    )


def test_the_batch_names_the_method_and_parameters_that_it_used(carla: Customer, generation: Generation) -> None:
    download = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    method = download.inspiration_list.batch.method
    assert (method.name, method.version) == ("energy-share", 2)
    assert method.parameters == {"k": 60, "lo": 0.35, "r0": 0.45, "support": 0.1, "whole": 0.75}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"shares_ppm": [640_000, 359_999]}, "do not sum to 1,000,000 ppm"),
        ({"unattributed_ppm": 1}, "do not sum to 1,000,000 ppm"),
        ({"shares_ppm": [1_000_001, -1]}, "do not sum to 1,000,000 ppm"),
        ({"shares_ppm": [1_000_001, 0], "unattributed_ppm": -1}, "do not sum to 1,000,000 ppm"),
        ({"asset_ids": [1]}, "differ in length"),
        ({"contributor_ids": [1, 2, 3]}, "differ in length"),
        ({"similarities": []}, "differ in length"),
    ],
)
def test_the_database_refuses_a_list_that_does_not_add_up(
    carla: Customer, generation: Generation, encoder: Encoder, changes: dict[str, object], complaint: str
) -> None:
    batch = AttributionBatch.objects.create(
        encoder=encoder,
        method=batches.energy_method(),
        training_set=generation.training_set,
        download_count=1,
        finished_at=CLOSED_AT,
    )
    whole = {
        "asset_ids": [1, 2],
        "contributor_ids": [1, 2],
        "similarities": [0.8, 0.6],
        "shares_ppm": [640_000, 360_000],
        "unattributed_ppm": 0,
    }
    download = make_download(carla, generation)
    with pytest.raises(DatabaseError, match=complaint), transaction.atomic():
        InspirationList.objects.create(
            download=download, downloaded_at=download.downloaded_at, batch=batch, **whole | changes
        )
    InspirationList.objects.create(download=download, downloaded_at=download.downloaded_at, batch=batch, **whole)


@pytest.mark.django_db
def test_the_setting_alone_never_changes_the_encoder(settings: LazySettings) -> None:
    stored = make_encoder("an older one")
    settings.ENCODER_RECIPE = "compact"
    assert current_encoder(CLOSED_AT) == stored
    assert Encoder.objects.count() == 1


@pytest.mark.django_db
def test_the_encoder_is_registered_with_its_index_at_first_use(settings: LazySettings) -> None:
    settings.ENCODER_RECIPE = "compact"
    registered = current_encoder(CLOSED_AT)
    assert registered.fingerprint == find_recipe("compact").fingerprint
    assert current_encoder(CLOSED_AT) == registered
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [f"embedding_hnsw_{registered.pk}"])
        assert "hnsw" in cursor.fetchone()[0]
