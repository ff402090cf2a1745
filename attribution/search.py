"""Vectors out of PostgreSQL in exact blocks; the preview has a quicker way of its own."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from psycopg import Cursor

from attribution.models import WIDTH, Encoder
from attribution.tiles import Tiles

BLOCK_ROWS = 65_536
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPIED_ROW = np.dtype([("", "V6"), ("id", ">i8"), ("", "V8"), ("halves", ">u2", WIDTH)])  # between them: lengths, width

Block = tuple[NDArray[np.int64], NDArray[np.float16]]  # ids (n,) in ascending order, and their vectors (n, 512)
NOTHING: Block = (np.empty(0, np.int64), np.empty((0, WIDTH), np.float16))


def stream_vectors(training_set_id: int, encoder: Encoder) -> Iterator[Block]:
    """All vectors of a training set in blocks, so that memory is bounded by the block."""
    return _blocks(
        """
        SELECT e.asset_id, e.vector FROM marketplace_trainingsetmember AS m
        JOIN attribution_embedding AS e ON e.asset_id = m.asset_id
        WHERE m.training_set_id = %s AND e.encoder_id = %s ORDER BY 1
        """,
        [training_set_id, encoder.pk],
    )


def vectors_of(asset_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named assets that have one."""
    return _one_block(
        "SELECT asset_id, vector FROM attribution_embedding WHERE encoder_id = %s AND asset_id = ANY(%s) ORDER BY 1",
        [encoder.pk, list(asset_ids)],
    )


def generation_vectors(generation_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named generations that have one."""
    return _one_block(
        """
        SELECT generation_id, vector FROM attribution_generationembedding
        WHERE encoder_id = %s AND generation_id = ANY(%s) ORDER BY 1
        """,
        [encoder.pk, list(generation_ids)],
    )


def nearest_earlier(asset_id: int, encoder: Encoder, count: int, least: float) -> list[int]:
    """Ids of the assets ingested earlier that are nearest to one, of at least the similarity `least`.

    A large catalogue is searched by the index, which may miss some.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
        cursor.execute(
            """
            SELECT near.asset_id FROM attribution_embedding AS own, LATERAL (
                SELECT e.asset_id, e.vector <=> own.vector AS distance FROM attribution_embedding AS e
                WHERE e.encoder_id = %(encoder)s AND e.asset_id < %(asset)s
                ORDER BY e.vector <=> own.vector LIMIT %(count)s
            ) AS near
            WHERE own.encoder_id = %(encoder)s AND own.asset_id = %(asset)s AND near.distance <= %(most)s
            """,
            {"encoder": encoder.pk, "asset": asset_id, "count": count, "most": 1 - least},
        )
        return [earlier_id for (earlier_id,) in cursor.fetchall()]


def tiles_of(asset_ids: Sequence[int], encoder: Encoder) -> dict[int, Tiles]:
    """The stored tiles (t, 512) of those of the named assets that are embedded, by id."""
    return dict(_tiles("asset_id", "attribution_embedding", asset_ids, encoder))


def generation_tiles(generation_ids: Sequence[int], encoder: Encoder) -> list[Tiles]:
    """The stored tiles (t, 512) of those of the named generations that are embedded, in ascending order of id."""
    return [tiles for _, tiles in _tiles("generation_id", "attribution_generationembedding", generation_ids, encoder)]


def _tiles(key: str, table: str, ids: Sequence[int], encoder: Encoder) -> Iterator[tuple[int, Tiles]]:
    query = f"SELECT {key}, tiles FROM {table} WHERE encoder_id = %s AND {key} = ANY(%s) ORDER BY 1"  # noqa: S608
    connection.ensure_connection()
    with Cursor(connection.connection) as cursor:  # Django's own cannot read binary; as text, a byte is two digits
        for pk, stored in cursor.execute(query, [encoder.pk, list(ids)], binary=True):
            yield pk, np.frombuffer(stored, np.int8).reshape(-1, WIDTH)


def _one_block(query: str, parameters: Sequence[int | list[int]]) -> Block:
    ids, vectors = zip(NOTHING, *_blocks(query, parameters), strict=True)
    return np.concatenate(ids), np.concatenate(vectors)


def _blocks(query: str, parameters: Sequence[int | list[int]]) -> Iterator[Block]:
    """Run a query for ids and vectors as COPY BINARY: the server sends each row as it is, and all are of one length."""
    connection.ensure_connection()
    with (
        connection.connection.cursor() as cursor,  # Django's own would keep every such query while DEBUG is on
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", parameters) as copy,
    ):
        messages = iter(copy)
        while block := b"".join(islice(messages, BLOCK_ROWS)):
            data = block.removeprefix(COPY_HEADER)
            rows = np.frombuffer(data, COPIED_ROW, count=len(data) // COPIED_ROW.itemsize)  # a trailer may follow them
            if len(rows):
                yield rows["id"].astype(np.int64), rows["halves"].astype(np.uint16).view(np.float16)
