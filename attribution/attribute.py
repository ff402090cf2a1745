"""Shares of generations, computed from stored vectors only: the same for a batch and for whoever checks it later."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribution.core.shares import Candidates, EnergyParameters, Shares, energy_shares
from attribution.core.similarity import top_k
from attribution.models import EmbeddingFailure, Encoder
from attribution.search import generation_vectors, stream_vectors, vectors_of

OVERFETCH = 4  # copies of an earlier image drop out of the list and must not leave its places empty
UNATTRIBUTED = Shares(asset_ids=(), similarities=(), share_ppm=(), unattributed_ppm=1_000_000)


def attribute(
    generation_ids: Sequence[int], training_set_id: int, encoder: Encoder, parameters: EnergyParameters
) -> dict[int, Shares]:
    """Energy shares by generation id, over all assets of one training set that have a vector of this encoder.

    A generation that the encoder could not read resembles nothing that anybody knows of: all of it is unattributed.
    Raises `KeyError` where a generation has neither a vector nor such a failure.
    """
    failures = EmbeddingFailure.objects.filter(encoder=encoder, generation_id__in=generation_ids)
    shares = dict.fromkeys(failures.values_list("generation_id", flat=True), UNATTRIBUTED)
    embedded_ids, queries = generation_vectors(generation_ids, encoder)
    missing = set(generation_ids) - shares.keys() - set(embedded_ids.tolist())
    if missing:
        raise KeyError(f"Generations without a vector of encoder {encoder}: {sorted(missing)}")
    found = shares_of_vectors(queries, training_set_id, encoder, parameters)
    return shares | dict(zip(embedded_ids.tolist(), found, strict=True))


def shares_of_vectors(
    queries: NDArray[np.float16], training_set_id: int, encoder: Encoder, parameters: EnergyParameters
) -> list[Shares]:
    """Energy shares of each unit vector (m, 512) in the precision that vectors are stored in."""
    nearest, _ = top_k(queries, stream_vectors(training_set_id, encoder), parameters.k * OVERFETCH)
    shares = []
    for query, row in zip(queries, nearest, strict=True):
        asset_ids, vectors = vectors_of(row[row >= 0].tolist(), encoder)
        # Asset ids follow the order of first ingest, so they are that order.
        shares.append(energy_shares(query, Candidates(asset_ids, vectors, asset_ids), parameters))
    return shares
