"""Copy checks from real pictures and stored vectors: what is found, what waits, and that each is checked once."""

import logging
import threading
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.test import Client
from PIL import ImageOps

from attribution import copies, proof
from attribution.copies import check_copies
from attribution.core.copies import CopyThresholds, Tier
from attribution.models import CopyCheck, EmbeddingFailure, Encoder
from attribution.same_picture import stored_picture
from marketplace.core.release import Decision, SaleState
from marketplace.models import Asset, Contributor, Customer, Generation, GeneratorModel
from marketplace.output_checks import decide_output, sale_states
from tests.attribution.copying import (
    drawn,
    holding,
    make_configured_encoder,
    make_drawn_assets,
    make_generation_of,
)
from tests.builders import (
    CLOSED_AT,
    embed_asset,
    embed_generation,
    jpeg_bytes,
    make_asset,
    make_generator_model,
    make_training_set,
    make_user,
    submit,
    unit_vector,
)

STUCK_AFTER_SECONDS = 20


@pytest.fixture
def encoder(db: None, settings: LazySettings) -> Encoder:
    settings.ENCODER_RECIPE = "compact"
    return make_configured_encoder()


@pytest.fixture
def assets(ana: Contributor, ben: Contributor, encoder: Encoder) -> list[Asset]:
    return make_drawn_assets([ana, ben], encoder)


@pytest.fixture
def model(assets: list[Asset]) -> GeneratorModel:
    return make_generator_model(make_training_set())


def test_a_piece_of_a_training_image_is_proved_shown_and_blocked(
    assets: list[Asset], model: GeneratorModel, encoder: Encoder
) -> None:
    generation = make_generation_of(holding(ImageOps.mirror(drawn(0))), model, encoder)
    assert check_copies(CLOSED_AT) == 1
    check = CopyCheck.objects.get()
    assert (check.generation, check.tier, check.compared_count) == (generation, Tier.NEAR_COPY, 2)
    assert (check.encoder, check.checked_at, check.output_check.generation) == (encoder, CLOSED_AT, generation)
    match = check.matches.get()
    assert (match.asset, match.is_mirrored) == (assets[0], True)
    assert match.similarity == pytest.approx(0.6, abs=1e-3)
    assert 150_000 < match.generation_area_ppm <= 500_000
    assert all(y > 0.45 for _, y in match.generation_region), "the lower half"
    assert all(y < 0.55 for _, y in match.asset_region), "shows the upper half of the work"
    assert f"Image {assets[0].pk}: {match.inliers} points agree" in check.output_check.evidence
    assert sale_states([generation])[generation.pk] is SaleState.HELD


def test_what_shares_no_region_with_any_image_is_for_sale(model: GeneratorModel, encoder: Encoder) -> None:
    generation = make_generation_of(drawn(5), model, encoder)
    assert check_copies(CLOSED_AT) == 1
    assert CopyCheck.objects.get().tier == Tier.NONE
    assert sale_states([generation])[generation.pk] is SaleState.FOR_SALE


def test_a_customer_reads_before_paying_what_the_check_found_and_what_a_reviewer_saw(
    client: Client, carla: Customer, model: GeneratorModel, encoder: Encoder
) -> None:
    assert carla.user is not None
    client.force_login(carla.user)

    def page(generation: Generation) -> str:
        return client.get(f"/generations/{generation.pk}/").content.decode()

    original = make_generation_of(drawn(5), model, encoder)
    assert "It has not been compared with the training set yet." in page(original)
    copied = make_generation_of(holding(drawn(0)), model, encoder)
    check_copies(CLOSED_AT)
    assert "No region of it was found in a training image." in page(original)
    assert "with the 2 nearest of the 2 images" in page(original)
    assert "A region of it is nearly the same as one of a training image." in page(copied)
    reviewer = make_user("rita", "reviewer")
    decide_output(copied.output_checks.get(), Decision.CLEARED, "A common motif.", reviewer, CLOSED_AT)
    assert "cleared. A common motif." in page(copied)


def test_an_image_outside_the_training_set_of_its_model_is_no_source_of_a_copy(
    ana: Contributor, model: GeneratorModel, encoder: Encoder
) -> None:
    later = Asset.objects.get(submission=submit(ana, jpeg_bytes(drawn(5))))
    embed_asset(later, encoder, unit_vector(0.6, 0.8))
    make_generation_of(drawn(5), model, encoder)
    check_copies(CLOSED_AT)
    assert CopyCheck.objects.get().tier == Tier.NONE


def test_a_generation_waits_until_it_and_the_whole_training_set_are_embedded(
    ana: Contributor, model: GeneratorModel, encoder: Encoder
) -> None:
    waits = make_generation_of(drawn(0), model, None)
    missing = make_asset(ana)
    make_generation_of(drawn(1), make_generator_model(make_training_set(version="2"), "second"), encoder)
    assert check_copies(CLOSED_AT) == 0
    embed_generation(waits, encoder, unit_vector(1))
    assert check_copies(CLOSED_AT) == 1
    embed_asset(missing, encoder, unit_vector(1))
    assert check_copies(CLOSED_AT) == 1


def test_each_generation_is_checked_once_and_again_when_the_thresholds_change(
    model: GeneratorModel, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_generation_of(drawn(0), model, encoder)
    assert [check_copies(CLOSED_AT) for _ in range(2)] == [1, 0]
    monkeypatch.setattr(proof, "THRESHOLDS", CopyThresholds(near_inliers=1_000))
    assert [check_copies(CLOSED_AT) for _ in range(2)] == [1, 0]
    assert list(CopyCheck.objects.order_by("pk").values_list("tier", flat=True)) == [
        Tier.NEAR_COPY,
        Tier.POSSIBLE_COPY,
    ]


def test_a_picture_that_cannot_be_read_is_held_for_nobody_knows_what_it_copies(
    model: GeneratorModel, encoder: Encoder
) -> None:
    generation = make_generation_of(drawn(5), model, None)
    EmbeddingFailure.objects.create(encoder=encoder, generation=generation, reason="broken", failed_at=CLOSED_AT)
    assert check_copies(CLOSED_AT) == 1
    assert CopyCheck.objects.get().tier == Tier.UNREADABLE
    assert sale_states([generation])[generation.pk] is SaleState.HELD


def test_files_that_are_away_do_not_hold_up_what_comes_after_them(
    model: GeneratorModel, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "CHECK_AT_ONCE", 1)
    away, there = (make_generation_of(drawn(number), model, encoder) for number in (5, 6))
    Path(away.preview.path).unlink()
    stored_picture.cache_clear()
    assert [check_copies(CLOSED_AT) for _ in range(2)] == [1, 0]
    assert CopyCheck.objects.get().generation == there


def test_a_file_that_is_away_leaves_the_generation_unchecked_and_is_tried_again(
    assets: list[Asset], model: GeneratorModel, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    make_generation_of(drawn(5), model, encoder)
    path = Path(assets[0].preview.path)
    path.rename(path.with_suffix(".away"))
    stored_picture.cache_clear()
    with caplog.at_level(logging.ERROR):
        assert check_copies(CLOSED_AT) == 0
    assert "to be tried again" in caplog.text
    assert not CopyCheck.objects.exists()
    path.with_suffix(".away").rename(path)
    assert check_copies(CLOSED_AT) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_check_one_generation_twice(
    model: GeneratorModel, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "CHECK_AT_ONCE", 1)
    copies.copy_method()  # the very first check writes this row, and others wait for it
    for number in (0, 5):
        make_generation_of(drawn(number), model, encoder)
    checked: list[int] = []

    def work() -> None:
        checked.append(check_copies(CLOSED_AT))
        connection.close()

    with transaction.atomic():
        checked.append(check_copies(CLOSED_AT))
        other = threading.Thread(target=work)
        other.start()
        other.join(STUCK_AFTER_SECONDS)
    other.join()
    assert checked == [1, 1]
    assert CopyCheck.objects.count() == 2


@pytest.mark.parametrize("kept_bytes", [0, 100, -200])
def test_a_damaged_file_of_one_generation_does_not_hold_up_the_others(
    model: GeneratorModel, encoder: Encoder, kept_bytes: int, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, there = (make_generation_of(drawn(number), model, encoder) for number in (5, 6))
    path = Path(damaged.preview.path)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    stored_picture.cache_clear()
    assert check_copies(CLOSED_AT) == 1
    assert CopyCheck.objects.get().generation == there
    assert f"{damaged.preview} is damaged, restore it from a backup" in caplog.text


def test_a_damaged_image_of_the_training_set_is_named_in_the_log_and_no_error_of_the_task(
    model: GeneratorModel, encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    make_generation_of(drawn(5), model, encoder)
    image = Asset.objects.first()
    assert image is not None
    Path(image.preview.path).write_bytes(b"")
    stored_picture.cache_clear()
    assert check_copies(CLOSED_AT) == 0
    assert f"{image.preview} is damaged" in caplog.text
