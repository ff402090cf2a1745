"""`manage.py benchmark_attribution`, from pictures to the table."""

import json
from functools import partial
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from attribution.benchmark import copying
from attribution.benchmark.derive import EASY
from attribution.benchmark.report import COPIES, CURVE_FILE, PUBLISHED_FILE
from attribution.benchmark.run import run_benchmark, run_copying
from attribution.benchmark.trial import FAMILIES
from attribution.management.commands import benchmark_attribution
from tests.attribution.benchmark.scenes import SMALL, small_folder

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"
COPY_MARKERS = f"<!-- {COPIES} -->", f"<!-- /{COPIES} -->"


@pytest.fixture
def readme(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of the test's own in place of the project's, a data folder too, and a small trial."""
    page = tmp_path / "attribution" / "README.md"
    (page.parent / "benchmark").mkdir(parents=True)
    page.write_text("\n".join(["# Attribution", BEGIN, END, *COPY_MARKERS]), encoding="utf-8")
    settings.DATA_FOLDER = tmp_path / "data"
    monkeypatch.setattr(benchmark_attribution, "README", page)
    monkeypatch.setattr(benchmark_attribution, "run_benchmark", partial(run_benchmark, size=SMALL))
    monkeypatch.setattr(benchmark_attribution, "run_copying", partial(run_copying, size=SMALL))
    return page


def test_one_command_measures_writes_the_table_and_draws_the_curve(
    readme: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, figures = small_folder(tmp_path / "photos"), tmp_path / "figures.json"
    call_command("benchmark_attribution", photos=photos, encoder=["compact"], json=figures, write_table=True)
    table = readme.read_text(encoding="utf-8")
    assert "| compact | energy shares (lo 0.35, R₀ 0.45, support 0.1, whole 0.75) |" in table
    assert (readme.parent / "benchmark" / CURVE_FILE).read_text(encoding="utf-8").startswith("<svg")
    (published,) = json.loads((readme.parent / "benchmark" / PUBLISHED_FILE).read_text(encoding="utf-8"))
    assert published["encoder"] == "compact"
    (result,) = json.loads(figures.read_text(encoding="utf-8"))
    assert result["encoder"] == "compact"
    assert {row["method"] for row in result["methods"]} >= {"softmax", "AbC", "pro rata", "energy shares"}
    assert result["methods"][0]["share_error"].keys() == set(FAMILIES)
    assert "| compact | energy shares" in capsys.readouterr().out


def test_how_well_copies_are_found_is_a_table_of_its_own(
    readme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "CHANGES", {"JPEG": EASY["JPEG"]})
    photos, figures = small_folder(tmp_path / "photos"), tmp_path / "figures.json"
    call_command(
        "benchmark_attribution", photos=photos, encoder=["compact"], table=COPIES, json=figures, write_table=True
    )
    before, _, table = readme.read_text(encoding="utf-8").partition(COPY_MARKERS[0])
    assert before == "\n".join(["# Attribution", BEGIN, END, ""])
    assert "| JPEG |" in table
    assert "pairs of different photographs, copies" in table
    measured = json.loads(figures.read_text(encoding="utf-8"))
    assert {row["family"] for row in measured["ingest"]} < {row["family"] for row in measured["checks"]}


def test_without_markers_nothing_is_measured_in_vain(readme: Path, tmp_path: Path) -> None:
    readme.write_text("# Attribution\n", encoding="utf-8")
    with pytest.raises(CommandError, match="<!-- benchmark -->"):
        call_command("benchmark_attribution", photos=tmp_path, write_table=True)


def test_an_unknown_recipe_or_a_folder_without_a_manifest_is_named(readme: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no-such-recipe"):
        call_command("benchmark_attribution", photos=tmp_path, encoder=["no-such-recipe"])
    with pytest.raises(CommandError, match=r"manifest\.csv"):
        call_command("benchmark_attribution", photos=tmp_path, encoder=["compact"])
