"""Shares of generations, computed from stored vectors only: the same for a batch and for whoever checks it later."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from attribution.core.shares import Candidates, EnergyParameters, Nearest, Shares, energy_shares, nearest
from attribution.core.similarity import NO_ASSET, is_unit, rounding, top_k
from attribution.models import WIDTH, EmbeddingFailure, Encoder
from attribution.rows import RowFile
from attribution.search import (
    BLOCK_ROWS,
    Block,
    generation_tiles,
    generation_vectors,
    stream_tiles,
    stream_vectors,
    vectors_of,
)
from attribution.tiles import SMALL, Tiles, tile_count

OVERFETCH = 4  # so many times more are searched for at first
GENERATIONS_AT_ONCE = 64  # whose own tiles are read together
NOBODY = np.empty(0, np.int64)
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
    images = _nearest_of_each(queries, training_set_id, encoder, parameters.k, copies)
    image_tiles = _tiles_of_all(images, encoder)
    with threadpool_limits(1, "blas"):  # a generation's products are so small that threads only wait for one another
        for start in range(0, len(queries), GENERATIONS_AT_ONCE):
            rows = slice(start, start + GENERATIONS_AT_ONCE)
            for own_tiles, each in zip(tiles_of_rows(rows), images[rows], strict=True):
                yield each if isinstance(each, CannotAttribute) else _shares(own_tiles, each, image_tiles, parameters)


def _nearest_of_each(
    queries: Vectors, training_set_id: int, encoder: Encoder, k: int, copies: Ids
) -> list[Nearest | CannotAttribute]:
    """The k nearest distinct assets of each query, or why it has none.

    More than k are searched for, and again more for those whose k nearest are not certain to be among them: exact
    copies that nobody has found yet may take the places of others.
    """
    # What cannot be searched stands in line as some unit vector, whose candidates nobody looks at.
    searched = np.where(is_unit(queries)[:, None], queries, np.eye(1, queries.shape[1], dtype=queries.dtype))
    found: dict[int, Nearest | CannotAttribute] = {}
    wanted, pending = k * OVERFETCH, np.arange(len(queries))
    while len(pending):
        asset_ids, cosines = top_k(
            searched[pending], _without(copies, stream_vectors(training_set_id, encoder)), wanted
        )
        vectors = _vectors_of_all(asset_ids, encoder)
        most_of_others = np.where(asset_ids[:, -1] == NO_ASSET, -np.inf, cosines[:, -1] + rounding(queries.shape[1]))
        with threadpool_limits(1, "blas"):
            for row, own_ids in zip(pending.tolist(), asset_ids, strict=True):
                found[row] = _nearest(queries[row], own_ids[own_ids != NO_ASSET], vectors, k)
        is_certain = [
            _surpasses(found[row], most, k) for row, most in zip(pending.tolist(), most_of_others, strict=True)
        ]
        wanted, pending = wanted * OVERFETCH, pending[~np.array(is_certain)]
    return [found[row] for row in range(len(queries))]


def _surpasses(found: Nearest | CannotAttribute, most_of_others: float, k: int) -> bool:
    """Whether none of the assets that were not compared can be among the k nearest."""
    if isinstance(found, CannotAttribute) or most_of_others == -np.inf:
        return True
    return len(found.similarities) == k and bool(found.similarities[-1] > most_of_others)


def _without(copies: Ids, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks without copies, so that no number of them takes a place among the nearest."""
    for asset_ids, vectors in blocks:
        is_kept = np.isin(asset_ids, copies, assume_unique=True, invert=True)
        yield asset_ids[is_kept], vectors[is_kept]


def _vectors_of_all(asset_ids: Ids, encoder: Encoder) -> RowFile:
    wanted = np.unique(asset_ids[asset_ids != NO_ASSET])
    vectors = RowFile(wanted, (WIDTH,), np.float16)
    for start in range(0, len(wanted), BLOCK_ROWS):
        vectors.put(*vectors_of(wanted[start : start + BLOCK_ROWS].tolist(), encoder))
    if not vectors.has(wanted).all():
        raise KeyError(f"Vectors of encoder {encoder} were deleted while they were read: try again.")
    return vectors


def _nearest(query: Vectors, asset_ids: Ids, vectors: RowFile, k: int) -> Nearest | CannotAttribute:
    if not is_unit(query):
        return CannotAttribute("The stored vector is not of unit length: embed the generation again.")
    try:
        # Asset ids follow the order of first ingest, so they are that order.
        return nearest(query, Candidates(asset_ids, vectors.take(asset_ids), asset_ids), k)
    except ValueError as error:
        return CannotAttribute(str(error))


def _tiles_of_all(images: Sequence[Nearest | CannotAttribute], encoder: Encoder) -> RowFile:
    listed = [each.asset_ids for each in images if isinstance(each, Nearest)]
    wanted, count = np.unique(np.concatenate([NOBODY, *listed])), tile_count(encoder.recipe["blocks"])
    tiles = RowFile(wanted, (count, WIDTH), np.int8)
    for asset_ids, rows in stream_tiles(wanted, encoder, count):
        tiles.put(asset_ids, rows)
    return tiles


def _shares(
    tiles: Tiles, images: Nearest, image_tiles: RowFile, parameters: EnergyParameters
) -> Shares | CannotAttribute:
    if tiles.shape != image_tiles.shape or not image_tiles.has(images.asset_ids).all():
        return CannotAttribute("The stored tiles of the generation or of an image are incomplete: embed them again.")
    try:
        return energy_shares(tiles[SMALL], images, image_tiles.take(images.asset_ids), parameters)
    except (ValueError, RuntimeError) as error:  # the latter from least squares that do not converge
        return CannotAttribute(str(error))
