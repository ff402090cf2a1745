"""A bias report as one HTML file with its charts, and as JSON with the same figures."""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from marketplace.core.ppm import WHOLE_PPM
from payouts.probes_shown import question_shown, strips

STYLE_SHEET = "marketplace/site.css"
HTML_FILE, JSON_FILE = "bias-report.html", "bias-report.json"
PICTURES = "pictures"
"""The folder beside them, of what probe prompts brought forth."""
BAR_PX, LABEL_PX, WIDTH_PX = 10, 160, 720
TREND = (720, 200)
SERIES = {"training_set_ppm": 1.0, "attributed_ppm": 0.6, "pool_weight_ppm": 0.3}
"""What the bars show, each in its own opacity."""


def write_report(figures: dict[str, Any], folder: Path, at: datetime) -> None:
    """Write both files into the folder, which is made; each appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"made_at": at.isoformat(), **figures}, indent=1)
    for name, content in ((HTML_FILE, report_html(figures, folder, at)), (JSON_FILE, facts)):
        partial = folder / f"{name}.partial"
        partial.write_text(content, encoding="utf-8")
        partial.rename(folder / name)


def card_summary(figures: dict[str, Any], folder: Path) -> dict[str, str | int]:
    """What a generator model's card says of a report that was written into the folder: how skewed, and which file."""
    skew = {f"Gini coefficient of {name}, in ppm": found["gini_ppm"] for name, found in figures["skew"].items()}
    probed = {"Probe prompts": figures["probes"]["set"]} if "probes" in figures else {}
    return {**skew, **probed, "report": hashlib.sha256((folder / HTML_FILE).read_bytes()).hexdigest()}


def report_html(figures: dict[str, Any], folder: Path, at: datetime) -> str:
    """The report, which needs no other file: pictures from the folder are in it, small."""
    style_sheet = finders.find(STYLE_SHEET)
    assert isinstance(style_sheet, str)  # it is part of the source
    context = {
        "figures": figures,
        "made_at": at,
        "charts": {kind: bars(rows) for kind, rows in figures["labels"].items()},
        "lines": [(measure, points(figures["months"], measure)) for measure in ("gini_ppm", "top_one_percent_ppm")],
        "trend": TREND,
        "questions": [question_shown(each, figures["probes"]["prompts"]) for each in figures["probes"]["questions"]]
        if "probes" in figures
        else [],
        "strips": strips(figures["probes"]["prompts"], folder / PICTURES) if "probes" in figures else [],
        "style": Path(style_sheet).read_text(encoding="utf-8"),
    }
    return render_to_string("payouts/bias_report.html", context)


def bars(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Three bars for each label, in pixels: its part of the training set, of what is attributed and of the pools."""
    highest = max((row[name] for row in rows for name in SERIES), default=0) or 1
    step = BAR_PX * (len(SERIES) + 1)
    drawn = [
        {
            "y": step * place + BAR_PX * offset,
            "width": round((WIDTH_PX - LABEL_PX) * row[name] / highest, 1),
            "opacity": opacity,
            "title": f"{row['label']}, {name.removesuffix('_ppm').replace('_', ' ')}: {row[name] / 10_000:.2f} %",
        }
        for place, row in enumerate(rows)
        for offset, (name, opacity) in enumerate(SERIES.items())
    ]
    labels = [{"y": step * place + 2 * BAR_PX, "text": row["label"][:22]} for place, row in enumerate(rows)]
    size = {"width": WIDTH_PX, "height": step * max(len(rows), 1), "left": LABEL_PX, "thickness": BAR_PX - 1}
    return {"bars": drawn, "labels": labels, "rows": rows, **size}


def points(months: dict[str, dict[str, int]], measure: str) -> str:
    """A measure from month to month as the points of a line, 0 at the bottom and 1 at the top."""
    width, height = TREND
    step = width / max(len(months) - 1, 1)
    return " ".join(
        f"{round(step * place, 1)},{round(height * (1 - month[measure] / WHOLE_PPM), 1)}"
        for place, month in enumerate(months.values())
    )
