"""Tiles: what parts of a picture look like, from the middle of the encoder's tower.

A picture's vector says what it resembles as a whole. A collage, a blend or an inpainted region resembles its sources in
parts only, so shares are computed tile by tile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GRID = 14
"""Tokens of the tower are averaged or repeated to a grid of this edge before they are cut into tiles."""
WINDOWS = tuple(
    (top, left, edge) for edge, starts in ((7, (0, 3, 7)), (4, (0, 3, 7, 10))) for top in starts for left in starts
)
"""The tiles of a picture, (top, left, edge) on the grid: nine of half its edge, then sixteen of two sevenths."""
SMALL = slice(-16, None)
"""The small tiles: a generation is cut into these, and each is compared with all tiles of an asset."""
WHITENED = 256

Rows = NDArray[np.float32]
Tiles = NDArray[np.int8]
"""(n, 25, width): each tile's direction in whole numbers from -127 to 127, so that products of them are exact."""


def tile_count(blocks: Sequence[int]) -> int:
    """How many tiles a picture has under a recipe that reads these blocks: without any, the picture is its only one."""
    return len(WINDOWS) if blocks else 1


def cut(grids: Rows) -> Rows:
    """Mean tokens of the tiles (n, 25, d) of pictures whose tokens are (n, GRID, GRID, d)."""
    tiles = [grids[:, top : top + edge, left : left + edge].mean(axis=(1, 2)) for top, left, edge in WINDOWS]
    return np.stack(tiles, axis=1)


def quantised(rows: Rows) -> Tiles:
    """The nearest directions whose largest number is 127."""
    largest = np.maximum(np.abs(rows).max(axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return np.asarray(np.rint(rows / largest * 127), np.int8)


def unit(rows: NDArray[np.floating[Any]]) -> Rows:
    """Each row (…, d) brought to unit length."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12), dtype=np.float32)


def whitening(centred: Rows, width: int) -> Rows:
    """(d, width): principal axes of centred rows (n, d), each divided by the standard deviation along it."""
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    deviation = singular[:width] / np.sqrt(len(centred) - 1)
    return np.asarray(axes[:width].T / np.maximum(deviation, 1e-6), dtype=np.float32)


def projection(rows: Rows, width: int) -> Rows | None:
    """(d, width): what keeps most of the inner products of rows (n, d), a truncated SVD; None if they are no wider."""
    if rows.shape[1] <= width:
        return None
    _, vectors = np.linalg.eigh(rows.T @ rows)
    return np.asarray(vectors[:, ::-1][:, :width], dtype=np.float32)


def trained_projection(rows: Rows, changes: Rows, width: int) -> Rows:
    """(d, width): like `projection`, after axes along which derived pictures differ from their sources are shrunk.

    `changes` (m, d) are those differences. Along an axis on which they have the variance v, numbers are divided by the
    root of v and their mean variance together (learned whitening, Mikolajczyk and Matas 2007, with shrinkage). Raises
    ValueError where `rows` (n, d) are no wider than `width`, so that nothing is projected.
    """
    variances, axes = np.linalg.eigh(changes.T.astype(np.float64) @ changes / len(changes))
    shrunk = (axes / np.sqrt(variances + variances.mean())).astype(np.float32)
    onto = projection(unit(rows @ shrunk), width)
    if onto is None:
        raise ValueError(f"tiles of {rows.shape[1]} numbers are stored as they are in {width}: there is no projection")
    return np.asarray(shrunk @ onto)


@dataclass(frozen=True)
class TileStatistics:
    """Of the tiles (n, 25, d) of each of the recipe's blocks on a background set: the mean at each place (25, d), since
    tokens know where they are, and the whitening (d, k); and the projection of all together, or None."""

    means: tuple[Rows, ...]
    whitenings: tuple[Rows, ...]
    projection: Rows | None

    @classmethod
    def fitted(cls, blocks: Sequence[Rows], width: int) -> "TileStatistics":
        """From the blocks' tiles (n, 25, d) of n background pictures. Raises ValueError for too few pictures."""
        means = tuple(unit(tiles).mean(axis=0) for tiles in blocks)
        whitenings = tuple(_fitted_whitening(tiles, mean) for tiles, mean in zip(blocks, means, strict=True))
        whole = cls(means, whitenings, None).joined(blocks)
        return cls(means, whitenings, projection(whole.reshape(-1, whole.shape[-1]), width))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Rows]) -> "TileStatistics | None":
        """What `as_arrays` gave, among other arrays; None where it was not fitted."""
        count = sum(name.startswith("tile_mean_") for name in arrays)
        if not count:
            return None
        return cls(
            tuple(arrays[f"tile_mean_{block}"] for block in range(count)),
            tuple(arrays[f"tile_whitening_{block}"] for block in range(count)),
            arrays.get("tile_projection"),
        )

    def as_arrays(self) -> dict[str, Rows]:
        """Under the names tile_mean_0, tile_whitening_0, tile_mean_1, …, tile_projection."""
        arrays = {f"tile_mean_{block}": mean for block, mean in enumerate(self.means)}
        arrays |= {f"tile_whitening_{block}": matrix for block, matrix in enumerate(self.whitenings)}
        return arrays if self.projection is None else arrays | {"tile_projection": self.projection}

    def tiles(self, blocks: Sequence[Rows]) -> Tiles:
        """Tiles (n, 25, width) of the blocks' (n, 25, d)."""
        return quantised(self.projected(blocks))

    def projected(self, blocks: Sequence[Rows]) -> Rows:
        """`tiles` before they become whole numbers."""
        whole = self.joined(blocks)
        return whole if self.projection is None else whole @ self.projection

    def joined(self, blocks: Sequence[Rows]) -> Rows:
        """Each block's tiles centred, whitened and brought to unit length; concatenated (n, 25, sum of k)."""
        centred = [unit(tiles) - mean for tiles, mean in zip(blocks, self.means, strict=True)]
        rows = [unit(tiles @ matrix) for tiles, matrix in zip(centred, self.whitenings, strict=True)]
        return unit(np.concatenate(rows, axis=-1))


def _fitted_whitening(tiles: Rows, mean: Rows) -> Rows:
    centred = (unit(tiles) - mean).reshape(-1, tiles.shape[-1])
    width = min(WHITENED, centred.shape[1])
    if len(centred) <= width:
        raise ValueError(f"whitening tiles to {width} numbers needs more than {len(centred)} tiles")
    return whitening(centred, width)
