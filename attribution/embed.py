"""Embeddings of assets and generations that the current encoder has not tried yet."""

import logging
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, QuerySet

from attribution.encoders import Encoder as LoadedEncoder
from attribution.encoders import Recipe, Rows, UnreadablePicture, embed_files, find_recipe, load_encoder
from attribution.models import Embedding, EmbeddingFailure, Encoder, GenerationEmbedding
from attribution.search import create_index
from marketplace.models import Asset, Generation

logger = logging.getLogger(__name__)

EMBED_AT_ONCE = 256


class EncoderMismatch(RuntimeError):
    """The configured recipe is not the one that made the stored vectors; they cannot be compared."""


@transaction.atomic
def current_encoder(at: datetime) -> Encoder:
    """The encoder of the configured recipe, registered (and its index made) at first use. Raises `EncoderMismatch`."""
    recipe = find_recipe(settings.ENCODER_RECIPE)
    stored = Encoder.objects.filter(is_current=True).first()
    if stored is None:
        stored, is_new = Encoder.objects.get_or_create(
            fingerprint=recipe.fingerprint,
            defaults={"name": recipe.name, "recipe": recipe.as_dict(), "is_current": True, "registered_at": at},
        )
        if is_new:
            create_index(stored)
    if stored.fingerprint != recipe.fingerprint:
        raise EncoderMismatch(
            f"The stored vectors are of encoder {stored}, the configured recipe {recipe.name} is "
            f"{recipe.fingerprint[:12]}: set ENCODER_RECIPE back to {stored.name}."
        )
    return stored


@cache
def _loaded(recipe: Recipe) -> LoadedEncoder:
    """One model in memory per worker process, loaded at first use: after the fork, never before."""
    return load_encoder(recipe)


def embed_assets(at: datetime) -> int:
    """Embed up to 256 assets that the current encoder has not tried yet; returns for how many that is settled."""
    encoder = current_encoder(at)
    pending = Asset.objects.exclude(embeddings__encoder=encoder).exclude(embedding_failures__encoder=encoder)
    return _embed(pending, encoder, Embedding, "asset_id", at)


def embed_generations(at: datetime) -> int:
    """Embed up to 256 generations that the current encoder has not tried yet; returns for how many that is settled."""
    encoder = current_encoder(at)
    pending = Generation.objects.exclude(embeddings__encoder=encoder).exclude(embedding_failures__encoder=encoder)
    return _embed(pending, encoder, GenerationEmbedding, "generation_id", at)


def _embed(
    pending: QuerySet[Asset] | QuerySet[Generation],
    encoder: Encoder,
    stored: type[Model],
    key: str,
    at: datetime,
) -> int:
    """Store a vector for each claimed picture or, where it cannot be read, the failure."""
    if not pending.exists():
        return 0
    loaded = _loaded(find_recipe(settings.ENCODER_RECIPE))  # may be fetched from the hub: not while rows are locked
    with transaction.atomic():
        vectors, unreadable = _read(loaded, _claim(pending))
        stored._default_manager.bulk_create(
            stored(**{key: pk}, encoder=encoder, vector=vector) for pk, vector in vectors.items()
        )
        for pk, reason in unreadable.items():
            logger.warning("Encoder %s cannot read %s %d: %s", encoder, key, pk, reason)
            EmbeddingFailure.objects.create(**{key: pk}, encoder=encoder, reason=reason, failed_at=at)
    return len(vectors) + len(unreadable)


def _claim(pending: QuerySet[Asset] | QuerySet[Generation]) -> list[tuple[int, str]]:
    """Ids and preview files of rows that no other worker is embedding; a killed worker's rows are free at once."""
    claimed = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")[:EMBED_AT_ONCE]
    return list(claimed.values_list("pk", "preview"))


def _read(loaded: LoadedEncoder, files: list[tuple[int, str]]) -> tuple[dict[int, Rows], dict[int, str]]:
    """Unit vectors of stored previews, and why others cannot be read, by id.

    A file that is not there is neither: its storage may come back, and it is tried again with the next batch.
    """
    try:
        return dict(_vectors(loaded, files)), {}
    except UnreadablePicture:
        pass  # which of them cannot be read shows one by one
    vectors: dict[int, Rows] = {}
    unreadable = {}
    for file in files:
        try:
            vectors |= _vectors(loaded, [file])
        except UnreadablePicture as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno:
                logger.error("Not embedded, to be tried again: %s", error)
            else:
                unreadable[file[0]] = str(error)
    return vectors, unreadable


def _vectors(loaded: LoadedEncoder, files: list[tuple[int, str]]) -> Iterator[tuple[int, Rows]]:
    """Ids and unit vectors of stored previews: our own re-encoded files, so decoding them here is safe."""
    paths = [Path(default_storage.path(name)) for _, name in files]
    for positions, vectors in embed_files(loaded, paths):
        for position, vector in zip(positions, vectors, strict=True):
            yield files[position][0], vector
