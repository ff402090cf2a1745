"""Fitting an encoder's statistics on pictures of one's own, so that people can be paid by it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from attribution.checks import check_encoder
from attribution.encoders import EncoderUnavailable, find_recipe, load_encoder
from attribution.management.commands import fit_encoder
from attribution.statistics import Statistics
from tests.builders import jpeg_bytes, make_picture

PICTURES = 12


@pytest.fixture(autouse=True)
def _few_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_encoder, "FEWEST", PICTURES)
    monkeypatch.setattr(fit_encoder, "WHITENED", PICTURES - 1)


@pytest.fixture
def background(tmp_path: Path) -> Path:
    folder = tmp_path / "background"
    folder.mkdir()
    for number in range(PICTURES):
        (folder / f"{number:02}.jpg").write_bytes(jpeg_bytes(make_picture(number)))
    return folder


@pytest.mark.django_db
def test_the_written_recipe_takes_the_mean_of_those_pictures_off_and_passes_the_checks(
    background: Path, tmp_path: Path, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "fitted" / "mine.json"
    call_command("fit_encoder", "compact", str(background), output=output)
    assert f"Set ENCODER_RECIPE={output}" in capsys.readouterr().out
    recipe = find_recipe(str(output))
    assert recipe.statistics == str(output.with_suffix(".npz"))
    assert recipe.fingerprint != find_recipe("compact").fingerprint
    encoder = load_encoder(recipe)
    raw = encoder.outputs([encoder.prepare(make_picture(number)) for number in range(PICTURES)]).parts[0]
    mean = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).mean(axis=0)
    stored = Statistics.read(output.with_suffix(".npz")).means[0]
    assert float(stored @ mean / np.linalg.norm(stored) / np.linalg.norm(mean)) > 0.99  # but for the JPEGs between
    settings.ENCODER_RECIPE, settings.DEBUG = str(output), True
    assert check_encoder(None) == []


def refused(recipe: str, folder: Path, output: Path) -> str:
    with pytest.raises(CommandError) as error:
        call_command("fit_encoder", recipe, str(folder), output=output)
    assert not output.with_suffix(".npz").exists()
    return str(error.value)


def test_too_few_pictures_or_none_are_refused(background: Path, tmp_path: Path) -> None:
    next(background.iterdir()).unlink()
    assert f"holds 11 pictures: give at least {PICTURES}" in refused("compact", background, tmp_path / "mine.json")
    assert "neither a folder nor a file" in refused("compact", tmp_path / "not-there", tmp_path / "mine.json")


def test_a_file_that_is_no_picture_is_named(background: Path, tmp_path: Path) -> None:
    (background / "notes.txt").write_text("not a picture")
    assert f"{background / 'notes.txt'} cannot be used" in refused("compact", background, tmp_path / "mine.json")


def test_an_unknown_recipe_is_refused_with_the_names_of_those_there_are(background: Path, tmp_path: Path) -> None:
    assert "vit-b-16" in refused("nonesuch", background, tmp_path / "mine.json")


def test_a_recipe_in_use_is_never_overwritten(background: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.json"
    output.write_text("{}")
    assert "must be a new file" in refused("compact", background, output)
    assert output.read_text() == "{}"


@pytest.mark.django_db
def test_a_fitted_recipe_does_not_load_other_weights_than_it_was_fitted_with(background: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.json"
    call_command("fit_encoder", "compact", str(background), output=output)
    recipe = find_recipe(str(output))
    other = tmp_path / "weights.safetensors"
    other.write_bytes(Path(str(recipe.checkpoint)).read_bytes() + b" ")
    with pytest.raises(EncoderUnavailable, match="is not the file that recipe compact was fitted with"):
        load_encoder(replace(recipe, checkpoint=str(other)))
