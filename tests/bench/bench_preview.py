"""How quick the preview before a sale is beside comparing all images in SQL, and how many of the nearest it finds.

python -m tests.bench.bench_preview [IMAGES]
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tests.bench.catalogue import database, fill, generation_vectors, image_vectors

IMAGES = 50_000
GENERATIONS = 100
INDEX_MEMORY = "1GB"  # an index that does not fit is built several times slower
COUNT = 6  # as many as the page of a generation shows
TRAINING_SETS = {"all images": 1, "every 5th": 5, "every 50th": 50}

Result = TypeVar("Result")


def main() -> None:
    """Fill a database, build the index, and print a row for each training set."""
    images = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    random = np.random.default_rng(7)
    vectors = image_vectors(images, random)
    generations = generation_vectors(vectors, GENERATIONS, random)
    with database():
        fill(vectors, generations)
        _measure(images, generations.astype(np.float16))


def _measure(images: int, queries: NDArray[np.float16]) -> None:
    from django.db import connection

    from attribution import preview
    from attribution.models import Encoder

    encoder = Encoder.objects.get()
    with connection.cursor() as cursor:
        cursor.execute(f"SET maintenance_work_mem = '{INDEX_MEMORY}'")
    seconds, _ = _timed(partial(preview.build_index, encoder))
    parameters = f"m {preview.INDEX_LINKS}, ef_construction {preview.INDEX_CANDIDATES}, ef_search {preview.EF_SEARCH}"
    print(f"Index of {images:,} images in {seconds:.0f} s: {parameters}.\n")
    print("| training set | preview p50 / p95, ms | all compared in SQL p50 / p95, ms | ratio of p50 | recall@6 |")
    print("|---|---|---|---|---|")
    for name, step in TRAINING_SETS.items():
        print(_row(name, _frozen(step), encoder.pk, queries))


def _frozen(step: int) -> int:
    """The id of a training set of every such image."""
    from marketplace.models import Asset, TrainingSet, TrainingSetMember

    frozen = TrainingSet.objects.create(pk=100 + step, name="bench", version=str(step), created_at="2026-09-01T00:00Z")
    ids = Asset.objects.order_by("pk").values_list("pk", flat=True)[::step]
    TrainingSetMember.objects.bulk_create([TrainingSetMember(training_set=frozen, asset_id=pk) for pk in ids])
    return frozen.pk


def _row(name: str, training_set_id: int, encoder_id: int, queries: NDArray[np.float16]) -> str:
    """Both ways are taken in turn for each query, since other programs slow the machine down at times."""
    from attribution.core.similarity import top_k
    from attribution.models import Encoder
    from attribution.preview import _by_comparing, nearest_to
    from attribution.search import stream_vectors

    encoder = Encoder.objects.get(pk=encoder_id)
    exact, _ = top_k(queries, stream_vectors(training_set_id, encoder), COUNT)
    previews, comparisons, found = [], [], 0
    for query, nearest in zip(queries, exact, strict=True):
        seconds, previewed = _timed(partial(nearest_to, query, training_set_id, encoder, COUNT))
        previews.append(seconds)
        comparisons.append(_timed(partial(_by_comparing, query, training_set_id, encoder, COUNT))[0])
        found += len({pk for pk, _ in previewed} & set(nearest.tolist()))
    ratio = np.median(comparisons) / np.median(previews)
    return (
        f"| {name} | {_percentiles(previews)} | {_percentiles(comparisons)} | {ratio:.1f} | {found / exact.size:.3f} |"
    )


def _percentiles(seconds: list[float]) -> str:
    return " / ".join(f"{1000 * np.percentile(seconds, part):.1f}" for part in (50, 95))


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


if __name__ == "__main__":
    main()
