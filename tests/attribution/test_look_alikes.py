"""An upload that shows what an earlier generation shows waits for a reviewer, though its hash alone would not tell."""

from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from pytest_django import Settings

from attribution import look_alikes
from attribution.embed import current_encoder
from attribution.look_alikes import find_look_alikes
from attribution.models import Encoder, LookAlikeCheck
from attribution.same_picture import stored_picture
from marketplace.core.release import Outcome
from marketplace.core.verdicts import Verdict
from marketplace.generators.base import GeneratedImage
from marketplace.models import Asset, Contributor, Generation
from marketplace.output_checks import record_output_check
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.services import record_generation
from tests.builders import (
    CLOSED_AT,
    FROZEN_AT,
    SOLD_AT,
    embed_asset,
    embed_generation,
    jpeg_bytes,
    make_generator_model,
    make_prompt_check,
    make_training_set,
    submit,
    unit_vector,
)

EDGE = 384


@pytest.fixture
def encoder(db: None, settings: Settings) -> Encoder:
    """The current encoder; the tests give its vectors, so that no model is loaded."""
    settings.ENCODER_RECIPE = "compact"
    return current_encoder(CLOSED_AT)


@pytest.fixture
def generation(ana: Contributor, encoder: Encoder) -> Generation:
    """A generation of a model that was trained on a picture of Ana's."""
    _ingest(ana, encoder, _draw(3), FROZEN_AT - timedelta(days=1))
    made = GeneratedImage(image=_draw(0), prompt="a hill", seed=1, parameters={})
    model = make_generator_model(make_training_set())
    generation = record_generation(model, made, jpeg_bytes(_draw(0)), ".jpg", FROZEN_AT, make_prompt_check(made.prompt))
    record_output_check(generation, Outcome.CLEAR, "Nothing found.", FROZEN_AT)
    embed_generation(generation, encoder, unit_vector(1))
    assert find_look_alikes(CLOSED_AT) == 1
    return generation


def _draw(style: int) -> Image.Image:
    return draw_work(STYLES[style], 3, EDGE).image


def _ingest(contributor: Contributor, encoder: Encoder, image: Image.Image, at: object = SOLD_AT) -> Asset:
    asset = Asset.objects.get(submission=submit(contributor, jpeg_bytes(image), at=at))  # type: ignore[arg-type]
    embed_asset(asset, encoder, unit_vector(1))
    return asset


def _cropped() -> Image.Image:
    return _draw(0).crop((20, 24, EDGE - 28, EDGE - 20))


def test_a_crop_of_a_generation_is_held_with_the_proof_and_keeps_no_place_in_new_training_sets(
    ben: Contributor, encoder: Encoder, generation: Generation
) -> None:
    asset = _ingest(ben, encoder, _cropped())
    assert find_look_alikes(CLOSED_AT) == 1
    asset.submission.refresh_from_db()
    result = asset.submission.screening_results.latest("pk")
    assert (asset.submission.verdict, result.reasons) == (Verdict.HOLD, ["resembles_own_generation"])
    assert "local features agree" in result.signals[-1]["evidence"]["value"]
    assert result.signals[-1]["evidence"]["generation"] == str(generation.pk)
    assert not make_training_set("catalogue", "2").members.filter(asset=asset).exists()
    assert generation.output_checks.count() == 1, "Ben was never trained on: nothing speaks for a copy of his"


def test_where_the_look_alikes_contributor_was_trained_on_reviewers_see_the_generation(
    ana: Contributor, encoder: Encoder, generation: Generation
) -> None:
    _ingest(ana, encoder, _cropped())
    find_look_alikes(CLOSED_AT)
    assert generation.output_checks.latest("pk").outcome == Outcome.REVIEW


def test_what_was_uploaded_before_the_generation_was_made_is_no_copy_of_it(
    ben: Contributor, encoder: Encoder, generation: Generation
) -> None:
    asset = _ingest(ben, encoder, _cropped(), FROZEN_AT - timedelta(days=2))
    assert find_look_alikes(CLOSED_AT) == 1
    asset.submission.refresh_from_db()
    assert asset.submission.verdict == Verdict.ACCEPT


def test_a_picture_that_cannot_be_read_keeps_no_other_waiting(
    ben: Contributor, encoder: Encoder, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_alikes, "CHECK_AT_ONCE", 1)
    damaged, asset = _ingest(ben, encoder, _draw(1)), _ingest(ben, encoder, _cropped())
    Path(damaged.preview.path).write_bytes(b"no picture")
    stored_picture.cache_clear()  # another test may have read the same picture
    assert find_look_alikes(CLOSED_AT) == 1
    assert not LookAlikeCheck.objects.filter(asset=damaged).exists()
    asset.submission.refresh_from_db()
    assert asset.submission.verdict == Verdict.HOLD


def test_another_picture_with_an_equal_embedding_is_left_alone(
    ben: Contributor, encoder: Encoder, generation: Generation
) -> None:
    asset = _ingest(ben, encoder, _draw(2))
    assert find_look_alikes(CLOSED_AT) == 1
    asset.submission.refresh_from_db()
    assert asset.submission.verdict == Verdict.ACCEPT
    assert LookAlikeCheck.objects.get(asset=asset).compared_count == 1
    assert find_look_alikes(CLOSED_AT) == 0
