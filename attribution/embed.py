"""Embeddings of assets and generations that an encoder has not tried yet, and which encoder that is."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max, Model, QuerySet

from attribution.encoders import Encoder as LoadedEncoder
from attribution.encoders import Recipe, UnreadablePicture, embed_files, find_recipe, load_encoder
from attribution.models import Embedding, EmbeddingFailure, Encoder, EncoderState, GenerationEmbedding
from attribution.preview import create_index
from attribution.tiles import Rows, Tiles
from marketplace.models import Asset, Generation

logger = logging.getLogger(__name__)

EMBED_AT_ONCE = 256

Pending = QuerySet[Asset] | QuerySet[Generation]


class EncoderNotHere(RuntimeError):
    """No recipe on this machine is the one that made the stored vectors; they cannot be compared with any other's."""


class One(NamedTuple):
    """One picture's unit vector (512,) and its tiles (t, 512)."""

    vector: Rows
    tiles: Tiles


class Batch(NamedTuple):
    """What was embedded at once: for how many pictures that is settled, and the last id among those claimed."""

    settled: int
    last_id: int


@transaction.atomic
def current_encoder(at: datetime) -> Encoder:
    """The current encoder. In a new installation it is that of ENCODER_RECIPE, registered here with its index."""
    stored = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    if stored is None:
        recipe = find_recipe(settings.ENCODER_RECIPE)
        stored, is_new = Encoder.objects.get_or_create(
            fingerprint=recipe.fingerprint,
            defaults={
                "name": recipe.name,
                "recipe": recipe.as_dict(),
                "state": EncoderState.CURRENT,
                "registered_at": at,
            },
        )
        if is_new:
            create_index(stored)
    return stored


def recipe_of(encoder: Encoder) -> Recipe:
    """The encoder's recipe: with the files that it was registered with or, where they have moved, as ENCODER_RECIPE.

    Their content decides, by the fingerprint. Raises `EncoderNotHere`.
    """
    with suppress(TypeError, ValueError, OSError):
        registered = Recipe(**{**encoder.recipe, "blocks": tuple(encoder.recipe.get("blocks", ()))})
        if registered.fingerprint == encoder.fingerprint:
            return registered
    with suppress(ValueError, OSError):
        configured = find_recipe(settings.ENCODER_RECIPE)
        if configured.fingerprint == encoder.fingerprint:
            return configured
    raise EncoderNotHere(
        f"The recipe of encoder {encoder} is not on this machine: neither the files that it was registered with nor "
        f"ENCODER_RECIPE {settings.ENCODER_RECIPE!r} have its fingerprint."
    )


@lru_cache(maxsize=1)
def loaded_encoder(fingerprint: str) -> LoadedEncoder:
    """The model of a stored encoder, one per worker: loaded at first use, after the fork. Raises `EncoderNotHere`."""
    return load_encoder(recipe_of(Encoder.objects.get(fingerprint=fingerprint)))


def pending_assets(encoder: Encoder) -> QuerySet[Asset]:
    """Assets that the encoder has not tried."""
    return Asset.objects.exclude(embeddings__encoder=encoder).exclude(embedding_failures__encoder=encoder)


def pending_generations(encoder: Encoder) -> QuerySet[Generation]:
    """Generations that the encoder has not tried; each of them may be sold tomorrow."""
    return Generation.objects.exclude(embeddings__encoder=encoder).exclude(embedding_failures__encoder=encoder)


def embed_assets(at: datetime) -> int:
    """Embed up to 256 assets that the current encoder has not tried yet; returns for how many that is settled."""
    encoder = current_encoder(at)
    return _embed(pending_assets(encoder), encoder, Embedding, "asset_id", at).settled


def embed_generations(at: datetime) -> int:
    """Embed up to 256 generations that the current encoder has not tried yet; returns for how many that is settled."""
    encoder = current_encoder(at)
    return _embed(pending_generations(encoder), encoder, GenerationEmbedding, "generation_id", at).settled


def pending_until_now(encoder: Encoder) -> tuple[QuerySet[Asset], QuerySet[Generation]]:
    """All that is there now and the encoder has not tried; what is uploaded later never comes to be among it."""
    newest_asset = Asset.objects.aggregate(pk=Max("pk", default=0))["pk"]
    newest_generation = Generation.objects.aggregate(pk=Max("pk", default=0))["pk"]
    return (
        pending_assets(encoder).filter(pk__lte=newest_asset),
        pending_generations(encoder).filter(pk__lte=newest_generation),
    )


def embed_all(
    encoder: Encoder, assets: QuerySet[Asset], generations: QuerySet[Generation], clock: Callable[[], datetime]
) -> Iterator[int]:
    """Embed those of them that are pending, in order of id; yields for how many each batch settled that.

    Passes over what another worker is embedding and over files that are not there: both stay pending.
    """
    kinds: tuple[tuple[Pending, type[Model], str], ...] = (
        (assets, Embedding, "asset_id"),
        (generations, GenerationEmbedding, "generation_id"),
    )
    for pending, stored, key in kinds:
        last_id = 0
        while (batch := _embed(pending.filter(pk__gt=last_id), encoder, stored, key, clock())).last_id:
            last_id = batch.last_id
            yield batch.settled


def _embed(pending: Pending, encoder: Encoder, stored: type[Model], key: str, at: datetime) -> Batch:
    """Store the embedding of each claimed picture or, where it cannot be read, the failure."""
    if not pending.exists():
        return Batch(0, 0)
    loaded = loaded_encoder(encoder.fingerprint)  # may be fetched from the hub: not while rows are locked
    with transaction.atomic():
        claimed = _claim(pending)
        embedded, unreadable = _read(loaded, claimed)
        stored._default_manager.bulk_create(
            stored(**{key: pk}, encoder=encoder, vector=one.vector, tiles=one.tiles.tobytes())
            for pk, one in embedded.items()
        )
        for pk, reason in unreadable.items():
            logger.warning("Encoder %s cannot read %s %d: %s", encoder, key, pk, reason)
            EmbeddingFailure.objects.create(**{key: pk}, encoder=encoder, reason=reason, failed_at=at)
    return Batch(len(embedded) + len(unreadable), claimed[-1][0] if claimed else 0)


def _claim(pending: Pending) -> list[tuple[int, str]]:
    """Ids and preview files of rows that no other worker is embedding; a killed worker's rows are free at once."""
    claimed = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")[:EMBED_AT_ONCE]
    return list(claimed.values_list("pk", "preview"))


def _read(loaded: LoadedEncoder, files: list[tuple[int, str]]) -> tuple[dict[int, One], dict[int, str]]:
    """Embeddings of stored previews, and why others cannot be read, by id.

    A file that is not there is neither: its storage may come back, and it is tried again with the next batch.
    """
    try:
        return dict(_embedded(loaded, files)), {}
    except UnreadablePicture:
        pass  # which of them cannot be read shows one by one
    embedded: dict[int, One] = {}
    unreadable = {}
    for file in files:
        try:
            embedded |= _embedded(loaded, [file])
        except UnreadablePicture as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno:
                logger.error("Not embedded, to be tried again: %s", error)
            else:
                unreadable[file[0]] = str(error)
    return embedded, unreadable


def _embedded(loaded: LoadedEncoder, files: list[tuple[int, str]]) -> Iterator[tuple[int, One]]:
    """Ids and embeddings of stored previews: our own re-encoded files, so decoding them here is safe."""
    paths = [Path(default_storage.path(name)) for _, name in files]
    for positions, embedded in embed_files(loaded, paths):
        for position, vector, tiles in zip(positions, embedded.vectors, embedded.tiles, strict=True):
            yield files[position][0], One(vector, tiles)
