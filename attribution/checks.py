"""Start-up checks of attribution: the database can search vectors, and the encoder is the one that made them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import ProgrammingError, connection

from attribution.models import Encoder
from attribution.recipes import find_recipe

OLDEST_PGVECTOR = (0, 8)
OTHER_ENCODER = "tributary.E104"


@register(Tags.database)
def check_pgvector(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E101: pgvector is missing. E102: it is older than 0.8, which lacks iterative index scans."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'"
        )
        row = cursor.fetchone()
    hint = "Install pgvector 0.8 or newer on the database server, or unset DATABASE_URL to use the embedded one."
    if row is None:
        return [Error("The database server has no pgvector.", hint=hint, id="tributary.E101")]
    if tuple(int(part) for part in row[0].split(".")[:2]) < OLDEST_PGVECTOR:
        return [Error(f"The database server's pgvector {row[0]} is too old.", hint=hint, id="tributary.E102")]
    return []


@register(Tags.database)
def check_encoder(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E103: the recipe or a file of it is missing. E104: stored vectors are of another.

    E106: it does not take the mean off. W105: it is the compact one.
    """
    try:
        recipe = find_recipe(settings.ENCODER_RECIPE)
        fingerprint = recipe.fingerprint
    except (ValueError, OSError) as error:
        return [Error(str(error), hint="Correct ENCODER_RECIPE.", id="tributary.E103")]
    if recipe.statistics is None:
        return [
            Error(
                f"ENCODER_RECIPE {settings.ENCODER_RECIPE!r} has no statistics: without the mean removed, any two "
                "pictures look alike and shares mean nothing.",
                hint="Run manage.py fit_encoder on pictures kept apart from the catalogue, and set ENCODER_RECIPE to "
                "the file that it writes.",
                id="tributary.E106",
            )
        ]
    try:
        stored = Encoder.objects.filter(is_current=True).first()
    except ProgrammingError:  # the tables are not there yet: migrate runs these checks too
        stored = None
    if stored is not None and stored.fingerprint != fingerprint:
        return [
            Error(
                f"ENCODER_RECIPE {settings.ENCODER_RECIPE!r} is not the recipe that made the stored embeddings "
                f"({stored.name}, fingerprint {stored.fingerprint[:12]}).",
                hint="Vectors of two encoders cannot be compared: set ENCODER_RECIPE back to the stored one.",
                id=OTHER_ENCODER,
            )
        ]
    if recipe.name == "compact" and not settings.DEBUG:
        return [
            Warning(
                "The compact encoder is in use. It is for trying things out; people should not be paid by it.",
                hint="Run manage.py fit_encoder vit-b-32, and set ENCODER_RECIPE to the file that it writes.",
                id="tributary.W105",
            )
        ]
    return []
