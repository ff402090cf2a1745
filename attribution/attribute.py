"""Shares of generations, computed from stored vectors only: the same for a batch and for whoever checks it later."""

from collections.abc import Sequence

import numpy as np

from attribution.core.shares import Candidates, EnergyParameters, Shares, energy_shares
from attribution.core.similarity import top_k
from attribution.models import Encoder
from attribution.search import generation_vectors, stream_vectors, vectors_of

OVERFETCH = 4  # copies of an earlier image drop out of the list and must not leave its places empty


def attribute(
    generation_ids: Sequence[int], training_set_id: int, encoder: Encoder, parameters: EnergyParameters
) -> dict[int, Shares]:
    """Energy shares by generation id, over all assets of one training set.

    Raises `KeyError` where a generation has no vector of this encoder.
    """
    stored = generation_vectors(generation_ids, encoder)
    queries = np.stack([stored[pk] for pk in generation_ids])
    nearest, _ = top_k(queries, stream_vectors(training_set_id, encoder), parameters.k * OVERFETCH)
    vectors = vectors_of(np.unique(nearest[nearest >= 0]).tolist(), encoder)
    shares = {}
    for generation_id, query, row in zip(generation_ids, queries, nearest, strict=True):
        asset_ids = row[row >= 0]
        # Asset ids follow the order of first ingest, so they are that order.
        candidates = Candidates(asset_ids, np.stack([vectors[pk] for pk in asset_ids.tolist()]), asset_ids)
        shares[generation_id] = energy_shares(query, candidates, parameters)
    return shares
