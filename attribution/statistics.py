"""What an encoder's parts look like on pictures in general: the means, whitenings and projections of its embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from attribution.tiles import Rows, TileStatistics, projection, unit, whitening


class Outputs(NamedTuple):
    """What a tower gives for n pictures: of each block the mean token (n, d), then the final embedding; and of each
    block the tiles (n, 25, d)."""

    parts: list[Rows]
    tiles: list[Rows]


def together(batches: Sequence[Outputs]) -> Outputs:
    """The outputs of several batches as those of one."""
    return Outputs(*([np.concatenate(rows) for rows in zip(*kind, strict=True)] for kind in zip(*batches, strict=True)))


@dataclass(frozen=True)
class Statistics:
    """What is known of an encoder's parts from a background set: each mean (d,), each whitening (d, k) or None,
    the projection (sum of k, stored width) of all parts together, or None, and the same of its tiles."""

    means: tuple[Rows, ...]
    whitenings: tuple[Rows | None, ...]
    projection: Rows | None
    tiles: TileStatistics | None = None

    @classmethod
    def fitted(cls, outputs: Outputs, width: int, whiten_to: int | None) -> "Statistics":
        """Each part's mean on a background set and, with `whiten_to`, its PCA whitening to that many numbers; where the
        parts together are wider than the stored `width`, also the projection that keeps most of their inner products (a
        truncated SVD); and the same of the tiles. Raises ValueError if `whiten_to` needs more pictures.
        """
        parts = [unit(part) for part in outputs.parts]
        if whiten_to and len(parts[0]) <= whiten_to:
            raise ValueError(
                f"whitening to {whiten_to} numbers needs more than {whiten_to} images, not {len(parts[0])}"
            )
        means = tuple(part.mean(axis=0) for part in parts)
        whitenings = tuple(
            whitening(part - mean, min(whiten_to, part.shape[1])) if whiten_to else None
            for part, mean in zip(parts, means, strict=True)
        )
        whole = cls(means, whitenings, None).joined(parts)
        tiles = TileStatistics.fitted(outputs.tiles, width) if outputs.tiles else None
        return cls(means, whitenings, projection(whole, width), tiles)

    @classmethod
    def read(cls, path: Path) -> "Statistics":
        """Load what `write` stored. Raises FileNotFoundError."""
        with np.load(path) as file:
            arrays = dict(file)
        count = sum(name.startswith("mean_") for name in arrays)
        return cls(
            tuple(arrays[f"mean_{part}"] for part in range(count)),
            tuple(arrays.get(f"whitening_{part}") for part in range(count)),
            arrays.get("projection"),
            TileStatistics.from_arrays(arrays),
        )

    def write(self, path: Path) -> None:
        """Store as .npz: mean_0, whitening_0, mean_1, …, projection; whatever is None is left out."""
        arrays: dict[str, Any] = {f"mean_{part}": mean for part, mean in enumerate(self.means)}
        arrays |= {f"whitening_{part}": matrix for part, matrix in enumerate(self.whitenings) if matrix is not None}
        if self.projection is not None:
            arrays["projection"] = self.projection
        if self.tiles is not None:
            arrays |= self.tiles.as_arrays()
        np.savez_compressed(path, allow_pickle=False, **arrays)

    def joined(self, parts: Sequence[Rows]) -> Rows:
        """Each part centred, whitened and brought to unit length; concatenated and projected."""
        rows = []
        for part, mean, matrix in zip(parts, self.means, self.whitenings, strict=True):
            centred = unit(part) - mean
            rows.append(unit(centred if matrix is None else centred @ matrix))
        whole = np.concatenate(rows, axis=1)
        return whole if self.projection is None else whole @ self.projection
