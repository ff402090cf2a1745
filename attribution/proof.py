"""Proof that a picture copies assets: the nearest of a training set by the encoder, and what both have in common."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.conf import settings
from PIL import Image
from threadpoolctl import threadpool_limits

from attribution import same_picture
from attribution.core import geometry
from attribution.core.copies import CopyThresholds, Evidence, Tier, tier_of
from attribution.core.similarity import Vectors, top_k
from attribution.models import CopyMatch, Encoder
from attribution.search import stream_vectors
from attribution.sscd import Vector, sscd_vector
from marketplace.models import Asset

THRESHOLDS = CopyThresholds()
SHORTLIST = 40
SSCD_KEPT = 10_000  # descriptors in memory, 2 kB each


@dataclass(frozen=True)
class Nearest:
    """An asset on a shortlist, with the encoder's cosine."""

    asset: Asset
    similarity: float


@dataclass(frozen=True, eq=False)
class Picture:
    """What copies are proved by: local features and, where it is configured, SSCD's descriptor."""

    features: geometry.Features
    sscd: Vector | None


def shortlist(queries: Vectors, training_set_id: int, encoder: Encoder) -> list[list[Nearest]]:
    """The assets of a training set that are nearest to each of the unit vectors (m, 512), nearest first."""
    ids, similarities = top_k(queries, stream_vectors(training_set_id, encoder), SHORTLIST)
    assets = Asset.objects.in_bulk(np.unique(ids[ids >= 0]).tolist())
    return [
        [Nearest(assets[pk], similarity) for pk, similarity in zip(row, near, strict=True) if pk in assets]
        for row, near in zip(ids.tolist(), similarities.tolist(), strict=True)
    ]


def prove(seen: Picture, nearest: Sequence[Nearest]) -> list[CopyMatch]:
    """Matches, not stored, of a picture with those of the assets that it may copy, the gravest first.

    Raises OSError where a picture is not there or damaged, and `SscdUnavailable`.
    """
    # Products of features are so small that several threads for one only wait for one another: five times the time.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as threads:
        compared = threads.map(lambda near: _compare(seen, near), nearest)
        found = [match for match in compared if match.tier != Tier.NONE]
    return sorted(found, key=lambda match: (list(Tier).index(Tier(match.tier)), -match.inliers))


def evidence_of(proof: geometry.Match | None, sscd_similarity: float | None) -> Evidence:
    """What speaks for a copy, of the match of a generation with an asset and SSCD's cosine of both."""
    if proof is None:
        return Evidence(sscd_similarity=sscd_similarity)
    return Evidence(proof.inliers, proof.inlier_ratio, proof.region_a_ppm, proof.region_b_ppm, sscd_similarity)


def _compare(seen: Picture, near: Nearest) -> CopyMatch:
    other = read_stored(str(near.asset.preview))
    proof = geometry.match(seen.features, other.features)
    sscd = None if seen.sscd is None or other.sscd is None else float(seen.sscd @ other.sscd)
    evidence = evidence_of(proof, sscd)
    return CopyMatch(
        asset=near.asset,
        tier=tier_of(evidence, THRESHOLDS),
        similarity=near.similarity,
        sscd_similarity=sscd,
        inliers=evidence.inliers,
        inlier_ratio=proof.inlier_ratio if proof else None,
        is_mirrored=proof.is_mirrored if proof else False,
        generation_area_ppm=evidence.generation_area_ppm,
        asset_area_ppm=evidence.asset_area_ppm,
        generation_region=proof.region_a if proof else [],
        asset_region=proof.region_b if proof else [],
    )


def read_picture(image: Image.Image) -> Picture:
    """What is known of an RGB picture. Raises `SscdUnavailable`."""
    return Picture(same_picture.read_picture(image).features, sscd_vector(image))


def read_stored(preview: str) -> Picture:
    """What is known of a stored preview. Raises as `open_preview` does, and `SscdUnavailable`."""
    return Picture(same_picture.stored_picture(preview).features, _stored_sscd(preview, settings.SSCD_WEIGHTS))


@lru_cache(SSCD_KEPT)
def _stored_sscd(preview: str, weights: str) -> Vector | None:
    return sscd_vector(same_picture.open_preview(preview)) if weights else None
