"""Proof by local features that one picture contains a region of another, for a person to check.

Corners and blobs are found with SIFT (Lowe, IJCV 2004) and compared as RootSIFT (Arandjelovic, Zisserman, CVPR 2012).
MAGSAC (Barath et al., CVPR 2019) then looks for one affine map that moves many of them to where they are found again.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from marketplace.core.ppm import WHOLE_PPM

VERSION = 1
EDGE_PX = 512
"""Pictures are shrunk to this longer edge; more pixels find hardly more."""
MOST_FEATURES = 800
LEAST_CONTRAST = 0.02

RATIO = 0.8  # of the distances to the nearest and the second nearest feature (Lowe 2004, section 7.1)
LEAST_INLIERS = 10  # of 16,353 pairs of different photographs, one has 17 (one set of toy blocks) and none else has 10
LEAST_REGION_PPM = 100
TOLERANCE_PX = 6.0
SAMPLES = 2_000
LARGEST_SCALE = 10.0
MOST_STRETCH = 2.0  # of one direction against the other

# A mirrored patch has the rows of its 4 x 4 cells in reverse, and its 8 directions the other way round.
_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()

Grey = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Indices = NDArray[np.intp]
Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) as parts of the picture's width and height, 0...1."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Local features of a picture of `width` x `height` pixels: places (n, 2) and RootSIFT descriptors (n, 128)."""

    width: int
    height: int
    places: Float32
    descriptors: Float32


@dataclass(frozen=True, slots=True)
class Match:
    """A region that two pictures, a and b, share.

    `inliers` features lie in both where one affine map puts them, which is `inlier_ratio` of those that look alike.
    The region is the convex hull of these features, its area a part of each picture in ppm. `map_to_b` (2 rows of 3)
    takes a place (x, y, 1) in a to its place in b, both as parts of width and height. `is_mirrored` says that b shows
    the region mirrored.
    """

    inliers: int
    inlier_ratio: float
    is_mirrored: bool
    region_a: Polygon
    region_b: Polygon
    region_a_ppm: int
    region_b_ppm: int
    map_to_b: tuple[tuple[float, ...], ...]


def features(grey: Grey) -> Features:
    """Find the local features of a grey picture (height, width), at most MOST_FEATURES of them.

    Raises ValueError for an array of another shape or type.
    """
    if grey.shape != (len(grey), grey.shape[-1]) or grey.dtype != np.uint8 or not grey.size:
        raise ValueError(f"Features need a grey picture (height, width) of uint8, not {grey.shape} {grey.dtype}.")
    shrink = min(1.0, EDGE_PX / max(grey.shape))
    if shrink < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    found, raw = cv2.SIFT.create(MOST_FEATURES, contrastThreshold=LEAST_CONTRAST).detectAndCompute(grey, None)
    height, width = grey.shape
    if not found:
        return Features(width, height, np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    places = np.array([point.pt for point in found], np.float32)
    descriptors = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return Features(width, height, places, descriptors)


def match(a: Features, b: Features) -> Match | None:
    """Prove a region that both pictures show, `b` as it is or mirrored; None where there is no proof."""
    found = [_match(a, b, is_mirrored) for is_mirrored in (False, True)]
    return max((each for each in found if each), key=lambda each: each.inliers, default=None)


def _match(a: Features, b: Features, is_mirrored: bool) -> Match | None:
    rows, columns = _alike(a.descriptors, b.descriptors[:, _MIRRORED] if is_mirrored else b.descriptors)
    if len(rows) < LEAST_INLIERS:
        return None
    affine, inliers = _affine(a.places[rows], b.places[columns])
    count = int(inliers.sum())
    if count < LEAST_INLIERS or not _is_plausible(affine[:, :2], is_mirrored):
        return None
    region_a, region_a_ppm = _region(a.places[rows[inliers]], a)
    region_b, region_b_ppm = _region(b.places[columns[inliers]], b)
    if min(region_a_ppm, region_b_ppm) < LEAST_REGION_PPM:
        return None
    return Match(
        inliers=count,
        inlier_ratio=count / len(rows),
        is_mirrored=is_mirrored,
        region_a=region_a,
        region_b=region_b,
        region_a_ppm=region_a_ppm,
        region_b_ppm=region_b_ppm,
        map_to_b=_in_parts(affine, a, b),
    )


def _alike(a: Float32, b: Float32) -> tuple[Indices, Indices]:
    """Pairs of features that are each other's nearest, and clearly nearer than a's second nearest."""
    if min(len(a), len(b)) < LEAST_INLIERS:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    cosines = a @ b.T
    rows, nearest = np.arange(len(a)), cosines.argmax(axis=1)
    is_mutual = cosines.argmax(axis=0)[nearest] == rows
    first = cosines[rows, nearest]
    cosines[rows, nearest] = -1
    is_clear = 1 - first < RATIO**2 * (1 - cosines.max(axis=1))  # squared distances of unit vectors, halved
    kept = np.flatnonzero(is_mutual & is_clear)
    return kept, nearest[kept]


def _affine(places_a: Float32, places_b: Float32) -> tuple[Float64, NDArray[np.bool_]]:
    """The affine map (2, 3) from a to b that most pairs follow, and which of them do; always the same for the same."""
    search = cv2.UsacParams()
    search.score = cv2.SCORE_METHOD_MAGSAC
    search.loMethod = cv2.LOCAL_OPTIM_SIGMA
    search.loIterations, search.loSampleSize = 10, 12
    search.threshold = TOLERANCE_PX
    search.maxIterations = SAMPLES
    search.confidence = 0.999
    search.randomGeneratorState = 1
    affine, inliers = cv2.estimateAffine2D(places_a, places_b, search)
    is_inlier = np.asarray(inliers).ravel().astype(bool)
    return (np.asarray(affine) if is_inlier.any() else np.zeros((2, 3))), is_inlier


def _is_plausible(linear: Float64, is_mirrored: bool) -> bool:
    """Whether the linear part of a map turns, mirrors and resizes as copying does, without collapsing the picture."""
    largest, smallest = np.linalg.svd(linear, compute_uv=False)
    within = smallest >= 1 / LARGEST_SCALE and largest <= min(LARGEST_SCALE, MOST_STRETCH * smallest)
    return bool(within and (np.linalg.det(linear) < 0) == is_mirrored)


def _region(places: Float32, picture: Features) -> tuple[Polygon, int]:
    hull = np.asarray(cv2.convexHull(places)).reshape(-1, 2)
    corners = np.clip(hull / (picture.width, picture.height), 0, 1).round(4).tolist()
    return tuple((x, y) for x, y in corners), _part_ppm(cv2.contourArea(hull), picture)


def _in_parts(affine: Float64, a: Features, b: Features) -> tuple[tuple[float, ...], ...]:
    scaled = affine * (a.width, a.height, 1) / np.array([[b.width], [b.height]])
    return tuple(tuple(row) for row in scaled.round(6).tolist())


def _part_ppm(area_px: float, picture: Features) -> int:
    return min(round(area_px / (picture.width * picture.height) * WHOLE_PPM), WHOLE_PPM)
