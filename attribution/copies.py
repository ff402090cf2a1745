"""Copy checks: each generation beside the images of its training set that are nearest to it, proved by geometry."""

import logging
import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from PIL import Image

from attribution.core import geometry
from attribution.core.copies import METHOD, VERSION, CopyThresholds, Evidence, Tier, gravest, tier_of
from attribution.core.similarity import Vectors, top_k
from attribution.embed import current_encoder
from attribution.models import CopyCheck, CopyMatch, EmbeddingFailure, Encoder, Method
from attribution.search import generation_vectors, stream_vectors
from attribution.selectors import training_sets_not_embedded
from marketplace.core.release import Outcome
from marketplace.models import Asset, Generation
from marketplace.output_checks import record_output_check

logger = logging.getLogger(__name__)

THRESHOLDS = CopyThresholds()
SHORTLIST = 40
CHECK_AT_ONCE = 8
KEPT_FEATURES = 512  # pictures of which local features stay in memory, some 0.3 MB each
OUTCOMES = {
    Tier.UNREADABLE: Outcome.BLOCKED,
    Tier.NEAR_COPY: Outcome.BLOCKED,
    Tier.POSSIBLE_COPY: Outcome.REVIEW,
    Tier.NONE: Outcome.CLEAR,
}


@dataclass(frozen=True)
class Nearest:
    """An asset on a shortlist, with the encoder's cosine."""

    asset: Asset
    similarity: float


def copy_method() -> Method:
    """The method, thresholds and geometry that generations are checked with today."""
    parameters = {**asdict(THRESHOLDS), "shortlist": SHORTLIST, "geometry": geometry.VERSION}
    return Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=parameters)[0]


@transaction.atomic
def check_copies(at: datetime, of: QuerySet[Generation] | None = None) -> int:
    """Check up to 8 generations, of these or of all, that the method has not checked yet; returns how many.

    Generations wait until they and their whole training set are embedded. They are claimed by row locks that a killed
    worker loses. One whose picture the encoder cannot read is blocked: nobody knows what it copies.
    """
    encoder, method = current_encoder(at), copy_method()
    failed = EmbeddingFailure.objects.filter(encoder=encoder, generation__isnull=False)
    tried = Q(embeddings__encoder=encoder) | Q(pk__in=failed.values("generation"))
    pending = unchecked(of).filter(tried).exclude(training_set__in=training_sets_not_embedded(encoder))
    claimable = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")
    last_id, checked = 0, 0
    while not checked and (claimed := list(claimable.filter(pk__gt=last_id)[:CHECK_AT_ONCE])):
        checked, last_id = _check_all(claimed, method, encoder, at), claimed[-1].pk
    return checked


def unchecked(of: QuerySet[Generation] | None = None) -> QuerySet[Generation]:
    """Generations, of these or of all, that today's method has not checked yet."""
    return (Generation.objects.all() if of is None else of).exclude(copy_checks__method=copy_method())


def _check_all(generations: list[Generation], method: Method, encoder: Encoder, at: datetime) -> int:
    by_training_set: dict[int, list[Generation]] = defaultdict(list)
    for generation in generations:
        by_training_set[generation.training_set_id].append(generation)
    checked = 0
    for training_set_id, together in sorted(by_training_set.items()):
        ids, queries = generation_vectors([one.pk for one in together], encoder)
        shortlists = dict(zip(ids.tolist(), shortlist(queries, training_set_id, encoder), strict=True))
        for generation in together:
            checked += _check(generation, shortlists.get(generation.pk), method, encoder, at)
    return checked


def shortlist(queries: Vectors, training_set_id: int, encoder: Encoder) -> list[list[Nearest]]:
    """The assets of a training set that are nearest to each of the unit vectors (m, 512), nearest first."""
    ids, similarities = top_k(queries, stream_vectors(training_set_id, encoder), SHORTLIST)
    assets = Asset.objects.in_bulk(np.unique(ids[ids >= 0]).tolist())
    return [
        [Nearest(assets[pk], similarity) for pk, similarity in zip(row, near, strict=True) if pk in assets]
        for row, near in zip(ids.tolist(), similarities.tolist(), strict=True)
    ]


def _check(
    generation: Generation, nearest: Sequence[Nearest] | None, method: Method, encoder: Encoder, at: datetime
) -> bool:
    """Record the check of one generation; False where a picture is not there just now, which is tried again."""
    try:
        found = prove(features_of(str(generation.preview)), nearest) if nearest is not None else []
    except FileNotFoundError as error:
        logger.error("Generation %d is not checked, to be tried again: %s", generation.pk, error)
        return False
    tier = Tier.UNREADABLE if nearest is None else gravest([Tier(match.tier) for match in found])
    check = CopyCheck.objects.create(
        generation=generation,
        output_check=record_output_check(generation, OUTCOMES[tier], _in_words(tier, found), at),
        method=method,
        encoder=encoder,
        tier=tier,
        compared_count=len(nearest or ()),
        tools={"OpenCV": version("opencv-python-headless")},
        checked_at=at,
    )
    for match in found:
        match.copy_check = check
    CopyMatch.objects.bulk_create(found)
    return True


def prove(seen: geometry.Features, nearest: Sequence[Nearest]) -> list[CopyMatch]:
    """Matches, not stored, of a picture with those of the assets that it may copy, the gravest first.

    Raises FileNotFoundError where a picture is not there.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        proofs = threads.map(lambda near: geometry.match(seen, features_of(str(near.asset.preview))), nearest)
        found = [_match(near, proof) for near, proof in zip(nearest, proofs, strict=True) if proof]
    return sorted(found, key=lambda match: (list(Tier).index(Tier(match.tier)), -match.inliers))


def _match(near: Nearest, proof: geometry.Match) -> CopyMatch:
    evidence = Evidence(proof.inliers, proof.region_a_ppm, proof.region_b_ppm)
    return CopyMatch(
        asset=near.asset,
        tier=tier_of(evidence, THRESHOLDS),
        similarity=near.similarity,
        inliers=proof.inliers,
        is_mirrored=proof.is_mirrored,
        generation_area_ppm=proof.region_a_ppm,
        asset_area_ppm=proof.region_b_ppm,
        generation_region=proof.region_a,
        asset_region=proof.region_b,
    )


@lru_cache(maxsize=KEPT_FEATURES)
def features_of(preview: str) -> geometry.Features:
    """Local features of a stored preview: its name is the hash of its content, so they never change."""
    with Image.open(Path(default_storage.path(preview))) as image:
        image.draft("L", (2 * geometry.EDGE_PX, 2 * geometry.EDGE_PX))
        image.thumbnail((geometry.EDGE_PX, geometry.EDGE_PX))
        return geometry.features(np.asarray(image.convert("L")))


def _in_words(tier: Tier, found: Sequence[CopyMatch]) -> str:
    """The finding in plain words, for the reviewer."""
    if tier is Tier.UNREADABLE:
        return "Its picture could not be read, so nothing is known of what it copies."
    if not found:
        return "None of the nearest images of the training set has a region in common with it that could be proved."
    return " ".join(
        f"Image {match.asset_id}: {match.inliers} points agree; {match.generation_area_ppm / 10_000:.0f} % of the "
        f"generation is {match.asset_area_ppm / 10_000:.0f} % of the image{', mirrored' if match.is_mirrored else ''}."
        for match in found
    )
