"""The preview is measured every day against the search that misses none, and whoever runs the site is told."""

import logging
from datetime import timedelta

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from numpy.typing import NDArray

from attribution import recall
from attribution.checks import check_preview
from attribution.models import Encoder, PreviewRecall
from attribution.preview import nearest_to
from attribution.recall import Recall, measure_preview_recall, measure_recall
from marketplace.models import Contributor
from tests.builders import (
    CLOSED_AT,
    embed_asset,
    embed_generation,
    make_asset,
    make_encoder,
    make_generation,
    make_generator_model,
    make_training_set,
    unit_vector,
)


@pytest.fixture
def encoder(ana: Contributor) -> Encoder:
    """With two generations of two models, of which the first was trained on two images and the second on four."""
    encoder = make_encoder()
    for version in ("1", "2"):
        for place in range(2):
            embed_asset(make_asset(ana), encoder, unit_vector(*np.eye(4)[place + 2 * (version == "2")]))
        generation = make_generation(make_generator_model(make_training_set(version=version), version))
        embed_generation(generation, encoder, unit_vector(4, 3, 2, 1))
    return encoder


@pytest.fixture
def _misses_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_but_one(query: NDArray[np.float16], members: int, by: Encoder, count: int) -> list[tuple[int, float]]:
        return nearest_to(query, members, by, count)[:-1]

    monkeypatch.setattr(recall, "nearest_to", all_but_one)


def test_a_preview_that_finds_all_is_measured_and_recorded_once_a_day(encoder: Encoder) -> None:
    first = measure_preview_recall(CLOSED_AT)
    assert first is not None
    assert (first.encoder, first.measured_on) == (encoder, CLOSED_AT.date())
    assert (first.generation_count, first.recall_ppm) == (2, 1_000_000)
    assert measure_preview_recall(CLOSED_AT + timedelta(hours=3)) is None
    assert measure_preview_recall(CLOSED_AT + timedelta(days=1)) is not None
    assert PreviewRecall.objects.count() == 2
    assert check_preview(None) == []


@pytest.mark.usefixtures("_misses_the_last")
def test_w108_a_preview_that_misses_images_is_a_warning_until_it_finds_them_again(
    encoder: Encoder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with caplog.at_level(logging.WARNING):
        measured = measure_preview_recall(CLOSED_AT)
    assert measured is not None
    assert measured.recall_ppm == 666_666  # one of two and three of four
    assert "finds 0.6667 of the nearest images" in caplog.text
    (warning,) = check_preview(None)
    assert warning.id == "tributary.W108"
    assert "0.6667 on 2026-11-02" in warning.msg
    assert f"embedding_hnsw_{encoder.pk}" in str(warning.hint)
    monkeypatch.undo()
    measure_preview_recall(CLOSED_AT + timedelta(days=1))
    assert check_preview(None) == []


def test_only_the_current_encoder_is_measured(encoder: Encoder) -> None:
    other = make_encoder("another", is_current=False)
    PreviewRecall.objects.create(encoder=other, measured_on=CLOSED_AT.date(), generation_count=1, recall_ppm=0)
    assert check_preview(None) == []
    measured = measure_preview_recall(CLOSED_AT)
    assert measured is not None
    assert measured.encoder == encoder


@pytest.mark.django_db
def test_where_there_is_nothing_to_measure_nothing_is_recorded() -> None:
    assert measure_preview_recall(CLOSED_AT) is None
    assert measure_recall(make_encoder()) is None
    assert measure_preview_recall(CLOSED_AT) is None
    assert not PreviewRecall.objects.exists()


@pytest.mark.parametrize(("ppm", "is_enough"), [(989_999, False), (990_000, True)])
def test_99_of_100_are_enough(ppm: int, is_enough: bool) -> None:
    assert Recall(50, ppm).is_enough is is_enough


def test_what_was_measured_cannot_be_changed(encoder: Encoder) -> None:
    measure_preview_recall(CLOSED_AT)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        PreviewRecall.objects.update(recall_ppm=1)
