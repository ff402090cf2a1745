"""The AIGC label that Chinese law asks of generators (GB 45438-2025, TC260-PG-20258A)."""

import re
from collections.abc import Iterator

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import DEFUSEDXML, PILLOW, Subject, evidence
from marketplace.screening.records import read_record

TC260_AIGC = re.compile(r"\{https?://(?:www\.)?tc260\.org\.cn/ns/AIGC/1\.0/?\}AIGC", re.IGNORECASE)
MEANINGS = {
    "1": (Verdict.REJECT, "aigc_label_generated"),
    "2": (Verdict.HOLD, "aigc_label_possibly_generated"),
    "3": (Verdict.HOLD, "aigc_label_suspected_generated"),
}


def check(subject: Subject) -> list[Signal]:
    """Reject a file labelled as generated (1); hold one labelled as possibly (2) or suspectedly (3) so."""
    signals = []
    for field, label, value, tool in _labels(subject):
        if label in MEANINGS:
            verdict, reason = MEANINGS[label]
            signals.append(Signal("aigc_label", verdict, reason, evidence(field, value, tool)))
    return signals


def _labels(subject: Subject) -> Iterator[tuple[str, str, str, str]]:
    """Yield field, label, value and tool: from the XMP property, and from a text that holds the same JSON object."""
    for found in subject.xmp:
        if not found.nested and TC260_AIGC.fullmatch(found.name):
            yield found.name, _label(read_record(found.value)), found.value, DEFUSEDXML
    for text in subject.texts:
        if text.container != "XMP":
            labelled = text.record if text.key == "AIGC" else text.record.get("AIGC")
            yield text.name, _label(labelled), text.value, PILLOW


def _label(record: object) -> str:
    if not isinstance(record, dict):
        return ""
    inner = record.get("AIGC", record)
    return str(inner.get("Label", "")) if isinstance(inner, dict) else ""
