"""`manage.py attribute`: what any image resembles in a training set, as a batch would say it, with nothing recorded."""

import json
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from attribution.batches import attribute_downloads
from attribution.embed import embed_assets, embed_generations
from marketplace.core.release import Outcome
from marketplace.generators.base import GeneratedImage
from marketplace.models import Contributor, Customer, TrainingSet
from marketplace.output_checks import record_output_check
from marketplace.services import record_generation
from tests.builders import (
    CLOSED_AT,
    compare_assets,
    jpeg_bytes,
    make_asset,
    make_download,
    make_encoder,
    make_generator_model,
    make_picture,
    make_prompt_check,
    make_training_set,
)


@pytest.fixture
def training_set(ana: Contributor, ben: Contributor, settings: LazySettings) -> TrainingSet:
    """Three embedded pictures."""
    settings.ENCODER_RECIPE = "compact"
    make_asset(ana, seed=1, title="Harbour")
    make_asset(ana, seed=2)
    make_asset(ben, seed=3)
    embed_assets(CLOSED_AT)
    compare_assets()
    return make_training_set()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A picture that is much like the first asset."""
    path = tmp_path / "like the harbour.png"
    make_picture(1, 200, 130).save(path)
    return path


def answers(*arguments: object, expect: int = 0) -> list[dict[str, Any]]:
    out = StringIO()
    with pytest.raises(SystemExit, match=str(expect)) if expect else nullcontext():
        call_command("attribute", *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def row_counts() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in apps.get_models()}


def test_it_prints_what_a_download_of_that_picture_would_get(
    training_set: TrainingSet, image: Path, carla: Customer
) -> None:
    (answer,) = answers(image, "--training-set", "catalogue")
    made = GeneratedImage(image=make_picture(1, 200, 130), prompt="a harbour", seed=1, parameters={})
    generation = record_generation(
        make_generator_model(training_set), made, b"any file", ".jpg", CLOSED_AT, make_prompt_check(made.prompt)
    )
    embed_generations(CLOSED_AT)
    record_output_check(generation, Outcome.CLEAR, "It resembles no image of the training set.", CLOSED_AT)
    download = make_download(carla, generation)
    attribute_downloads(CLOSED_AT)
    listed = download.inspiration_list
    assert [row["asset_id"] for row in answer["inspirations"]] == listed.asset_ids
    assert [row["share_ppm"] for row in answer["inspirations"]] == listed.shares_ppm
    assert [row["similarity"] for row in answer["inspirations"]] == listed.similarities
    assert answer["unattributed_ppm"] == listed.unattributed_ppm
    assert answer["inspirations"][0]["title"] == "Harbour"
    assert answer["method"] == {
        "name": listed.batch.method.name,
        "version": listed.batch.method.version,
        "parameters": listed.batch.method.parameters,
    }
    assert answer["encoder"]["fingerprint"] == listed.batch.encoder.fingerprint


def test_nothing_is_recorded(training_set: TrainingSet, image: Path) -> None:
    before = row_counts()
    assert before["Asset"] == before["Embedding"] == 3
    answers(image, "--training-set", "catalogue 1")
    assert row_counts() == before


def test_a_file_that_is_no_picture_is_named_and_the_others_are_answered(
    training_set: TrainingSet, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, absent = tmp_path / "broken.jpg", tmp_path / "absent.jpg"
    broken.write_bytes(jpeg_bytes(make_picture(1))[:300])
    paths = [broken, image, tmp_path, absent, image]
    found = answers(*paths, "--training-set", "catalogue", expect=1)
    assert [answer["file"] for answer in found] == [str(path) for path in paths]
    assert ["error" in answer for answer in found] == [True, False, True, True, False]
    assert found[2]["error"] == "not a regular file"
    assert "No such file" in found[3]["error"]
    with pytest.raises(SystemExit, match="1"):
        call_command("attribute", *paths, "--training-set", "catalogue")
    told = capsys.readouterr()
    assert told.out.count("Harbour") == 2
    assert f"{broken}: " in told.err


def test_a_training_set_that_is_not_there_is_answered_with_those_that_are(
    training_set: TrainingSet, image: Path
) -> None:
    with pytest.raises(CommandError, match=r"no training set 'catalog'. Known: catalogue 1\."):
        call_command("attribute", image, "--training-set", "catalog")


def test_it_waits_as_downloads_do_until_the_whole_training_set_is_embedded(
    training_set: TrainingSet, image: Path, ana: Contributor
) -> None:
    make_asset(ana, seed=4)
    make_training_set(version="2")
    with pytest.raises(CommandError, match="1 images of catalogue 2 are not embedded yet"):
        call_command("attribute", image, "--training-set", "catalogue 2")
    assert len(answers(image, "--training-set", "catalogue 1")) == 1


def test_without_the_encoders_files_it_says_so(ana: Contributor, image: Path) -> None:
    make_asset(ana)
    training_set = make_training_set()
    with pytest.raises(CommandError, match="No image is embedded yet"):
        call_command("attribute", image, "--training-set", "catalogue")
    encoder = make_encoder()
    asset = training_set.members.get().asset
    asset.embedding_failures.create(encoder=encoder, reason="made up", failed_at=CLOSED_AT)
    with pytest.raises(CommandError, match="is not on this machine"):
        call_command("attribute", image, "--training-set", "catalogue")
