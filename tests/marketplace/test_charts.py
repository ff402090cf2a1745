"""Charts that follow the page's colours, can be heard, and carry nothing that a strict page refuses."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.utils import translation

from marketplace.charts import SUM, Mark, histogram, line, shares, stacked_bars, waterfall

MARKS = [
    Mark("Sep", Decimal("12.5"), "12.500000 USD", "Your images"),
    Mark("Sep", Decimal("2.5"), "2.500000 USD", "Common fund"),
    Mark("Oct", Decimal("1250.0"), "1,250.000000 USD", "Your images"),
    Mark("Oct", Decimal("0"), "0.000000 USD", "Common fund"),
]
SVG = "{http://www.w3.org/2000/svg}"
ALL = [stacked_bars, line, waterfall, histogram, shares]

Draw = Callable[[Sequence[Mark], str], str]


def spoken(drawn: str) -> list[str | None]:
    return [one.get("aria-label") for one in ElementTree.fromstring(drawn).iter(f"{SVG}path") if one.get("aria-label")]


@pytest.mark.parametrize("draw", ALL)
def test_a_chart_says_what_it_is_of_and_every_mark_its_amount(draw: Draw) -> None:
    drawn = draw(MARKS, 'Earned <by> "month"')
    root = ElementTree.fromstring(drawn)
    assert (root.get("role"), root.get("aria-label")) == ("img", 'Earned <by> "month"')
    for mark in MARKS:
        assert f"{mark.place}, {mark.kind}, {mark.shown}" in spoken(drawn)


@pytest.mark.parametrize("draw", ALL)
def test_a_chart_needs_no_script_no_style_no_address_and_takes_its_colours_from_the_page(draw: Draw) -> None:
    drawn = draw(MARKS, "Earned")
    assert "var(--accent)" in drawn
    assert "currentColor" in drawn
    for refused in ("<script", "<style", "style=", "href", "url(", "#000", 'fill="white"'):
        assert refused not in drawn
    assert "width=" not in drawn.partition(">")[0]  # as wide as the page lets it be


def test_names_that_are_markup_stay_names() -> None:
    drawn = shares([Mark("<script>alert(1)</script>", 1, "<b>1</b>")], "Shares")
    assert "<script" not in drawn
    assert "<b>" not in drawn


def test_a_waterfall_goes_on_where_the_step_before_ended() -> None:
    steps = [
        Mark("Opening", 10, "10", SUM),
        Mark("Earned", 30, "30"),
        Mark("Paid", -25, "-25"),
        Mark("Closing", 15, "15", SUM),
    ]
    drawn = ElementTree.fromstring(waterfall(steps, "Balance"))
    bars = {
        str(one.get("aria-label")).partition(",")[0]: one
        for one in drawn.iter(f"{SVG}path")
        if one.get("aria-roledescription") == "bar"
    }
    assert list(bars) == ["Opening", "Earned", "Paid", "Closing"]
    tops = {name: float(str(bar.get("d")).split(",")[1].split("h")[0]) for name, bar in bars.items()}
    assert tops["Earned"] == tops["Paid"] < tops["Closing"] < tops["Opening"]  # from the top down
    assert {name: bar.get("fill") for name, bar in bars.items()}["Paid"] == "var(--bad)"


def test_the_axis_counts_in_the_language_of_the_reader() -> None:
    with translation.override("de"):
        assert ">1.000<" in line(MARKS, "Verdient")
    assert ">1,000<" in line(MARKS, "Earned")
