"""The benchmark's results as Markdown, as a picture, and in the README between its markers."""

import json
from collections.abc import Sequence
from pathlib import Path

from attribution.benchmark.ablation import Ablated, Figures
from attribution.benchmark.measure import CurvePoint, EncoderResult, Measured
from attribution.benchmark.methods import SUPPORTS, tiled_method
from attribution.benchmark.run import Benchmark
from attribution.benchmark.trial import FAMILIES
from attribution.core.shares import EnergyParameters

SHARES, COPIES, ABLATION = "benchmark", "copies", "ablation"
"""Names of the tables, and of the markers around each: <!-- benchmark --> and <!-- /benchmark -->."""
CURVE_FILE, PUBLISHED_FILE = "precision-coverage.svg", "published.json"

HEADER = (
    "encoder",
    "method",
    "collage 2 / 3 / 4",
    "blend 2 / 3",
    "inpainted",
    "single",
    "unrelated",
    "**macro**",
    "money misallocated",
    "paid to a collage's 3 sources",
    "gain of 20 clones",
    "gain of 20 variants (a stranger's take)",
    "LDS",
)
NOTES = """\
- **Share error** by family: total variation between paid and true shares of a picture, 0 perfect and 1 all wrong;
  **macro** is the mean over the eight families. Nothing is due for an unrelated picture, and for an inpainted one only
  the region that was filled from the catalogue.
- **Money misallocated**: the part of a month's money that goes to a wrong contributor, or wrongly to or from the common
  fund, where customers prefer contributors by Zipf's law; mean over 200 random months. Pro rata also pays contributors
  whom no test picture draws from, which a real month would have fewer of.
- **Paid to a collage's 3 sources**: to all of them together, where all of it is due to them.
- **Clones, variants**: what a source and 20 later copies of it are paid more for a collage than the source alone.
  Clones are exact; variants are slightly cropped, tinted, mirrored or recompressed. In brackets, what the variants
  themselves are paid, which is a stranger's who copied the source.
- **LDS**: rank correlation between what shares foretell and what a generator in closed form makes when it is retrained
  without half of its pictures, over random halves.
- Parameters of the baselines, and of the last row of each encoder, are those with the smallest macro error on the
  tuning half. The row before it has the parameters that people are paid by.
"""
WIDTH_PX, HEIGHT_PX, MARGIN_PX = 560, 420, 56
COLOURS = ("#1d3557", "#1b6ca8", "#2a9d8f", "#6a994e", "#b59a2b", "#e9a03c", "#e0663f", "#b5344f", "#7b4b94")


class MarkersMissing(ValueError):
    """The file has no place for the table; the message says which lines to add."""


def as_markdown(benchmark: Benchmark) -> str:
    """The tables, with a sentence on what was measured."""
    trial, results = benchmark.trial, benchmark.results
    by_family = {family: sum(query.family == family for query in trial.test) for family in FAMILIES}
    best = best_result(results)
    return "\n".join(
        [
            f"Catalogue: {len(trial.catalogue)} {benchmark.pictures} by {len(set(trial.authors))} contributors. "
            f"{len(trial.tuning)} derived pictures to tune on, and to test on, by other authors: "
            + ", ".join(f"{count} {family}" for family, count in by_family.items())
            + ".",
            "",
            *table(HEADER, [_cells(result.encoder, row) for result in results for row in result.methods]),
            "",
            NOTES,
            f"The true shares themselves reach an LDS of {_plain(best.best_datamodelling)}.",
            "",
            "Recall@10 of true sources (recall@1 in brackets):",
            "",
            *table(
                ("encoder", *(family for family in FAMILIES if family != "unrelated")),
                [_recall_cells(result) for result in results],
            ),
            "",
            f"Precision against coverage of energy shares with {best.encoder}, for support and whole:",
            "",
            f"![precision against coverage](benchmark/{CURVE_FILE})",
            "",
            *table(
                (
                    "support, whole",
                    "precision",
                    "coverage",
                    "macro",
                    "paid on unrelated",
                    "paid to a collage's 3 sources",
                ),
                [_curve_cells(point) for point in best.curve if point.support == EnergyParameters().support],
            ),
        ]
    )


def best_result(results: list[EncoderResult]) -> EncoderResult:
    """The encoder with the smallest macro share error by any method."""
    return min(results, key=lambda result: min(row.macro_error for row in result.methods))


def published(benchmark: Benchmark) -> str:
    """What the public page says of each encoder with the parameters that people are paid by, as JSON."""
    shipped = tiled_method(EnergyParameters())
    rows = [
        {
            "encoder": result.encoder,
            "macro_error": round(row.macro_error, 3),
            "misallocated": round(row.misallocated, 3),
            "paid_on_unrelated": round(row.paid_on_unrelated, 3),
            "images": len(benchmark.trial.catalogue),
            "contributors": len(set(benchmark.trial.authors)),
        }
        for result in benchmark.results
        for row in result.methods
        if (row.method, row.parameters) == (shipped.name, shipped.parameters)
    ]
    return json.dumps(list({row["encoder"]: row for row in rows}.values()), indent=1) + "\n"


def ablation_as_markdown(rows: list[Ablated]) -> str:
    """The table of what each part buys."""
    figures = ("macro", "money misallocated", "paid on unrelated", "paid to a collage's 3 sources")
    header = ("what differs", *figures, *(f"{figure}, own parameters" for figure in figures))
    return "\n".join(
        table(header, [[row.name, *_figure_cells(row.shipped), *_figure_cells(row.tuned)] for row in rows])
    )


def require_markers(path: Path, name: str) -> tuple[str, str]:
    """What stands before and after the two marker comments of that name in the file. Raises MarkersMissing."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found_begin, rest = path.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise MarkersMissing(f"{path} has no lines {begin} and {end} between which the table could stand: add them")
    return before + begin, end + after


def write_between_markers(path: Path, text: str, name: str) -> None:
    """Replace what stands between the two marker comments of the file. Raises MarkersMissing."""
    before, after = require_markers(path, name)
    path.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")


def as_svg(encoder: str, curve: list[CurvePoint]) -> str:
    """Precision over coverage: one line for each support, on it a dot for each value of whole, growing with it."""
    lines = [
        _line(number, [point for point in curve if point.support == support]) for number, support in enumerate(SUPPORTS)
    ]
    ticks = [_ticks(part / 5) for part in range(6)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" '
            'font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="white"/>',
            f'<text x="{WIDTH_PX / 2}" y="20" text-anchor="middle">Energy shares with {encoder}: '
            "larger dots, larger whole</text>",
            *ticks,
            *lines,
            f'<text x="{WIDTH_PX / 2}" y="{HEIGHT_PX - 14}" text-anchor="middle">coverage: part of what is due '
            "that reaches the right image</text>",
            f'<text transform="translate(14 {HEIGHT_PX / 2}) rotate(-90)" text-anchor="middle">precision: part of '
            "what is paid that is right</text>",
            "</svg>\n",
        ]
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in ([*header], ["---"] * len(header), *rows)]


def percent(part: float, decimals: int = 0) -> str:
    """A part of 1 in percent, whole unless said otherwise."""
    return f"{part * 100:.{decimals}f} %"


def _cells(encoder: str, row: Measured) -> list[str]:
    error = {family: _plain(value) for family, value in row.share_error.items()}
    return [
        encoder,
        f"{row.method} ({row.parameters})" if row.parameters else row.method,
        f"{error['collage 2']} {error['collage 3']} {error['collage 4']}",
        f"{error['blend 2']} {error['blend 3']}",
        error["inpainted"],
        error["single"],
        error["unrelated"],
        f"**{_plain(row.macro_error)}**",
        percent(row.misallocated, 1),
        percent(row.paid_to_collage_sources),
        f"{row.clone_gain:+.3f}",
        f"{row.variant_gain:+.3f} ({_plain(row.taken_by_strangers_variants)})",
        _plain(row.datamodelling),
    ]


def _recall_cells(result: EncoderResult) -> list[str]:
    first, ten = result.recall[1], result.recall[10]
    return [result.encoder, *(f"{ten[family]:.2f} ({first[family]:.2f})" for family in ten)]


def _curve_cells(point: CurvePoint) -> list[str]:
    parts = (point.precision, point.coverage, point.macro_error, point.paid_on_unrelated, point.paid_to_collage_sources)
    return [f"{point.support:g}, {point.whole:g}", *map(_plain, parts)]


def _figure_cells(figures: Figures) -> list[str]:
    return [
        _plain(figures.macro_error),
        percent(figures.misallocated, 1),
        _plain(figures.paid_on_unrelated),
        percent(figures.paid_to_collage_sources),
    ]


def _plain(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)


def _x(coverage: float) -> float:
    return round(MARGIN_PX + coverage * (WIDTH_PX - 2.5 * MARGIN_PX), 1)


def _y(precision: float) -> float:
    return round(HEIGHT_PX - MARGIN_PX - precision * (HEIGHT_PX - 2 * MARGIN_PX), 1)


def _ticks(value: float) -> str:
    return (
        f'<path d="M{_x(0)} {_y(value)}H{_x(1)}M{_x(value)} {_y(0)}V{_y(1)}" stroke="#ddd"/>'
        f'<text x="{_x(value)}" y="{_y(0) + 16}" text-anchor="middle">{value:g}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(value) + 4}" text-anchor="end">{value:g}</text>'
    )


def _line(number: int, points: list[CurvePoint]) -> str:
    colour = COLOURS[number]
    places = [(_x(point.coverage), _y(point.precision)) for point in points]
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{1 + 4 * point.whole:.1f}" fill="{colour}"/>'
        for (x, y), point in zip(places, points, strict=True)
    )
    path = " ".join(f"{x},{y}" for x, y in places)
    place = f'x="{WIDTH_PX - 1.5 * MARGIN_PX}" y="{MARGIN_PX + 18 * number}"'
    key = f'<text {place} fill="{colour}">support {points[0].support:g}</text>'
    return f'<polyline points="{path}" fill="none" stroke="{colour}"/>{dots}{key}'
