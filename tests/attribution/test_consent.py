"""What a contributor's withdrawal of training consent changes, from which moment on, and what it leaves as it was."""

from datetime import datetime, timedelta

import pytest

from attribution.batches import attribute_downloads
from attribution.explain import explain
from attribution.models import Encoder, InspirationList
from marketplace.models import Asset, Contributor, Customer, Generation, TrainingConsent
from marketplace.services import NoTrainingSet, freeze_training_set
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    JOINED_AT,
    SOLD_AT,
    embed_asset,
    embed_generation,
    make_asset,
    make_download,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)

INSTANT = timedelta(microseconds=1)


def consent(asset: Asset, granted: bool, effective_at: datetime, recorded_at: datetime = JOINED_AT) -> None:
    TrainingConsent.objects.create(asset=asset, granted=granted, effective_at=effective_at, recorded_at=recorded_at)


def members_at(at: datetime) -> list[int]:
    """Of a training set that is frozen then."""
    try:
        frozen = freeze_training_set("catalogue", at.isoformat(), at)
    except NoTrainingSet:
        return []
    return list(frozen.members.values_list("asset", flat=True))


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana)


def test_a_withdrawal_keeps_an_image_out_of_sets_from_the_moment_it_takes_effect(asset: Asset) -> None:
    consent(asset, False, effective_at=FROZEN_AT)
    assert members_at(FROZEN_AT - INSTANT) == [asset.pk]
    assert members_at(FROZEN_AT) == []
    assert members_at(FROZEN_AT + INSTANT) == []


def test_a_withdrawal_announced_for_later_leaves_consent_as_it_is_until_then(asset: Asset) -> None:
    consent(asset, False, effective_at=SOLD_AT, recorded_at=JOINED_AT)
    assert members_at(SOLD_AT - INSTANT) == [asset.pk]
    assert members_at(SOLD_AT) == []


def test_consent_that_is_given_again_counts_again(asset: Asset) -> None:
    consent(asset, False, effective_at=FROZEN_AT)
    consent(asset, True, effective_at=SOLD_AT)
    assert members_at(SOLD_AT - INSTANT) == []
    assert members_at(SOLD_AT) == [asset.pk]


def test_of_two_answers_for_one_moment_the_later_one_counts(asset: Asset) -> None:
    consent(asset, False, effective_at=JOINED_AT)
    assert members_at(JOINED_AT) == []
    consent(asset, True, effective_at=JOINED_AT)
    assert members_at(JOINED_AT + INSTANT) == [asset.pk]


def test_a_frozen_set_keeps_its_images_though_a_withdrawal_is_dated_back(asset: Asset) -> None:
    training_set = make_training_set()
    consent(asset, False, effective_at=JOINED_AT, recorded_at=SOLD_AT)
    assert training_set.members.get().asset == asset


@pytest.fixture
def encoder(db: None) -> Encoder:
    return make_encoder()


@pytest.fixture
def generation(asset: Asset, ben: Contributor, encoder: Encoder) -> Generation:
    """Of a model that was trained on images of Ana and Ben, and resembling both."""
    embed_asset(asset, encoder, unit_vector(1))
    embed_asset(make_asset(ben), encoder, unit_vector(0, 1))
    generation = make_generation(make_generator_model(make_training_set()))
    embed_generation(generation, encoder, unit_vector(0.8, 0.6))
    return generation


def test_a_withdrawn_image_goes_on_earning_from_models_that_were_trained_on_it(
    generation: Generation, asset: Asset, carla: Customer
) -> None:
    """The model goes on using it, so its contributor goes on being paid: before, at and after the withdrawal alike."""
    withdrawn_at = SOLD_AT
    downloads = [
        make_download(carla, generation, at=withdrawn_at + after) for after in (-INSTANT, 0 * INSTANT, INSTANT)
    ]
    attribute_downloads(withdrawn_at - INSTANT)
    consent(asset, False, effective_at=withdrawn_at, recorded_at=withdrawn_at)
    downloads.append(make_download(carla, generation, at=withdrawn_at + timedelta(days=30)))
    attribute_downloads(CLOSED_AT)
    lists = [InspirationList.objects.get(download=download) for download in downloads]
    assert len({(*listed.asset_ids, *listed.shares_ppm) for listed in lists}) == 1
    assert lists[-1].asset_ids[0] == asset.pk
    assert all(explain(download).agrees for download in downloads)


def test_a_withdrawn_image_earns_nothing_from_models_that_are_trained_later(
    generation: Generation, asset: Asset, encoder: Encoder, carla: Customer
) -> None:
    consent(asset, False, effective_at=SOLD_AT)
    later = make_generation(make_generator_model(freeze_training_set("catalogue", "2", SOLD_AT), "second"))
    embed_generation(later, encoder, unit_vector(0.8, 0.6))
    download = make_download(carla, later, at=SOLD_AT + timedelta(days=1))
    attribute_downloads(CLOSED_AT)
    assert asset.pk not in download.inspiration_list.asset_ids
    assert len(download.inspiration_list.asset_ids) == 1
