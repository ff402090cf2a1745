"""Writes of attribution: embeddings of what is new, and inspiration lists of downloads that have none yet."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from attribution.attribute import attribute
from attribution.core.shares import METHOD, VERSION, EnergyParameters, Shares
from attribution.encoders import Encoder as LoadedEncoder
from attribution.encoders import Recipe, embed_files, find_recipe, load_encoder
from attribution.models import (
    AttributionBatch,
    Embedding,
    Encoder,
    GenerationEmbedding,
    InspirationList,
    Method,
)
from attribution.search import create_index
from marketplace.models import Asset, Download, Generation, TrainingSetMember

PARAMETERS = EnergyParameters()
EMBED_AT_ONCE = 256
DOWNLOADS_AT_ONCE = 2_000


class EncoderMismatch(RuntimeError):
    """The configured recipe is not the one that made the stored vectors; they cannot be compared."""


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


@transaction.atomic
def embed_assets(at: datetime) -> int:
    """Embed up to 256 assets that have no vector of the current encoder; returns how many."""
    encoder = current_encoder(at)
    files = _claim(Asset.objects.exclude(embeddings__encoder=encoder))
    rows = [Embedding(asset_id=pk, encoder=encoder, vector=vector) for pk, vector in _vectors(files)]
    return len(Embedding.objects.bulk_create(rows))


@transaction.atomic
def embed_generations(at: datetime) -> int:
    """Embed up to 256 generations that have no vector of the current encoder; returns how many."""
    encoder = current_encoder(at)
    files = _claim(Generation.objects.exclude(embeddings__encoder=encoder))
    rows = [GenerationEmbedding(generation_id=pk, encoder=encoder, vector=vector) for pk, vector in _vectors(files)]
    return len(GenerationEmbedding.objects.bulk_create(rows))


def _claim(pending: QuerySet[Asset] | QuerySet[Generation]) -> list[tuple[int, str]]:
    """Ids and preview files of rows that no other worker is embedding; a killed worker's rows are free at once."""
    claimed = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")[:EMBED_AT_ONCE]
    return list(claimed.values_list("pk", "preview"))


def _vectors(files: list[tuple[int, str]]) -> Iterable[tuple[int, NDArray[np.float32]]]:
    """Ids and unit vectors of stored previews: our own re-encoded files, so decoding them here is safe."""
    if not files:
        return
    paths = [Path(default_storage.path(name)) for _, name in files]
    for positions, vectors in embed_files(_loaded(find_recipe(settings.ENCODER_RECIPE)), paths):
        for position, vector in zip(positions, vectors, strict=True):
            yield files[position][0], vector


@transaction.atomic
def attribute_downloads(at: datetime) -> int:
    """Write the inspiration lists of up to 2,000 downloads; returns how many.

    Downloads wait until their generation and the whole training set of its model are embedded: what is not embedded yet
    would earn nothing. They are claimed by row locks that a killed worker loses, so each is attributed exactly once.
    """
    encoder = current_encoder(at)
    not_embedded = TrainingSetMember.objects.exclude(asset__embeddings__encoder=encoder)
    claimed = (
        Download.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        .filter(inspiration_list__isnull=True, generation__embeddings__encoder=encoder)
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
