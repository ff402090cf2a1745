"""Vectors out of PostgreSQL in exact blocks; the preview has a quicker way of its own."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from psycopg import Cursor

from attribution.models import WIDTH, Encoder
from attribution.tiles import Tiles

BLOCK_ROWS = 65_536
MESSAGE_BYTES = 1 << 20
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPIED_TUPLE = 6  # bytes before its only field: how many fields, and its length
STORED_VECTOR = np.dtype([("id", ">i8"), ("", "V4"), ("halves", ">u2", WIDTH)])  # between them: the width

Ids = NDArray[np.int64]
Block = tuple[Ids, NDArray[np.float16]]  # ids (n,), and their vectors (n, 512)
NOTHING: Block = (np.empty(0, np.int64), np.empty((0, WIDTH), np.float16))


def stream_vectors(training_set_id: int, encoder: Encoder) -> Iterator[Block]:
    """All vectors of a training set in blocks, in any order, so that memory is bounded by the block."""
    return _blocks(
        """
        SELECT e.asset_id, e.vector FROM marketplace_trainingsetmember AS m
        JOIN attribution_embedding AS e ON e.asset_id = m.asset_id
        WHERE m.training_set_id = %s AND e.encoder_id = %s
        """,
        [training_set_id, encoder.pk],
    )


def vectors_of(asset_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named assets that have one, in ascending order of id."""
    return _one_block(
        "SELECT asset_id, vector FROM attribution_embedding WHERE encoder_id = %s AND asset_id = ANY(%s)",
        [encoder.pk, list(asset_ids)],
    )


def generation_vectors(generation_ids: Sequence[int], encoder: Encoder) -> Block:
    """The stored vectors of those of the named generations that have one, in ascending order of id."""
    return _one_block(
        """
        SELECT generation_id, vector FROM attribution_generationembedding
        WHERE encoder_id = %s AND generation_id = ANY(%s)
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


def stream_tiles(asset_ids: Ids, encoder: Encoder, tiles: int) -> Iterator[tuple[Ids, Tiles]]:
    """The stored tiles (n, tiles, 512) of those of the named assets that have so many, in blocks and in any order."""
    row = np.dtype([("id", ">i8"), ("tiles", np.int8, (tiles, WIDTH))])
    query = """
        SELECT asset_id, tiles FROM attribution_embedding
        WHERE encoder_id = %s AND asset_id = ANY(%s) AND octet_length(tiles) = %s
    """
    parameters = [encoder.pk, asset_ids.tolist(), tiles * WIDTH]
    for rows in _copied(query, parameters, "bytes", row):
        yield rows["id"].astype(np.int64), rows["tiles"]


def generation_tiles(generation_ids: Sequence[int], encoder: Encoder) -> list[Tiles]:
    """The stored tiles (t, 512) of those of the named generations that are embedded, in ascending order of id."""
    query = """
        SELECT tiles FROM attribution_generationembedding
        WHERE encoder_id = %s AND generation_id = ANY(%s) ORDER BY generation_id
    """
    connection.ensure_connection()
    with Cursor(connection.connection) as cursor:  # Django's own cannot read binary; as text, a byte is two digits
        rows = cursor.execute(query, [encoder.pk, list(generation_ids)], binary=True).fetchall()
    return [np.frombuffer(stored, np.int8).reshape(-1, WIDTH) for (stored,) in rows]


def _one_block(query: str, parameters: Sequence[int | list[int]]) -> Block:
    ids, vectors = (np.concatenate(parts) for parts in zip(NOTHING, *_blocks(query, parameters), strict=True))
    ascending = np.argsort(ids)
    return ids[ascending], vectors[ascending]


def _blocks(query: str, parameters: Sequence[int | list[int]]) -> Iterator[Block]:
    """The ids and vectors that a query selects, at least 65,536 at once but for the last."""
    together: list[NDArray[Any]] = []
    for rows in _copied(query, parameters, "halfvec_send(bytes)", STORED_VECTOR):
        together.append(rows)
        if sum(map(len, together)) >= BLOCK_ROWS:
            yield _block(together)
            together = []
    if together:
        yield _block(together)


def _block(together: list[NDArray[Any]]) -> Block:
    rows = np.concatenate(together)
    return rows["id"].astype(np.int64), rows["halves"].astype(np.uint16).view(np.float16)


def _copied(query: str, parameters: Sequence[int | list[int]], sent: str, row: np.dtype[Any]) -> Iterator[NDArray[Any]]:
    """Run a query for ids and values of one length as COPY BINARY, and yield the rows as they are sent.

    Rows of neighbouring ids come in one message: the client spends more on a message than on a row.
    """
    grouped = f"""
        SELECT string_agg(int8send(id) || {sent}, ''::bytea) FROM ({query}) AS found (id, bytes)
        GROUP BY id / {max(MESSAGE_BYTES // row.itemsize, 1)}
    """  # noqa: S608
    connection.ensure_connection()
    with (
        connection.connection.cursor() as cursor,  # Django's own would keep every such query while DEBUG is on
        cursor.copy(f"COPY ({grouped}) TO STDOUT (FORMAT BINARY)", parameters) as copy,
    ):
        for message in copy:
            fields = bytes(message).removeprefix(COPY_HEADER)
            if len(fields) > COPIED_TUPLE:  # and neither the header nor the trailer alone
                yield np.frombuffer(fields, row, offset=COPIED_TUPLE)
