"""Vectors out of PostgreSQL in exact blocks; the preview has a quicker way of its own."""

from collections.abc import Iterator, Sequence

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from attribution.models import WIDTH, Encoder

BLOCK_ROWS = 20_000
HALVES_IN_HEADER = 2  # halfvec_send writes the dimension and an unused field, two bytes each, before the values

Block = tuple[NDArray[np.int64], NDArray[np.float16]]  # ids (n,) in ascending order, and their vectors (n, 512)


def stream_vectors(training_set_id: int, encoder: Encoder) -> Iterator[Block]:
    """All vectors of a training set in blocks, so that memory is bounded by the block."""
    after = 0
    while True:
        ids, vectors = _block(
            """
            SELECT array_agg(asset_id ORDER BY asset_id), string_agg(halfvec_send(vector), '' ORDER BY asset_id)
            FROM (SELECT e.asset_id, e.vector FROM marketplace_trainingsetmember AS m
                  JOIN attribution_embedding AS e ON e.asset_id = m.asset_id
                  WHERE m.training_set_id = %s AND e.encoder_id = %s AND e.asset_id > %s
                  ORDER BY e.asset_id LIMIT %s) AS block
            """,
            [training_set_id, encoder.pk, after, BLOCK_ROWS],
        )
        if not len(ids):
            return
        yield ids, vectors
        after = int(ids[-1])


def vectors_of(asset_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named assets that have one."""
    return _block(
        """
        SELECT array_agg(asset_id ORDER BY asset_id), string_agg(halfvec_send(vector), '' ORDER BY asset_id)
        FROM attribution_embedding WHERE encoder_id = %s AND asset_id = ANY(%s)
        """,
        [encoder.pk, list(asset_ids)],
    )


def generation_vectors(generation_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named generations that have one."""
    return _block(
        """
        SELECT array_agg(generation_id ORDER BY generation_id),
               string_agg(halfvec_send(vector), '' ORDER BY generation_id)
        FROM attribution_generationembedding WHERE encoder_id = %s AND generation_id = ANY(%s)
        """,
        [encoder.pk, list(generation_ids)],
    )


def _block(query: str, parameters: Sequence[int | list[int]]) -> Block:
    """Run a query that packs all its rows into one array of ids and one binary value: far quicker than row by row."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        ids, packed = cursor.fetchone()
    halves = np.frombuffer(packed or b"", dtype=">f2").reshape(-1, WIDTH + HALVES_IN_HEADER)
    return np.asarray(ids or [], dtype=np.int64), halves[:, HALVES_IN_HEADER:].astype(np.float16)
