"""How fast, exact and large a batch of downloads is, beside faiss with all vectors in memory.

python -m tests.bench.bench_attribution [--images 200000] [--downloads 20000]
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable

import faiss
import numpy as np

from attribution.tiles import SMALL
from tests.bench.catalogue import Float32, database, fill, generation_vectors, image_vectors, tiles_of
from tests.bench.memory import manage

IMAGES, DOWNLOADS = 200_000, 20_000
K = 50
TURNS = 2
SAMPLE = 200  # downloads whose candidates are compared with a plain search in float64
FAISS_QUERY_ROWS, FAISS_DATABASE_ROWS = 4096, 1024  # faiss's own defaults, which our search changes


def search_in_memory(index: faiss.IndexFlatIP, generations: Float32) -> None:
    """What faiss does by itself."""
    faiss.cvar.distance_compute_blas_query_bs = FAISS_QUERY_ROWS
    faiss.cvar.distance_compute_blas_database_bs = FAISS_DATABASE_ROWS
    index.search(generations, K)


def search_in_database() -> None:
    """The same from the database to the database: read all vectors, search, write the lists."""
    from django.db import connection

    from attribution.core.similarity import top_k
    from attribution.lists import FLOAT8_OID, INT8_OID, binary_array
    from attribution.models import Encoder, GenerationEmbedding
    from attribution.search import generation_vectors, stream_vectors

    encoder = Encoder.objects.get()
    generation_ids = list(GenerationEmbedding.objects.values_list("generation_id", flat=True))
    ids, queries = generation_vectors(generation_ids, encoder)
    nearest, similarities = top_k(queries, stream_vectors(1, encoder), K)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS found (generation_id int8, ids int8[], cosines float8[])")
        with cursor.copy("COPY found FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "bytea", "bytea"])
            for row, generation_id in enumerate(ids.tolist()):
                packed = binary_array(nearest[row].tolist(), ">i8", INT8_OID)
                copy.write_row((generation_id, packed, binary_array(similarities[row].tolist(), ">f8", FLOAT8_OID)))


def recall_and_money_moved(images: Float32, generations: Float32) -> tuple[float, float]:
    """Of a sample: how many of the truly nearest 50 were found, and the total variation from exact shares."""
    from attribution.core.evaluation import total_variation
    from attribution.core.shares import Candidates, EnergyParameters, energy_shares, nearest
    from attribution.core.similarity import rerank, top_k
    from attribution.models import InspirationList

    random = np.random.default_rng(2)
    sample = random.choice(len(generations), min(SAMPLE, len(generations)), replace=False)
    ids = np.arange(1, len(images) + 1)
    found, _ = top_k(generations[sample], [(ids, images)], K)
    lists = InspirationList.objects.in_bulk((sample + 1).tolist())
    hits, moved = [], []
    for row, generation in enumerate(sample.tolist()):
        similarities = rerank(generations[generation], images)
        exact = np.argsort(-similarities, kind="stable")
        hits.append(len(set(found[row].tolist()) & set(ids[exact[:K]].tolist())) / K)
        rows = np.sort(exact[:1000])
        candidates = Candidates(ids[rows], images[rows], rows)
        distinct = nearest(generations[generation], candidates, EnergyParameters().k)
        image_tiles = np.stack([tiles_of(images[asset_id - 1]) for asset_id in distinct.asset_ids])
        shares = energy_shares(tiles_of(generations[generation])[SMALL], distinct, image_tiles, EnergyParameters())
        stored = lists[generation + 1]
        moved.append(
            total_variation(
                dict(zip(stored.asset_ids, stored.shares_ppm, strict=True)),
                dict(zip(shares.asset_ids, shares.share_ppm, strict=True)),
            )
        )
    return float(np.mean(hits)), float(np.mean(moved))


def add_sizes(parser: ArgumentParser) -> None:
    """The full size takes about six minutes on two cores."""
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--downloads", type=int, default=DOWNLOADS)


def main(images: int, downloads: int) -> None:
    """Print one row for each way, with its ratio to faiss in memory in this run; best of turns taken alternately."""
    random = np.random.default_rng(1)
    image_rows = image_vectors(images, random)
    generation_rows = generation_vectors(image_rows, downloads, random)
    with database():
        fill(image_rows, generation_rows)
        in_memory, in_database = _both_searches(image_rows, generation_rows)
        started = time.perf_counter()
        peak_mib = manage("attribute_downloads")
        whole = time.perf_counter() - started
        recall, moved = recall_and_money_moved(image_rows, generation_rows)
    print(f"| {downloads:,} downloads over {images:,} images | downloads/s | of faiss in memory | |\n|---|---|---|---|")
    for name, seconds, note in (
        (f"faiss IndexFlatIP, vectors in memory, k = {K}", in_memory, ""),
        (f"search, database to database, k = {K}", in_database, f"recall@{K} {recall:.4f}"),
        ("whole batch: search for 240 candidates, energy shares, lists, daily sums", whole,
         f"money moved {moved:.5f}; at most {peak_mib:.0f} MiB resident"),
    ):  # fmt: skip
        print(f"| {name} | {downloads / seconds:.0f} | {in_memory / seconds:.2f} | {note} |")


def _both_searches(images: Float32, generations: Float32) -> tuple[float, float]:
    index = faiss.IndexFlatIP(images.shape[1])
    index.add(images)
    turns = [
        (_seconds(lambda: search_in_memory(index, generations)), _seconds(search_in_database)) for _ in range(TURNS)
    ]
    in_memory, in_database = (min(seconds) for seconds in zip(*turns, strict=True))
    return in_memory, in_database


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    parser = ArgumentParser()
    add_sizes(parser)
    main(**vars(parser.parse_args()))
