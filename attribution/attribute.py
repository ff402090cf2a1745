"""Shares of generations, computed from stored vectors only: the same for a batch and for whoever checks it later."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attribution.core.shares import Candidates, EnergyParameters, Nearest, Shares, energy_shares, nearest
from attribution.core.similarity import is_unit, top_k
from attribution.models import EmbeddingFailure, Encoder
from attribution.search import Block, generation_tiles, generation_vectors, stream_vectors, tiles_of, vectors_of
from attribution.tiles import SMALL, Tiles

OVERFETCH = 4  # exact copies that nobody has found yet drop out of the list and must not leave its places empty
GENERATIONS_AT_ONCE = 64  # whose candidates are read together: at most 50 MB of tiles
UNATTRIBUTED = Shares(asset_ids=(), similarities=(), share_ppm=(), unattributed_ppm=1_000_000)

Ids = NDArray[np.int64]
Vectors = NDArray[np.float16]


class CannotAttribute(ValueError):
    """The shares of one generation cannot be computed; the message says why."""


def attribute(
    generation_ids: Sequence[int], training_set_id: int, encoder: Encoder, parameters: EnergyParameters, copies: Ids
) -> dict[int, Shares]:
    """Energy shares by generation id, over the assets of one training set that are embedded with this encoder.

    `copies` are the ids of those that do not share, because others stand for their near-duplicate groups.
    Raises `KeyError` and `CannotAttribute` as `attribute_each` does, and the latter for any of them.
    """
    found = attribute_each(generation_ids, training_set_id, encoder, parameters, copies)
    return {generation_id: _computed(shares) for generation_id, shares in found}


def attribute_each(
    generation_ids: Sequence[int], training_set_id: int, encoder: Encoder, parameters: EnergyParameters, copies: Ids
) -> Iterator[tuple[int, Shares | CannotAttribute]]:
    """Generation ids with energy shares or, for one that has none, why; memory does not grow with the training set.

    A generation that the encoder could not read resembles nothing that anybody knows of: all of it is unattributed.
    Raises `KeyError` where a generation has neither a vector nor such a failure.
    """
    failures = EmbeddingFailure.objects.filter(encoder=encoder, generation_id__in=generation_ids)
    unreadable = set(failures.values_list("generation_id", flat=True))
    embedded_ids, queries = generation_vectors(generation_ids, encoder)
    missing = set(generation_ids) - unreadable - set(embedded_ids.tolist())
    if missing:
        raise KeyError(f"Generations without a vector of encoder {encoder}: {sorted(missing)}")
    yield from ((generation_id, UNATTRIBUTED) for generation_id in sorted(unreadable - set(embedded_ids.tolist())))

    def tiles_of_rows(rows: slice) -> Sequence[Tiles]:
        return generation_tiles(embedded_ids[rows].tolist(), encoder)

    found = _shares_of_each(queries, tiles_of_rows, training_set_id, encoder, parameters, copies)
    yield from zip(embedded_ids.tolist(), found, strict=True)


def shares_of_pictures(
    vectors: Vectors,
    tiles: Sequence[Tiles],
    training_set_id: int,
    encoder: Encoder,
    parameters: EnergyParameters,
    copies: Ids,
) -> list[Shares]:
    """Energy shares of pictures with unit vectors (m, 512), in the precision that they are stored in, and tiles.

    Raises `CannotAttribute` for any of them that has none.
    """
    found = _shares_of_each(vectors, lambda rows: tiles[rows], training_set_id, encoder, parameters, copies)
    return [_computed(shares) for shares in found]


def _computed(shares: Shares | CannotAttribute) -> Shares:
    if isinstance(shares, CannotAttribute):
        raise shares
    return shares


def _shares_of_each(
    queries: Vectors,
    tiles_of_rows: Callable[[slice], Sequence[Tiles]],
    training_set_id: int,
    encoder: Encoder,
    parameters: EnergyParameters,
    copies: Ids,
) -> Iterator[Shares | CannotAttribute]:
    # What cannot be searched stands in line as some unit vector, whose candidates nobody looks at.
    searched = np.where(is_unit(queries)[:, None], queries, np.eye(1, queries.shape[1], dtype=queries.dtype))
    candidate_ids, _ = top_k(
        searched, _without(copies, stream_vectors(training_set_id, encoder)), parameters.k * OVERFETCH
    )
    with threadpool_limits(1, "blas"):  # a generation's products are so small that threads only wait for one another
        for start in range(0, len(queries), GENERATIONS_AT_ONCE):
            rows = slice(start, start + GENERATIONS_AT_ONCE)
            candidates = _candidates(candidate_ids[rows], encoder)
            images = [
                _nearest(query, each, parameters.k) for query, each in zip(queries[rows], candidates, strict=True)
            ]
            image_tiles = _tiles_of_all(images, encoder)
            for own_tiles, each in zip(tiles_of_rows(rows), images, strict=True):
                yield each if isinstance(each, CannotAttribute) else _shares(own_tiles, each, image_tiles, parameters)


def _without(copies: Ids, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without copies, so that no number of them takes a place among the nearest."""
    for asset_ids, vectors in blocks:
        is_kept = np.isin(asset_ids, copies, assume_unique=True, invert=True)
        yield asset_ids[is_kept], vectors[is_kept]


def _candidates(candidate_ids: Ids, encoder: Encoder) -> Iterator[Candidates]:
    """The candidates of each row of asset ids, -1 for none, read together since many rows share some."""
    wanted = np.unique(candidate_ids[candidate_ids >= 0])
    asset_ids, vectors = vectors_of(wanted.tolist(), encoder)
    if len(asset_ids) != len(wanted):
        raise KeyError(f"Vectors of encoder {encoder} were deleted while they were read: try again.")
    for row in candidate_ids:
        places = np.searchsorted(asset_ids, np.sort(row[row >= 0]))
        # Asset ids follow the order of first ingest, so they are that order.
        yield Candidates(asset_ids[places], vectors[places], asset_ids[places])


def _nearest(query: Vectors, candidates: Candidates, k: int) -> Nearest | CannotAttribute:
    if not is_unit(query):
        return CannotAttribute("The stored vector is not of unit length: embed the generation again.")
    try:
        return nearest(query, candidates, k)
    except ValueError as error:
        return CannotAttribute(str(error))


def _tiles_of_all(images: Sequence[Nearest | CannotAttribute], encoder: Encoder) -> dict[int, Tiles]:
    wanted = {asset_id for each in images if isinstance(each, Nearest) for asset_id in each.asset_ids.tolist()}
    return tiles_of(sorted(wanted), encoder)


def _shares(
    tiles: Tiles, images: Nearest, image_tiles: dict[int, Tiles], parameters: EnergyParameters
) -> Shares | CannotAttribute:
    own = [image_tiles[asset_id][None] for asset_id in images.asset_ids.tolist()]
    if not len(tiles) or any(each[0].shape != tiles.shape for each in own):
        return CannotAttribute("The stored tiles of the generation or of an image are incomplete: embed them again.")
    none = np.empty((0, *tiles.shape), np.int8)
    try:
        return energy_shares(tiles[SMALL], images, np.concatenate([none, *own]), parameters)
    except (ValueError, RuntimeError) as error:  # the latter from least squares that do not converge
        return CannotAttribute(str(error))
