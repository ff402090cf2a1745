"""Our own generations do not come back as somebody's photographs; a photograph that was copied is no copy."""

from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from marketplace.core.release import Outcome
from marketplace.core.verdicts import Verdict
from marketplace.generators.base import GeneratedImage
from marketplace.models import Contributor, Generation, GenerationHash, OutputCheck, Submission
from marketplace.output_checks import record_output_check
from marketplace.own_generations import find_own, hash_generations
from marketplace.sample_catalogue import STYLES, draw_work
from marketplace.screening import screen
from marketplace.services import Details, record_generation, submit_asset
from tests.builders import (
    FROZEN_AT,
    JOINED_AT,
    SOLD_AT,
    jpeg_bytes,
    make_asset,
    make_generator_model,
    make_picture,
    make_prompt_check,
    make_training_set,
    submit,
)

pytestmark = pytest.mark.django_db
LATER = SOLD_AT + timedelta(days=30)


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    """A generation of a model that was trained on Ana's work."""
    make_asset(ana)
    picture = draw_work(STYLES[0], 1, 400).image
    made = GeneratedImage(image=picture, prompt="a hill", seed=1, parameters={})
    model = make_generator_model(make_training_set())
    generation = record_generation(model, made, jpeg_bytes(picture), ".jpg", FROZEN_AT, make_prompt_check(made.prompt))
    record_output_check(generation, Outcome.CLEAR, "It resembles no image of the training set.", FROZEN_AT)
    return generation


def picture_of(generation: Generation) -> Image.Image:
    with generation.preview.open() as preview:
        return Image.open(BytesIO(preview.read())).convert("RGB")


def submit_later(contributor: Contributor, data: bytes, **details: object) -> Submission:
    known = {"file_name": "a.jpg", "title": "A", "keywords": (), "licence": "CC0"}
    return submit_asset(contributor, data, Details(**{**known, **details}), LATER)[0]  # type: ignore[arg-type]


def test_a_generations_own_file_is_rejected_with_the_generation_named(ben: Contributor, generation: Generation) -> None:
    with generation.file.open() as file:
        submission = submit_later(ben, file.read())
    result = submission.screening_results.get()
    assert submission.verdict == Verdict.REJECT
    assert "own_generation" in result.reasons
    evidence = next(signal["evidence"] for signal in result.signals if signal["name"] == "own_generation")
    assert evidence["generation"] == str(generation.pk)
    assert f"generation {generation.pk}," in evidence["value"]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quality", [60, 95])
def test_a_picture_like_a_generation_or_its_mirror_image_waits_for_a_reviewer(
    ben: Contributor, generation: Generation, mirrored: bool, quality: int
) -> None:
    image = picture_of(generation)
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    out = BytesIO()
    image.resize((image.width * 2, image.height * 2)).save(out, "JPEG", quality=quality)
    submission = submit_later(ben, out.getvalue())
    assert submission.verdict == Verdict.HOLD
    assert submission.screening_results.get().reasons == ["resembles_own_generation"]
    assert not hasattr(submission, "asset")


def test_other_pictures_are_accepted(ben: Contributor, generation: Generation) -> None:
    assert submit_later(ben, jpeg_bytes(make_picture(77))).verdict == Verdict.ACCEPT
    assert not OutputCheck.objects.filter(evidence__contains="Submission").exists()


def test_a_look_alike_taken_before_the_generation_was_made_opens_a_copy_incident_once(
    ben: Contributor, generation: Generation
) -> None:
    checks = generation.output_checks.count()
    image = picture_of(generation)
    for size in ((300, 200), (330, 220)):
        submission = submit_later(ben, jpeg_bytes(image.resize(size)), captured_at=JOINED_AT)
        assert submission.verdict == Verdict.HOLD
    opened = generation.output_checks.order_by("pk")[checks:]
    assert [check.outcome for check in opened] == [Outcome.REVIEW]
    assert "taken on 2026-09-01" in opened[0].evidence


def test_a_look_alike_of_a_contributor_who_was_trained_on_opens_a_copy_incident(generation: Generation) -> None:
    member = generation.training_set.members.select_related("asset__contributor")[0].asset.contributor
    submit_later(member, jpeg_bytes(picture_of(generation)))
    assert "in the training set" in generation.output_checks.latest("pk").evidence


def test_a_look_alike_without_any_earlier_claim_opens_none(ben: Contributor, generation: Generation) -> None:
    checks = generation.output_checks.count()
    submit_later(ben, jpeg_bytes(picture_of(generation)))
    assert generation.output_checks.count() == checks


def test_generations_made_before_hashes_were_stored_are_hashed_once(ben: Contributor, generation: Generation) -> None:
    stored = GenerationHash.objects.get(generation=generation).hash
    report = screen(jpeg_bytes(picture_of(generation)))
    assert [match.generation for match in find_own("0" * 64, report.picture)] == [generation]
    assert bin((stored ^ report.picture.perceptual_hash) & (2**64 - 1)).count("1") <= 6  # type: ignore[union-attr]
    assert hash_generations(LATER) == 0


def test_a_file_that_is_unreadable_stays_so_and_resembles_nothing(ben: Contributor, generation: Generation) -> None:
    assert submit(ben, b"no picture").verdict == Verdict.UNREADABLE
