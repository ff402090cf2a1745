"""How near a generation comes to a copy of a training image, and how sure a rate of copies is."""

from dataclasses import dataclass
from enum import StrEnum

from scipy.stats import binomtest

METHOD = "copy check"
VERSION = 1


class Tier(StrEnum):
    """What a generation is beside its training set, the gravest first."""

    UNREADABLE = "unreadable"
    NEAR_COPY = "near_copy"
    POSSIBLE_COPY = "possible_copy"
    NONE = "none"


@dataclass(frozen=True)
class CopyThresholds:
    """Where the tiers begin.

    Geometry proves a near-copy by `near_inliers` local features on one map, `near_inlier_ratio` of those that look
    alike, which span `near_area_ppm` of either picture; with less it is a possible copy, as two photographs of one
    building often are. Of SSCD's cosine, 0.75 is a copy at 90 % precision (Pizzi et al., CVPR 2022), and 0.5 is what
    Somepalli et al. (CVPR 2023) counted from.
    """

    near_inliers: int = 12
    near_inlier_ratio: float = 0.5
    near_area_ppm: int = 50_000
    near_sscd: float = 0.75
    possible_sscd: float = 0.5


@dataclass(frozen=True)
class Evidence:
    """What speaks for a copy: features on one map, which part of those that look alike, and SSCD's cosine.

    The areas are what the features span of both pictures. `inliers` is 0 where geometry proves nothing;
    `sscd_similarity` is None where SSCD is not configured.
    """

    inliers: int = 0
    inlier_ratio: float = 0.0
    generation_area_ppm: int = 0
    asset_area_ppm: int = 0
    sscd_similarity: float | None = None


@dataclass(frozen=True)
class Rate:
    """`count` of `n`, with the 95 % interval of the true rate by Wilson's method (JASA 1927); all parts of 1."""

    count: int
    n: int
    rate: float
    low: float
    high: float


def tier_of(evidence: Evidence, thresholds: CopyThresholds) -> Tier:
    """The gravest tier that the evidence gives."""
    sscd = evidence.sscd_similarity or 0.0
    area_ppm = max(evidence.generation_area_ppm, evidence.asset_area_ppm)
    is_proved = (
        evidence.inliers >= thresholds.near_inliers
        and evidence.inlier_ratio >= thresholds.near_inlier_ratio
        and area_ppm >= thresholds.near_area_ppm
    )
    if is_proved or sscd >= thresholds.near_sscd:
        return Tier.NEAR_COPY
    if evidence.inliers or sscd >= thresholds.possible_sscd:
        return Tier.POSSIBLE_COPY
    return Tier.NONE


def gravest(tiers: list[Tier]) -> Tier:
    """The first of the tiers in the order of their gravity; `NONE` of none."""
    return min(tiers, key=list(Tier).index, default=Tier.NONE)


def rate_of(count: int, n: int) -> Rate:
    """The rate and its interval. Raises ValueError for n below 1 or a count beyond it."""
    interval = binomtest(count, n).proportion_ci(method="wilson")
    return Rate(count, n, count / n, float(interval.low), float(interval.high))
