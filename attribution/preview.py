"""What a generation resembles, quickly: the preview before a sale. Nobody is paid by what comes from here."""

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from attribution.core.similarity import rerank
from attribution.models import Encoder
from attribution.search import vectors_of
from marketplace.models import Generation, TrainingSetMember

EXACT_UP_TO = 20_000  # members of a training set that are all compared, which takes some 30 ms
OVERFETCH = 4
FEWEST_FETCHED = 60
EF_SEARCH = 400  # candidates that the index keeps in view; a LIMIT above it would return too few, in silence
INDEX_LINKS = 24
INDEX_CANDIDATES = 100

Vector = NDArray[np.float16]

# Written into the text by the client, the encoder's id lets the planner find its partial index; members are looked up
# row by row while the index is walked, and whoever is none is passed over.
BY_INDEX = """
    SELECT e.asset_id FROM attribution_embedding AS e
    WHERE e.encoder_id = %(encoder)s AND (SELECT true FROM marketplace_trainingsetmember AS m
                                          WHERE m.training_set_id = %(training_set)s AND m.asset_id = e.asset_id)
    ORDER BY e.vector <=> %(query)s::halfvec LIMIT %(count)s
"""
# Ordered by similarity and not by distance, which would take the index again.
BY_COMPARING = """
    SELECT e.asset_id FROM marketplace_trainingsetmember AS m JOIN attribution_embedding AS e ON e.asset_id = m.asset_id
    WHERE m.training_set_id = %(training_set)s AND e.encoder_id = %(encoder)s
    ORDER BY 1 - (e.vector <=> %(query)s::halfvec) DESC LIMIT %(count)s
"""


def nearest(generation: Generation, encoder: Encoder, count: int) -> list[tuple[int, float]]:
    """Asset ids and cosines of up to `count` members of its training set that most resemble a generation, best first.

    Found by the index where the set is large, so that some may be missing; those found are ranked as the exact search
    ranks them, by the float64 product of the stored unit vectors.
    Raises `GenerationEmbedding.DoesNotExist` where the generation is not embedded yet.
    """
    query = np.asarray(generation.embeddings.get(encoder=encoder).vector, np.float16)
    return nearest_to(query, generation.training_set_id, encoder, count)


def nearest_to(query: Vector, training_set_id: int, encoder: Encoder, count: int) -> list[tuple[int, float]]:
    """`nearest` for any unit vector (512,)."""
    fetched = max(count * OVERFETCH, FEWEST_FETCHED)
    found = _by_index(query, training_set_id, encoder, fetched) if _is_large(training_set_id) else []
    if len(found) < fetched:  # a small set, or so small a part of the catalogue that the index gave up
        found = _by_comparing(query, training_set_id, encoder, fetched)
    asset_ids, vectors = vectors_of(found, encoder)
    exact = rerank(query, vectors)
    best = np.lexsort((asset_ids, -exact))[:count]
    return list(zip(asset_ids[best].tolist(), exact[best].tolist(), strict=True))


def _is_large(training_set_id: int) -> bool:
    members = TrainingSetMember.objects.filter(training_set=training_set_id)
    return members.order_by("asset_id")[EXACT_UP_TO : EXACT_UP_TO + 1].exists()


def _by_index(query: Vector, training_set_id: int, encoder: Encoder, count: int) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL hnsw.ef_search = {max(EF_SEARCH, count):d}")
        cursor.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
        return _asset_ids(BY_INDEX, query, training_set_id, encoder, count)


def _by_comparing(query: Vector, training_set_id: int, encoder: Encoder, count: int) -> list[int]:
    return _asset_ids(BY_COMPARING, query, training_set_id, encoder, count)


def _asset_ids(select: str, query: Vector, training_set_id: int, encoder: Encoder, count: int) -> list[int]:
    parameters: dict[str, str | int] = {
        "query": str(query.tolist()),
        "training_set": training_set_id,
        "encoder": encoder.pk,
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(select, parameters)
        return [asset_id for (asset_id,) in cursor.fetchall()]


def create_index(encoder: Encoder) -> None:
    """Make the HNSW index of a new installation's encoder, while there is nothing to index.

    A worker does that, whose database role owns no table: the function has its owner's rights.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT attribution_index_encoder(%s, %s, %s)", [encoder.pk, INDEX_LINKS, INDEX_CANDIDATES])


def build_index(encoder: Encoder) -> None:
    """Index vectors that are there already, without holding up those who write others; not inside a transaction.

    An index that an interrupted build left behind is of no use, and is replaced.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [_name(encoder)])
        if cursor.fetchone() == (True,):
            return
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_name(encoder)}")
        cursor.execute(f"CREATE INDEX CONCURRENTLY {_definition(encoder)}")


def drop_index(encoder: Encoder) -> None:
    """Drop the index of an encoder whose preview nobody asks for; not inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_name(encoder)}")


def _name(encoder: Encoder) -> str:
    return f"embedding_hnsw_{encoder.pk:d}"


def _definition(encoder: Encoder) -> str:
    """Partial, since a filter would spoil its recall."""
    return (
        f"{_name(encoder)} ON attribution_embedding USING hnsw (vector halfvec_cosine_ops) "
        f"WITH (m = {INDEX_LINKS:d}, ef_construction = {INDEX_CANDIDATES:d}) WHERE encoder_id = {encoder.pk:d}"
    )
