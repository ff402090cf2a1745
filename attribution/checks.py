"""Start-up checks of attribution: the database can search vectors, and the encoder is the one that made them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import ProgrammingError, connection

from attribution.detector import read
from attribution.embed import EncoderNotHere, recipe_of
from attribution.faces import FacesUnavailable, require_weights
from attribution.models import Encoder, EncoderState, PreviewRecall
from attribution.recall import BOUND_PPM
from attribution.recipes import Recipe, find_recipe
from attribution.sscd import SscdUnavailable, sscd_sha256
from marketplace.core.ppm import WHOLE_PPM

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
    """The encoder that is used: the current one or, in a new installation, that of ENCODER_RECIPE.

    E103: the latter's recipe or a file of it is missing. E104: the former's is. E106: it does not take the mean off.
    W105: it is the compact one. W107: ENCODER_RECIPE names another, which changes nothing.
    """
    stored = _current_encoder()
    try:
        recipe = recipe_of(stored) if stored else find_recipe(settings.ENCODER_RECIPE)
        fingerprint = recipe.fingerprint
    except EncoderNotHere as error:
        hint = "Put its files back, or let ENCODER_RECIPE say where they are; manage.py reembed changes to another."
        return [Error(str(error), hint=hint, id=OTHER_ENCODER)]
    except (ValueError, OSError) as error:
        return [Error(str(error), hint="Correct ENCODER_RECIPE.", id="tributary.E103")]
    if recipe.statistics is None:
        return [_no_statistics(recipe)]
    return [*_compact(recipe), *(_other_setting(stored, fingerprint) if stored else [])]


@register(Tags.database)
def check_detectors_encoder(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E112: the detector was trained with another encoder than the current; no upload could be compared any more."""
    stored = _current_encoder()
    if stored is None or not settings.DETECTOR:
        return []
    with suppress(KeyError, OSError, ValueError):  # of a file that is no detector `check_detector` speaks
        if read(settings.DETECTOR).fingerprint != stored.fingerprint:
            return [
                Error(
                    f"DETECTOR {settings.DETECTOR!r} was trained with another encoder than {stored}.",
                    hint="Train it again with manage.py train_detector, or set DETECTOR to nothing.",
                    id="tributary.E112",
                )
            ]
    return []


@register(Tags.database)
def check_preview(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """W108: the preview before a sale missed too many images when it was last measured."""
    try:
        newest = PreviewRecall.objects.filter(encoder__state=EncoderState.CURRENT).order_by("measured_on").last()
    except ProgrammingError:
        return []
    if newest is None or newest.recall_ppm >= BOUND_PPM:
        return []
    return [
        Warning(
            f"The preview found {newest} of the nearest images, and {BOUND_PPM / WHOLE_PPM} are asked for. Shares are "
            "not affected: they never come from it.",
            hint=f"Build its index again: REINDEX INDEX CONCURRENTLY embedding_hnsw_{newest.encoder_id};",
            id="tributary.W108",
        )
    ]


@register(Tags.files)
def check_sscd(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E109: the weights of SSCD are configured and not there; no generation could be checked, so none could be sold."""
    try:
        sscd_sha256()
    except SscdUnavailable as error:
        return [Error(str(error), hint="Correct SSCD_WEIGHTS.", id="tributary.E109")]
    return []


@register(Tags.files)
def check_detector(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E110: a detector is configured and not there; no upload could be compared any more."""
    if not settings.DETECTOR:
        return []
    try:
        read(settings.DETECTOR)
    except (KeyError, OSError, ValueError) as error:
        return [
            Error(
                f"DETECTOR {settings.DETECTOR!r} is no detector: {error}.",
                hint="Set it to a file that train_detector wrote, or to nothing.",
                id="tributary.E110",
            )
        ]
    return []


@register(Tags.files)
def check_faces(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """W111: no faces can be found; generations that must show no people would wait, unchecked and unsold."""
    try:
        require_weights()
    except FacesUnavailable as error:
        return [
            Warning(
                f"Faces cannot be found, so generations that must show no people are not sold: {error}",
                hint="Install what constraints.txt names.",
                id="tributary.W111",
            )
        ]
    return []


def _current_encoder() -> Encoder | None:
    """None also where the tables are not there yet: migrate runs these checks too."""
    try:
        return Encoder.objects.filter(state=EncoderState.CURRENT).first()
    except ProgrammingError:
        return None


def _no_statistics(recipe: Recipe) -> CheckMessage:
    return Error(
        f"Recipe {recipe.name} has no statistics: without the mean removed, any two pictures look alike and shares "
        "mean nothing.",
        hint="Run manage.py fit_encoder on pictures kept apart from the catalogue, and use the recipe that it writes.",
        id="tributary.E106",
    )


def _compact(recipe: Recipe) -> list[CheckMessage]:
    if recipe.name != "compact" or settings.DEBUG:
        return []
    return [
        Warning(
            "The compact encoder is in use. It is for trying things out; people should not be paid by it.",
            hint="Run manage.py fit_encoder vit-b-16, and then manage.py reembed on the file that it writes.",
            id="tributary.W105",
        )
    ]


def _other_setting(stored: Encoder, fingerprint: str) -> list[CheckMessage]:
    with suppress(ValueError, OSError):
        if find_recipe(settings.ENCODER_RECIPE).fingerprint == fingerprint:
            return []
    return [
        Warning(
            f"ENCODER_RECIPE {settings.ENCODER_RECIPE!r} is not the current encoder, {stored}, which stays in use.",
            hint="Only a new installation reads this setting. Set it to the current encoder's recipe, or change the "
            "encoder with manage.py reembed.",
            id="tributary.W107",
        )
    ]
