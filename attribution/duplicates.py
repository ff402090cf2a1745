"""Copies of earlier assets, looked for once an asset is embedded: found by likeness, proved by what the pictures show.

A hash or an embedding only says which pictures to compare. An asset is compared with those ingested before it and with
no others, so that nobody's picture becomes a copy by what somebody uploads later.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from threadpoolctl import threadpool_limits

from attribution.embed import current_encoder
from attribution.groups import date_of_links
from attribution.models import DuplicateCheck, Encoder, NearDuplicate, PerceptualHash
from attribution.same_picture import (
    HASH_BITS,
    LEAST_SIMILARITY,
    MOST_BY_EMBEDDING,
    MOST_BY_HASH,
    open_preview,
    perceptual_hashes,
    prove_copy,
    stored_picture,
)
from attribution.search import nearest_earlier
from marketplace.hash_search import flips_within, near_bands
from marketplace.hashes import perceptual_hash
from marketplace.models import Asset

logger = logging.getLogger(__name__)

HASH_AT_ONCE = 256
CHECK_AT_ONCE = 32

BY_HASH = f"""
    SELECT asset_id, min(distance) FROM ({near_bands("attribution_perceptualhash", "asset_id")}) AS near
    WHERE asset_id < %(before)s AND distance <= %(bits)s
    GROUP BY asset_id ORDER BY min(distance), asset_id LIMIT %(most)s
"""  # noqa: S608 -- of constants only
FLIPS = flips_within(HASH_BITS)


def hash_assets(at: datetime) -> int:
    """Store the perceptual hashes of up to 256 embedded assets that have none; returns of how many."""
    pending = Asset.objects.filter(embeddings__encoder=current_encoder(at), perceptual_hash__isnull=True)
    with transaction.atomic():
        claimed = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")[:HASH_AT_ONCE]
        hashes = []
        for asset in claimed:
            with _logged(asset):
                hashes.append(
                    PerceptualHash(asset=asset, hash=perceptual_hash(open_preview(_preview(asset))), hashed_at=at)
                )
        PerceptualHash.objects.bulk_create(hashes)
    return len(hashes)


def find_duplicates(at: datetime) -> int:
    """Compare up to 32 hashed assets with those ingested before them, and link the copies; returns how many.

    Assets are claimed by row locks that a killed worker loses.
    """
    encoder = current_encoder(at)
    with transaction.atomic(), threadpool_limits(1, "blas"):  # products so small that threads only wait for one another
        claimed = _comparable(encoder).select_for_update(skip_locked=True, no_key=True, of=("self",))
        checks: list[DuplicateCheck] = []
        links: list[NearDuplicate] = []
        for asset in claimed.order_by("pk")[:CHECK_AT_ONCE]:
            with _logged(asset):
                earlier = _alike(asset, encoder)
                links += _copies_first_of(asset, earlier)
                checks.append(DuplicateCheck(asset=asset, compared_count=len(earlier), checked_at=at))
        _store_links(links, at)
        DuplicateCheck.objects.bulk_create(checks)
    return len(checks)


def _comparable(encoder: Encoder) -> QuerySet[Asset]:
    """Assets not compared yet, before which all are hashed or unreadable: no order of work changes what is found."""
    unhashed = Asset.objects.filter(perceptual_hash__isnull=True).exclude(embedding_failures__encoder=encoder)
    first_unhashed = unhashed.order_by("pk").values_list("pk", flat=True).first()
    pending = Asset.objects.filter(perceptual_hash__isnull=False, duplicate_check__isnull=True)
    return pending if first_unhashed is None else pending.filter(pk__lt=first_unhashed)


def _alike(asset: Asset, encoder: Encoder) -> dict[int, int | None]:
    """Earlier assets to compare with, in order of ingest, and how many bits of their hash differ where that is few."""
    near = dict.fromkeys(nearest_earlier(asset.pk, encoder, MOST_BY_EMBEDDING, LEAST_SIMILARITY))
    by_hash = earlier_by_hash(perceptual_hashes(open_preview(_preview(asset))), asset.pk)
    return dict(sorted((near | by_hash).items()))


def earlier_by_hash(hashes: list[int], asset_id: int) -> dict[int, int]:
    """The assets ingested before that one whose hashes are nearest to any of these, and how many bits differ.

    All within HASH_BITS are found, and the first MOST_BY_HASH of them returned.
    """
    with connection.cursor() as cursor:
        cursor.execute(BY_HASH, {"ways": hashes, "before": asset_id, "bits": HASH_BITS, "most": MOST_BY_HASH, **FLIPS})
        return dict(cursor.fetchall())


def _copies_first_of(asset: Asset, earlier: dict[int, int | None]) -> Iterator[NearDuplicate]:
    """The link to the first of the earlier assets that it is proved to be a copy of."""
    pictures = Asset.objects.in_bulk(earlier)
    for asset_id, hash_distance in earlier.items():
        proof = prove_copy(stored_picture(_preview(pictures[asset_id])), stored_picture(_preview(asset)))
        if proof is not None:
            kind, evidence = proof
            yield NearDuplicate(
                asset=asset, original_id=asset_id, proof=kind, evidence={**evidence, "hash_distance": hash_distance}
            )
            return


def _store_links(links: list[NearDuplicate], at: datetime) -> None:
    if links:
        detected_at = date_of_links(at)
        for link in links:
            link.detected_at = detected_at
        NearDuplicate.objects.bulk_create(links)


def _preview(asset: Asset) -> str:
    return str(asset.preview.name)


@contextmanager
def _logged(asset: Asset) -> Iterator[None]:
    """An asset is tried again with the next batch where its file, or one that it is compared with, cannot be read."""
    try:
        yield
    except OSError:
        logger.exception("Asset %d is not compared with earlier ones yet.", asset.pk)
