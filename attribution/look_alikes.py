"""Assets that show what one of our own generations shows, made before they were uploaded.

The perceptual hash at upload finds whole pictures only. Once an asset is embedded, the generations nearest to it are
compared with it as assets are with one another: the embedding only says which, and what the pictures show decides. Such
an asset waits for a reviewer, by the marketplace's service. So does one that the operator's detector points at.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from attribution.detector import hold_if_generated
from attribution.embed import current_encoder
from attribution.models import Encoder, LookAlikeCheck
from attribution.same_picture import LEAST_SIMILARITY, prove_copy, stored_picture
from marketplace.models import Asset, Generation
from marketplace.own_generations import Match, hold_look_alike

logger = logging.getLogger(__name__)

CHECK_AT_ONCE = 32
MOST = 3
NEAREST = """
    SELECT e.generation_id FROM attribution_embedding AS own, LATERAL (
        SELECT g.id AS generation_id, e.vector <=> own.vector AS distance
        FROM attribution_generationembedding AS e JOIN marketplace_generation AS g ON g.id = e.generation_id
        WHERE e.encoder_id = own.encoder_id AND g.generated_at < %(before)s
        ORDER BY e.vector <=> own.vector LIMIT %(most)s
    ) AS e
    WHERE own.encoder_id = %(encoder)s AND own.asset_id = %(asset)s AND e.distance <= %(farthest)s ORDER BY e.distance
"""


@transaction.atomic
def find_look_alikes(at: datetime) -> int:
    """Compare up to 32 embedded assets with the generations made before them; returns how many.

    Assets are claimed by row locks that a killed worker loses. A picture that cannot be read just now is tried again.
    """
    encoder = current_encoder(at)
    pending = Asset.objects.filter(embeddings__encoder=encoder, look_alike_check__isnull=True).order_by("pk")
    claimable = pending.select_for_update(skip_locked=True, no_key=True, of=("self",))
    last_id, checks = 0, list[LookAlikeCheck]()
    while not checks and (claimed := list(claimable.filter(pk__gt=last_id)[:CHECK_AT_ONCE])):
        checks = [check for asset in claimed if (check := _check(asset, encoder, at)) is not None]
        last_id = claimed[-1].pk
    LookAlikeCheck.objects.bulk_create(checks)
    return len(checks)


def _check(asset: Asset, encoder: Encoder, at: datetime) -> LookAlikeCheck | None:
    """Compare one asset; None where a picture cannot be read just now, which is tried again."""
    try:
        near = _nearest(asset, encoder)
        for generation in near:
            _compare(asset, generation, at)
        hold_if_generated(asset, encoder, at)
    except OSError as error:
        logger.error("Asset %d is not compared with generations, to be tried again: %s", asset.pk, error)
        return None
    return LookAlikeCheck(asset=asset, compared_count=len(near), checked_at=at)


def _nearest(asset: Asset, encoder: Encoder) -> list[Generation]:
    """The generations made before the asset was ingested whose embeddings are nearest to its, the nearest first."""
    parameters: dict[str, Any] = {
        "encoder": encoder.pk,
        "asset": asset.pk,
        "before": asset.ingested_at,
        "most": MOST,
        "farthest": 1 - LEAST_SIMILARITY,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, parameters)
        ids = [pk for (pk,) in cursor.fetchall()]
    found = Generation.objects.in_bulk(ids)
    return [found[pk] for pk in ids]


def _compare(asset: Asset, generation: Generation, at: datetime) -> None:
    proof = prove_copy(stored_picture(str(generation.preview)), stored_picture(str(asset.preview)))
    if proof is not None:
        kind, evidence = proof
        likeness = f"{evidence['inliers']} local features agree" if kind == "features" else "the pixels agree"
        hold_look_alike(asset.submission, Match(generation, False, likeness), at)
