"""JSON objects inside text fields."""

import json
from typing import Any


def read_record(text: str) -> dict[str, Any]:
    """Return the JSON object that a text holds; an empty one where it holds none."""
    written = text.strip("\0 \t\r\n")
    if not written.startswith("{"):
        return {}
    try:
        record = json.loads(written)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
