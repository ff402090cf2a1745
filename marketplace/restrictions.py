"""The use restrictions that a new generator model starts with: a file for each version, which never changes."""

import json
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from marketplace.core.canonical import canonical
from marketplace.core.restrictions import check_restrictions

CURRENT_VERSION = "2026-11"
FOLDER = Path(__file__).parent / "use_restrictions"


def current_restrictions() -> dict[str, Any]:
    """The clauses of today, for models that say nothing else."""
    document: dict[str, Any] = json.loads((FOLDER / f"{CURRENT_VERSION}.json").read_text(encoding="utf-8"))
    return document


def validate_restrictions(document: object) -> None:
    """Raise ValidationError, with what is wrong, where the document is not a dated list of clauses."""
    try:
        check_restrictions(document)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def validate_summary(document: object) -> None:
    """Raise ValidationError where a summary cannot be part of a card, which is hashed and so has no floats."""
    if not isinstance(document, dict):
        raise ValidationError("A summary is a JSON object: what was measured, by name.")
    try:
        canonical(document)
    except TypeError as error:
        raise ValidationError(str(error)) from error
