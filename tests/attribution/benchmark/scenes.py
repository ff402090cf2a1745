"""A small folder of drawn works, and a trial in two dimensions that can be worked out by hand."""

from pathlib import Path

import numpy as np

from attribution.benchmark.embedding import EmbeddedQueries, EmbeddedTrial
from attribution.benchmark.retraining import Ppm
from attribution.benchmark.trial import COPIES, FAMILIES, Size
from marketplace.sample_catalogue import write_catalogue

SMALL = Size(single=1, queries=2, tuning_single=1, tuning_queries=1, attacks=1, halves=3, drawn_background=1)


def small_folder(folder: Path) -> Path:
    """Five small works by each contributor of the sample catalogue."""
    write_catalogue(folder, works_per_contributor=5, edge=64)
    return folder


def plane_trial() -> EmbeddedTrial:
    """Two assets at right angles, the first author 0's and the second author 1's; an upload tries to copy the second.

    Every query is (5, 12) / 13 but the unrelated one, which is its opposite; a picture is its only tile. All of it is
    due to the second asset, and of the unrelated one nothing. Without the second asset the generator comes less near to
    what it made with both.
    """
    query = np.array([5 / 13, 12 / 13], np.float32)
    vectors = np.stack([-query if family == "unrelated" else query for family in FAMILIES])
    truth: list[Ppm] = [{} if family == "unrelated" else {1: 1_000_000} for family in FAMILIES]
    tiles = np.rint(vectors * 13).astype(np.int8)[:, None]
    queries = EmbeddedQueries(list(FAMILIES), vectors, tiles, truth)
    variants = np.tile(np.array([0.28, 0.96], np.float32), (1, COPIES, 1))
    generated = EmbeddedQueries(["generated"], query[None], tiles[:1], [{0: 100_000, 1: 900_000}])
    kept, likeness = np.array([[True, False], [False, True]]), np.array([[-0.5, -0.1]])
    return EmbeddedTrial(
        catalogue=np.eye(2, dtype=np.float32),
        tiles=np.eye(2, dtype=np.int8)[:, None],
        authors=[0, 1],
        originals=[0, 1],
        tuning=queries,
        test=queries,
        attacked_queries=[0],
        attacked_assets=[1],
        variants=variants,
        variant_tiles=np.rint(variants * 25).astype(np.int8)[:, :, None],
        found=np.ones((1, COPIES), np.bool_),
        generated=generated,
        kept=kept,
        likeness=likeness,
    )
