"""A head is trained on derived pictures with known sources, and is used only where it is better on others."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from pytest_django import Settings

from attribution.benchmark.embedding import KeptEncoder
from attribution.benchmark.head import (
    HELD_OUT_CHANGES,
    HELD_OUT_FAMILIES,
    Lessons,
    Verdict,
    _derived,
    judge,
    judged_pictures,
    lesson_count,
    trained_head,
)
from attribution.benchmark.photographs import Parts, deal_parts, read_folder
from attribution.encoders import find_recipe, load_encoder
from attribution.management.commands import train_head
from attribution.recipes import write_recipe
from attribution.statistics import Statistics
from attribution.tiles import GRID, SMALL, cut, trained_projection, unit
from marketplace.sample_catalogue import STYLES, draw_work
from tests.attribution.benchmark.scenes import small_folder

SHADES = (0, 80, 160, 240, 40, 120, 200, 255)
FEW = Lessons(collages=1, single=1, drawn=1, judged=2)
WON = Verdict({"single": 0.3}, {"single": 0.1}, gain=0.2, error=0.05)
LOST = Verdict({"single": 0.3}, {"single": 0.25}, gain=0.05, error=0.05)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_folder(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def parts(photos: Path) -> Parts:
    return deal_parts(read_folder(photos))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> KeptEncoder:
    return KeptEncoder(find_recipe("compact"), tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def plain(encoder: KeptEncoder) -> Statistics:
    assert encoder.statistics
    return encoder.statistics


@pytest.fixture(scope="module")
def trained(encoder: KeptEncoder, plain: Statistics, parts: Parts) -> Statistics:
    return trained_head(encoder, plain, parts, FEW)


def test_what_changes_between_a_source_and_its_derivatives_counts_for_less() -> None:
    random = np.random.default_rng(0)
    changes = random.normal(size=(500, 4)).astype(np.float32) * np.array([0.01, 0.01, 2, 0.01], np.float32)
    projected = trained_projection(random.normal(size=(500, 4)).astype(np.float32), changes, 3)
    lengths = np.linalg.norm(projected, axis=1)
    assert projected.shape == (4, 3)
    assert lengths[2] < min(lengths[[0, 1, 3]]) / 2


def test_a_picture_comes_nearer_to_its_source_beside_another() -> None:
    """Two sources of which one differs from the derived picture only where derived pictures do."""
    source, other, derived = np.eye(3, dtype=np.float32)[0], np.array([0.6, 0.8, 0]), np.array([0.6, 0, 0.8])
    changes = np.stack([derived - source, source - derived])
    learned = trained_projection(np.eye(3, dtype=np.float32), changes.astype(np.float32), 2)
    own, theirs, query = (unit(row @ learned) for row in (source, other, derived))
    assert query @ own > derived @ source
    assert query @ own > query @ theirs


def test_tiles_that_are_not_projected_have_no_place_for_a_head() -> None:
    with pytest.raises(ValueError, match="no projection"):
        trained_projection(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), 3)


def test_only_the_projection_of_the_tiles_is_trained(plain: Statistics, trained: Statistics) -> None:
    assert plain.tiles
    assert trained.tiles
    assert trained.tiles.projection is not None
    assert plain.tiles.projection is not None
    assert trained.tiles.projection.shape == plain.tiles.projection.shape
    assert not np.allclose(trained.tiles.projection, plain.tiles.projection)
    assert replace(trained, tiles=plain.tiles) == plain


def test_the_same_photographs_train_the_same_head(
    encoder: KeptEncoder, plain: Statistics, parts: Parts, trained: Statistics
) -> None:
    again = trained_head(encoder, plain, parts, FEW)
    assert again.tiles
    assert trained.tiles
    np.testing.assert_array_equal(again.tiles.projection, trained.tiles.projection)


def test_a_recipe_that_projects_nothing_is_refused(encoder: KeptEncoder, plain: Statistics, parts: Parts) -> None:
    with pytest.raises(ValueError, match="compact projects no tiles"):
        trained_head(encoder, replace(plain, tiles=None), parts, FEW)


def test_too_few_photographs_are_named(encoder: KeptEncoder, plain: Statistics, parts: Parts) -> None:
    with pytest.raises(ValueError, match="3 background photographs"):
        trained_head(encoder, plain, replace(parts, background=parts.background[:3]), FEW)


def test_progress_counts_every_lesson(tmp_path: Path, plain: Statistics, parts: Parts) -> None:
    done: list[int] = []
    trained_head(KeptEncoder(find_recipe("compact"), tmp_path, done.append), plain, parts, FEW)
    assert sum(done) == lesson_count(parts, FEW)


def test_each_tile_of_a_collage_is_the_source_s_that_fills_it(parts: Parts) -> None:
    """Of a collage of shades, a tile is owned only where all of its pixels are of one shade."""
    shades = [Image.new("RGB", (64, 64), (level,) * 3) for level in SHADES]
    images, owners = _derived(shades, range(4), replace(FEW, collages=4, single=0))
    for image, own in zip(images, owners, strict=True):
        grid = np.asarray(image.convert("L").resize((GRID, GRID), Image.Resampling.BOX), np.float32)
        tiles = cut(grid[None, ..., None])[0, SMALL, 0]
        assert (own >= 0).any()
        for tile, owner in zip(tiles[own >= 0], own[own >= 0], strict=True):
            assert abs(tile - SHADES[owner]) <= 10


def test_it_is_judged_on_families_and_authors_that_it_did_not_learn_from(parts: Parts) -> None:
    _, queries = judged_pictures(parts, FEW)
    families = [query.family for query in queries]
    assert set(families) == set(HELD_OUT_FAMILIES)
    assert families.count("single") == len(HELD_OUT_CHANGES)
    tuning = range(len(parts.sources), len(parts.sources) + len(parts.tuning_sources))
    assert {asset for query in queries for asset in query.truth_ppm} <= set(tuning)
    assert not {photo.author for photo in parts.background} & {photo.author for photo in parts.tuning_sources}


def test_a_head_that_changes_nothing_gains_nothing(encoder: KeptEncoder, plain: Statistics, parts: Parts) -> None:
    verdict = judge(encoder, plain, plain, *judged_pictures(parts, FEW))
    assert verdict.plain == verdict.head
    assert verdict.plain.keys() == set(HELD_OUT_FAMILIES)
    assert verdict.gain == verdict.error == 0
    assert not verdict.wins


def test_a_head_that_sees_nothing_loses(encoder: KeptEncoder, plain: Statistics, parts: Parts) -> None:
    assert plain.tiles
    assert plain.tiles.projection is not None
    blind = np.zeros_like(plain.tiles.projection)
    blind[0, 0] = 1
    verdict = judge(
        encoder, plain, replace(plain, tiles=replace(plain.tiles, projection=blind)), *judged_pictures(parts, FEW)
    )
    assert verdict.gain < 0
    assert not verdict.wins


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> Path:
    settings.DATA_FOLDER = tmp_path / "data"
    monkeypatch.setattr(train_head, "LESSONS", FEW)
    return tmp_path / "out" / "mine.json"


def test_a_head_that_wins_is_written_with_a_recipe_of_its_own_fingerprint(
    command: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_head, "judge", lambda *_: WON)
    call_command("train_head", "compact", output=command, photos=photos)
    recipe, compact = find_recipe(str(command)), find_recipe("compact")
    assert recipe.fingerprint != compact.fingerprint
    assert recipe.checkpoint == compact.checkpoint
    work = draw_work(STYLES[0], 1, 96).image
    assert not np.array_equal(load_encoder(recipe).encode([work]).tiles, load_encoder(compact).encode([work]).tiles)
    said = capsys.readouterr().out
    assert "plain: single 0.300" in said
    assert "head: single 0.100" in said
    assert f"ENCODER_RECIPE={command}" in said


def test_a_head_that_does_not_win_is_not_written_and_both_figures_are_said(
    command: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_head, "judge", lambda *_: LOST)
    with pytest.raises(CommandError, match=r"\+0\.0500 ± 0\.0500.*Nothing was written") as refusal:
        call_command("train_head", "compact", output=command, photos=photos)
    assert refusal.value.returncode == 1
    assert "plain: single 0.300" in capsys.readouterr().out
    assert not command.parent.exists()


def test_bad_input_is_named(command: Path, photos: Path, tmp_path: Path) -> None:
    for recipe, output, folder, complaint in (
        ("compact", tmp_path / "mine.txt", photos, r"ends in \.json"),
        ("no-such-recipe", command, photos, "no-such-recipe"),
        ("compact", command, tmp_path, r"manifest\.csv"),
        (str(unfitted(tmp_path)), command, photos, "fit_encoder"),
    ):
        with pytest.raises(CommandError, match=complaint):
            call_command("train_head", recipe, output=output, photos=folder)
    assert not command.parent.exists()


def unfitted(folder: Path) -> Path:
    """A recipe without statistics."""
    path = folder / "unfitted.json"
    write_recipe(replace(find_recipe("compact"), statistics=None, name="unfitted"), path)
    return path
