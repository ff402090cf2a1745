"""Writes of attribution: embeddings of what is new, and inspiration lists of downloads that have none yet."""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model, Q, QuerySet

from attribution.attribute import attribute
from attribution.core.shares import METHOD, VERSION, EnergyParameters, Shares
from attribution.encoders import Encoder as LoadedEncoder
from attribution.encoders import Recipe, Rows, UnreadablePicture, embed_files, find_recipe, load_encoder
from attribution.models import (
    AttributionBatch,
    Embedding,
    EmbeddingFailure,
    Encoder,
    GenerationEmbedding,
    InspirationList,
    Method,
)
from attribution.search import create_index
from marketplace.models import Asset, Download, Generation, TrainingSetMember

logger = logging.getLogger(__name__)

PARAMETERS = EnergyParameters()
EMBED_AT_ONCE = 256
DOWNLOADS_AT_ONCE = 2_000


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


@transaction.atomic
def attribute_downloads(at: datetime) -> int:
    """Write the inspiration lists of up to 2,000 downloads; returns how many.

    Downloads wait until their generation and the whole training set of its model are embedded, but for pictures that
    cannot be read: what is not embedded yet would earn nothing. They are claimed by row locks that a killed worker
    loses, so each is attributed exactly once.
    """
    encoder = current_encoder(at)
    not_embedded = TrainingSetMember.objects.exclude(asset__embeddings__encoder=encoder).exclude(
        asset__embedding_failures__encoder=encoder
    )
    tried = Q(generation__embeddings__encoder=encoder) | Q(generation__embedding_failures__encoder=encoder)
    claimed = (
        Download.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(tried, inspiration_list__isnull=True)
        .exclude(generation__training_set__in=not_embedded.values("training_set"))
        .order_by("pk")[:DOWNLOADS_AT_ONCE]
    )
    by_training_set: dict[int, list[Download]] = defaultdict(list)
    for download in claimed.select_related("generation"):
        by_training_set[download.generation.training_set_id].append(download)
    for training_set_id, downloads in sorted(by_training_set.items()):
        _attribute_batch(training_set_id, downloads, encoder, at)
    return sum(map(len, by_training_set.values()))


def _attribute_batch(training_set_id: int, downloads: list[Download], encoder: Encoder, at: datetime) -> None:
    batch = AttributionBatch.objects.create(
        encoder=encoder,
        method=energy_method(),
        training_set_id=training_set_id,
        download_count=len(downloads),
        finished_at=at,
    )
    generation_ids = sorted({download.generation_id for download in downloads})
    shares = attribute(generation_ids, training_set_id, encoder, PARAMETERS)
    attributed_ids = {int(asset_id) for one in shares.values() for asset_id in one.asset_ids}
    contributors = dict(Asset.objects.filter(pk__in=attributed_ids).values_list("pk", "contributor_id"))
    InspirationList.objects.bulk_create(
        [_inspiration_list(download, batch, shares[download.generation_id], contributors) for download in downloads]
    )


def energy_method() -> Method:
    """The method and parameters that lists are computed with today."""
    method, _ = Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=asdict(PARAMETERS))
    return method


def _inspiration_list(
    download: Download, batch: AttributionBatch, shares: Shares, contributors: dict[int, int]
) -> InspirationList:
    asset_ids = [int(asset_id) for asset_id in shares.asset_ids]
    return InspirationList(
        download=download,
        batch=batch,
        asset_ids=asset_ids,
        contributor_ids=[contributors[asset_id] for asset_id in asset_ids],
        similarities=[float(similarity) for similarity in shares.similarities],
        shares_ppm=[int(share) for share in shares.share_ppm],
        unattributed_ppm=shares.unattributed_ppm,
    )
