"""JSON objects inside text fields."""

import json
from typing import Any


def read_record(text: str) -> dict[str, Any]:
    """Return the JSON object that a text holds; an empty one where it holds none."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
