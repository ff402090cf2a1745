"""Charts as SVG, drawn on the server: no script, no outside address, colours and fonts of the page around them.

Colours are variables of `site.css` and `currentColor`, so that a chart follows the reader's light or dark. Its text is
for the eye; each mark carries its own words for screen readers, and a page puts a sentence and a table beside it.
Every drawing needs one mark or more.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import altair as alt
import vl_convert
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

WIDTH, HEIGHT, ROW_HEIGHT = 480, 200, 34
INKS = ("var(--accent)", "var(--chart-2)", "var(--chart-3)")
LOSS = "var(--bad)"
FONT_SIZE = 13  # of 480: still read on a phone, where the chart is narrower
MOST_LABELS = 16
MOST_LETTERS, SLANT = 44, -40  # beside one another below a chart; more of them are slanted
ROOM_FOR_WORDS = 1.5  # behind the longest bar
ROOT_TAG = re.compile(r"^<svg [^>]*?(viewBox=\"[^\"]*\")>")

CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 12, "right": 5, "top": 5, "bottom": 5},
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {
        "domainColor": "var(--line)",
        "gridColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelColor": "currentColor",
        "labelFontSize": FONT_SIZE,
        "labelLimit": 150,
        "labelAngle": 0,
        "title": None,
    },
    "axisX": {"grid": False},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": "currentColor",
        "labelFontSize": FONT_SIZE,
        "labelLimit": 200,
        "columnPadding": 24,
        "symbolType": "square",
    },
}


class Mark(NamedTuple):
    """One bar, or one point of a line: where it stands, how far it reaches, and its amount as people read it.

    `amount` is in whole units, such as of a currency, and is only drawn. `kind` names what a bar is stacked by; marks
    of a waterfall that are sums, which begin at zero, have the kind `SUM`.
    """

    place: str
    amount: Decimal | int
    shown: str
    kind: str = ""


SUM = "sum"


class Chart(NamedTuple):
    """What `marketplace/_chart.html` shows: the drawing, a sentence that says the same, and a table of its marks."""

    drawn: SafeString
    sentence: str
    marks: Sequence[Mark]


def chart(draw: Callable[[Sequence[Mark], str], SafeString], marks: Sequence[Mark], sentence: str) -> Chart | None:
    """The marks drawn by one of the functions below; None where there are none, of which a page says so instead."""
    return Chart(draw(marks, sentence), sentence, marks) if marks else None


def stacked_bars(marks: Sequence[Mark], label: str) -> SafeString:
    """A bar for each place, in the order given, stacked by kind; `label` says what the chart is of."""
    kinds = list(dict.fromkeys(mark.kind for mark in marks))
    bars = _canvas(_rows(marks)).mark_bar(stroke="var(--surface)", strokeWidth=1)
    colour = alt.Color("kind:N", sort=kinds, scale=alt.Scale(domain=kinds, range=list(INKS[: len(kinds)])))
    if len(kinds) == 1:
        colour = colour.legend(None)
    return _svg(bars.encode(_places(marks), _amounts("amount"), colour, alt.Order("order:Q"), _spoken()), label)


def line(marks: Sequence[Mark], label: str) -> SafeString:
    """A line through the amounts of places in the order given, such as the days of a month."""
    base = _canvas(_rows(marks)).encode(_places(marks), _amounts("amount"))
    through = base.mark_line(stroke=INKS[0], strokeWidth=2, strokeJoin="round", aria=False)
    points = base.mark_point(filled=True, fill=INKS[0], size=24, opacity=1).encode(_spoken())
    return _svg(through + points, label)


def waterfall(marks: Sequence[Mark], label: str) -> SafeString:
    """Bars that each begin where the one before ended; those of kind `SUM` begin at zero."""
    rows, reached = _rows(marks), 0.0
    for row, mark in zip(rows, marks, strict=True):
        row["start"] = 0.0 if mark.kind == SUM else reached
        reached = row["end"] = row["start"] + row["amount"]
        row["ink"] = "sum" if mark.kind == SUM else "less" if row["amount"] < 0 else "more"
    inks = alt.Scale(domain=["sum", "more", "less"], range=[INKS[1], INKS[0], LOSS])
    bars = _canvas(rows).mark_bar()
    steps = [_places(marks), _amounts("start"), alt.Y2("end:Q"), alt.Color("ink:N", scale=inks, legend=None), _spoken()]
    return _svg(bars.encode(*steps), label)


def histogram(marks: Sequence[Mark], label: str) -> SafeString:
    """A bar for each range of values, in the order given, without gaps between them."""
    bars = _canvas(_rows(marks)).mark_bar(fill=INKS[0], stroke="var(--surface)", strokeWidth=1)
    return _svg(bars.encode(_places(marks, padding=0), _amounts("amount"), _spoken()), label)


def shares(marks: Sequence[Mark], label: str) -> SafeString:
    """Bars side by side from left to right, each named, with its amount written behind it."""
    rows = _rows(marks)
    places = alt.Y("place:N", sort=None, axis=alt.Axis(ticks=False, domain=False))
    furthest = max(row["amount"] for row in rows) * ROOM_FOR_WORDS or 1
    length = alt.X("amount:Q", axis=None, scale=alt.Scale(domain=[0, furthest]))
    base = alt.Chart(alt.Data(values=rows), width=WIDTH, height=ROW_HEIGHT * len(rows)).encode(places, length)
    bars = base.mark_bar(fill=INKS[0]).encode(_spoken())
    words = base.mark_text(align="left", dx=4, fill="currentColor", fontSize=FONT_SIZE, aria=False)
    return _svg(bars + words.encode(text="shown:N"), label)


def _rows(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """As Vega-Lite reads them; numbers become floats here, where they turn into lengths."""
    return [
        {
            "place": mark.place,
            "amount": float(mark.amount),
            "shown": mark.shown,
            "kind": mark.kind,
            "order": order,
            "spoken": ", ".join(word for word in (mark.place, mark.kind, mark.shown) if word and word != SUM),
        }
        for order, mark in enumerate(marks)
    ]


def _canvas(rows: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows), width=WIDTH, height=HEIGHT)


def _places(marks: Sequence[Mark], padding: float = 0.25) -> alt.X:
    """Every place has a bar; where there are many, only some are named below."""
    named = list(dict.fromkeys(mark.place for mark in marks))
    every = -(-len(named) // MOST_LABELS)
    axis = alt.Axis(values=named[::every], ticks=False, zindex=1)
    if sum(map(len, named[::every])) > MOST_LETTERS:
        axis.labelAngle, axis.labelAlign = SLANT, "right"
    return alt.X("place:N", sort=None, axis=axis, scale=alt.Scale(padding=padding))


def _amounts(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", axis=alt.Axis(tickCount=4, domain=False, ticks=False))


def _spoken() -> alt.Description:
    return alt.Description("spoken:N")


def _svg(drawing: alt.TopLevelMixin, label: str) -> SafeString:
    """The drawing with its label, as wide as the page lets it be."""
    specification = drawing.to_dict() | {"config": CONFIG, "autosize": {"type": "fit-x", "contains": "padding"}}
    drawn = vl_convert.vegalite_to_svg(specification, format_locale="de-DE" if get_language() == "de" else "en-US")
    root = rf'<svg xmlns="http://www.w3.org/2000/svg" class="drawn" role="img" aria-label="{escape(label)}" \1>'
    return mark_safe(ROOT_TAG.sub(root, drawn))  # noqa: S308 -- Vega escapes what it writes
