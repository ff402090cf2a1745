"""The table says what was measured, and is written where a reader looks for it."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from attribution.benchmark.measure import measure_encoder
from attribution.benchmark.methods import SUPPORTS, WHOLES
from attribution.benchmark.report import (
    HEADER,
    SHARES,
    MarkersMissing,
    as_markdown,
    as_svg,
    best_result,
    write_between_markers,
)
from attribution.benchmark.retraining import retrain
from attribution.benchmark.run import Benchmark
from attribution.benchmark.trial import FAMILIES, Query, Trial
from tests.attribution.benchmark.scenes import plane_trial

BEGIN, END = "<!-- benchmark -->", "<!-- /benchmark -->"
RESULT = measure_encoder("plane", "f", plane_trial())
PICTURE = Image.new("RGB", (2, 2))
PICTURES = [Query(family, PICTURE, {}) for family in FAMILIES]
BENCHMARK = Benchmark(
    Trial([PICTURE] * 2, ["Ana", "Ben"], PICTURES, PICTURES, [], retrain([PICTURE] * 2, 1)), "photographs", [RESULT]
)


def test_each_method_is_a_row_with_every_figure() -> None:
    lines = as_markdown(BENCHMARK).splitlines()
    rows = [line for line in lines if line.startswith("| plane | ")]
    assert all(line.count("|") == len(HEADER) + 1 for line in rows[:-1])
    assert rows[5] == (
        "| plane | energy shares (lo 0.35, R₀ 0.45, support 0.1, whole 0.75) | .148 .148 .148 | .148 .148 | .148 | "
        ".148 | .000 | **.129** | 12.8 % | 85 % | +0.000 | +0.000 (.000) | 1.000 |"
    )


def test_the_table_says_what_the_catalogue_and_the_test_pictures_were() -> None:
    table = as_markdown(BENCHMARK)
    assert "Catalogue: 2 photographs by 2 contributors." in table
    assert "1 collage 2, 1 collage 3" in table


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n", encoding="utf-8")
    write_between_markers(page, "new R₀", SHARES)
    write_between_markers(page, "newer R₀", SHARES)
    assert page.read_text(encoding="utf-8") == f"before\n\n{BEGIN}\nnewer R₀\n{END}\n\nafter\n"


@pytest.mark.parametrize("text", ["no markers", f"{BEGIN} alone", f"{END} before {BEGIN}"])
def test_a_page_without_both_markers_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    page = tmp_path / "README.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(MarkersMissing, match="add them"):
        write_between_markers(page, "new", SHARES)
    assert page.read_text(encoding="utf-8") == text


def test_the_curve_is_a_picture_with_a_line_for_each_support_and_a_dot_for_each_whole() -> None:
    drawing = ElementTree.fromstring(as_svg("plane", RESULT.curve))
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))) == len(SUPPORTS)
    dots = list(drawing.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == len(SUPPORTS) * len(WHOLES)
    assert all(0 < float(dot.attrib[axis]) < 560 for dot in dots for axis in ("cx", "cy"))


def test_the_best_encoder_is_the_one_with_the_smallest_error() -> None:
    trial = plane_trial()
    blind = measure_encoder("blind", "f", replace(trial, catalogue=trial.catalogue[::-1], tiles=trial.tiles[::-1]))
    assert best_result([blind, RESULT]) is RESULT
