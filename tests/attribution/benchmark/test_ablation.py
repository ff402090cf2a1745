"""Each row of the ablation changes one part, and the row without a change is the benchmark's own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from attribution.benchmark import ablation
from attribution.benchmark.ablation import (
    LARGE,
    OTHER_DEAL,
    VARIANTS,
    Ablated,
    Ablation,
    AblationEncoder,
    Figures,
    Variant,
)
from attribution.benchmark.embedding import EmbeddedTrial, KeptEncoder, embed_trial
from attribution.benchmark.measure import measure
from attribution.benchmark.methods import Images, explained, tiled_method
from attribution.benchmark.photographs import deal_parts, read_folder
from attribution.benchmark.report import ABLATION
from attribution.benchmark.trial import Images as Pictures
from attribution.benchmark.trial import Trial, background_images, make_trial
from attribution.core.shares import Candidates, EnergyParameters
from attribution.encoders import find_recipe, fit_statistics
from attribution.management.commands import benchmark_attribution
from attribution.statistics import Statistics
from attribution.tiles import unit
from tests.attribution.benchmark.scenes import SMALL, plane_trial, small_folder

CHANGED = [
    variant
    for variant in VARIANTS
    if variant.gem or variant.normalised or not variant.blocks or variant.own == LARGE or variant.width == 128
]
RECIPE = replace(find_recipe("compact"), statistics=None)


def unchanged(statistics: Statistics) -> Statistics:
    """In place of training."""
    return statistics


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, Pictures]:
    parts = deal_parts(read_folder(small_folder(tmp_path_factory.mktemp("photos"))))
    return make_trial(parts, SMALL), background_images(parts, SMALL)


@pytest.fixture(scope="module")
def ablated(made: tuple[Trial, Pictures], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ablation]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "TOWER_BLOCKS", RECIPE.blocks)
        patch.setattr(ablation, "VARIANTS", (Variant("as shipped", blocks=RECIPE.blocks),))
        patch.setattr(ablation, "WHITENED", 16)
        yield Ablation(*made, AblationEncoder(RECIPE, tmp_path_factory.mktemp("kept")), unchanged)


@pytest.fixture(scope="module")
def shipped(ablated: Ablation) -> Ablated:
    return ablated.measure(Variant("as shipped", blocks=RECIPE.blocks))


def test_the_row_as_shipped_is_the_benchmarks_own(
    made: tuple[Trial, Pictures], shipped: Ablated, tmp_path: Path
) -> None:
    fit_statistics(KeptEncoder(RECIPE, tmp_path), made[1], tmp_path / "fitted.npz", 16)
    own = embed_trial(made[0], KeptEncoder(replace(RECIPE, statistics=str(tmp_path / "fitted.npz")), tmp_path))
    expected, row = measure(tiled_method(EnergyParameters()), own), shipped.shipped
    assert row.macro_error == pytest.approx(expected.macro_error, abs=0.005)
    assert row.misallocated == pytest.approx(expected.misallocated, abs=0.005)
    assert row.paid_on_unrelated == pytest.approx(expected.paid_on_unrelated, abs=0.005)
    assert row.paid_to_collage_sources == pytest.approx(expected.paid_to_collage_sources, abs=0.005)


@pytest.mark.parametrize("variant", CHANGED, ids=lambda each: each.name)
def test_a_part_that_is_changed_changes_the_figures(ablated: Ablation, shipped: Ablated, variant: Variant) -> None:
    row = ablated.measure(replace(variant, blocks=RECIPE.blocks if variant.blocks else ()))
    assert replace(row, name=shipped.name) != shipped


def test_the_head_is_trained_where_the_row_says_so(ablated: Ablation, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Statistics] = []

    def train(statistics: Statistics) -> Statistics:
        trained.append(statistics)
        return statistics

    monkeypatch.setattr(ablated, "train", train)
    for variant in (VARIANTS[0], VARIANTS[-1], *OTHER_DEAL):
        ablated.fitted(replace(variant, blocks=RECIPE.blocks))
    assert len(trained) == 2


def test_gem_pooling_stands_behind_the_mean(made: tuple[Trial, Pictures], tmp_path: Path) -> None:
    pictures = made[0].catalogue[:2]
    both = AblationEncoder(RECIPE, tmp_path / "both").outputs_of(pictures)
    mean = KeptEncoder(RECIPE, tmp_path / "mean").outputs_of(pictures)
    for pooled, plain in zip(both.parts[:-1], mean.parts[:-1], strict=True):
        np.testing.assert_allclose(pooled[:, : plain.shape[1]], plain, atol=1e-5)
        assert (pooled[:, plain.shape[1] :] >= np.maximum(plain, 0) - 1e-4).all()  # a power mean of the positive part


def test_where_no_tile_is_usual_normalisation_changes_nothing() -> None:
    """A bank at right angles to everything takes nothing off."""
    trial: EmbeddedTrial = plane_trial()
    wide = [np.pad(each, ((0, 0), (0, 0), (0, 1))) for each in (trial.tiles, trial.test.tiles)]
    numbers = np.arange(2)
    images = Images(Candidates(numbers, trial.catalogue, numbers), wide[0])
    queries = replace(trial.test, tiles=wide[1])
    bank = unit(np.array([[0.0, 0.0, 1.0]]))
    normalised = ablation._normalised(queries, images, 0.2, 0.3, bank=bank)
    for own, expected in zip(normalised, explained(queries, images, 0.2, 0.3), strict=True):
        assert own == pytest.approx(expected, abs=2)


def test_one_command_writes_the_table_between_its_markers(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, photos = tmp_path / "README.md", small_folder(tmp_path / "photos")
    page.write_text("# A\n<!-- benchmark -->\nkept\n<!-- /benchmark -->\n<!-- ablation -->\n<!-- /ablation -->\n")
    row = Ablated("as shipped", Figures(0.1694, 0.0851, 0.2011, 0.997), Figures(0.1772, 0.1, 0.3, 0.9))
    monkeypatch.setattr(benchmark_attribution, "README", page)
    monkeypatch.setattr(benchmark_attribution, "run_ablation", lambda *_: [row])
    call_command("benchmark_attribution", photos=photos, table=ABLATION, write_table=True)
    assert "kept" in page.read_text(encoding="utf-8")
    assert "| as shipped | .169 | 8.5 % | .201 | 100 % | .177 | 10.0 % | .300 | 90 % |" in page.read_text(
        encoding="utf-8"
    )
    assert "as shipped" in capsys.readouterr().out


def test_without_clip_or_markers_it_says_what_is_missing(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_FOLDER = tmp_path
    monkeypatch.setattr(benchmark_attribution, "SHARED", tmp_path)
    with pytest.raises(CommandError, match="shared/weights"):
        call_command("benchmark_attribution", photos=small_folder(tmp_path / "photos"), table=ABLATION)
    page = tmp_path / "README.md"
    page.write_text("# A\n<!-- benchmark -->\n<!-- /benchmark -->\n")
    monkeypatch.setattr(benchmark_attribution, "README", page)
    with pytest.raises(CommandError, match="<!-- ablation -->"):
        call_command("benchmark_attribution", table=ABLATION, write_table=True)
