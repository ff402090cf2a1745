"""A replication audit as one HTML file with its pictures, and as JSON with the same facts."""

import base64
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from PIL import Image

from attribution.audit import Audit
from attribution.core.copies import Tier
from attribution.models import ReplicationAudit
from marketplace.generator_models import AuditFindings, record_model_audit
from marketplace.images import derivative
from marketplace.models import GeneratorModel

STYLE_SHEET = "marketplace/site.css"
SHOWN = 60  # matches with pictures: the file stays below some 6 MB
PICTURE_EDGE = 320
CHART = (720, 220)  # the width and height of the histogram

HTML_FILE, JSON_FILE = "replication-audit.html", "replication-audit.json"


def write_report(audit: Audit, model: GeneratorModel, folder: Path, at: datetime) -> ReplicationAudit:
    """Write both files into the folder, which is made, and record the audit with the report's SHA-256.

    A draft that it speaks for is audited then.
    """
    html = report_html(audit, model, at).encode()
    folder.mkdir(parents=True, exist_ok=True)
    facts = json.dumps({"made_at": at.isoformat(), **audit.figures}, indent=1).encode()
    for name, content in ((HTML_FILE, html), (JSON_FILE, facts)):
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        partial.rename(folder / name)
    return _record(audit, model, hashlib.sha256(html).hexdigest(), at)


@transaction.atomic
def _record(audit: Audit, model: GeneratorModel, report_sha256: str, at: datetime) -> ReplicationAudit:
    tiers = audit.figures["tiers"]
    found = AuditFindings(
        generations=audit.figures["generations"],
        near_copies=tiers[Tier.NEAR_COPY]["count"],
        possible_copies=tiers[Tier.POSSIBLE_COPY]["count"],
        method=audit.figures["method"]["name"],
        report_sha256=report_sha256,
    )
    return ReplicationAudit.objects.create(
        generator_model=model,
        model_audit=record_model_audit(model, audit.training_set, found, at),
        figures=audit.figures,
        report_sha256=report_sha256,
        made_at=at,
    )


def report_html(audit: Audit, model: GeneratorModel, at: datetime) -> str:
    """The report, which needs no other file."""
    style_sheet = finders.find(STYLE_SHEET)
    assert isinstance(style_sheet, str)  # it is part of the source
    context = {
        "model": model,
        "made_at": at,
        "figures": audit.figures,
        "rates": [
            {"tier": tier, "found": audit.figures["tiers"][tier], "false": audit.figures["unrelated"]["tiers"][tier]}
            for tier in Tier
        ],
        "bars": bars(audit.figures["histogram"]),
        "chart": CHART,
        "shown": [
            {
                "match": match,
                "facts": facts,
                "generation_url": _data_url(match.copy_check.generation.preview),
                "asset_url": _data_url(match.asset.preview),
            }
            for match, facts in list(zip(audit.matches, audit.figures["matches"], strict=True))[:SHOWN]
        ],
        "style": Path(style_sheet).read_text(encoding="utf-8"),
    }
    return render_to_string("attribution/replication_report.html", context)


def bars(histogram: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Rectangles of the histogram, two a bin, in the pixels of the chart."""
    width, height = CHART
    highest = max(*histogram["generations"], *histogram["background"])
    step = width / len(histogram["generations"])
    return [
        {
            "series": series,
            "x": round(step * place + offset * step / 2, 1),
            "y": round(height * (1 - part / highest), 1),
            "width": round(step / 2 - 1, 1),
            "height": round(height * part / highest, 1),
            "label": f"{part:.1%} of {series}, {low:.2f} to {high:.2f}",
        }
        for offset, series in enumerate(("generations", "background"))
        for place, (part, low, high) in enumerate(
            zip(histogram[series], histogram["edges"], histogram["edges"][1:], strict=False)
        )
    ]


def _data_url(preview: FieldFile) -> str:
    with preview.open("rb") as file, Image.open(file) as image:
        return f"data:image/jpeg;base64,{base64.b64encode(derivative(image, PICTURE_EDGE)).decode()}"
