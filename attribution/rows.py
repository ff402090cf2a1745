"""Rows of a batch in a temporary file: each is read from the database once, and memory does not grow with them."""

import mmap
import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

RESIDENT_BYTES = 64 << 20

Ids = NDArray[np.int64]
Array = NDArray[Any]


class RowFile:
    """One row of a fixed shape for each of some ids, in the folder for temporary files.

    Raises OSError where that folder has no room for them all.
    """

    def __init__(self, ids: Ids, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """`ids` (n,) are distinct and ascending; none of them has a row yet."""
        self.shape = shape
        self._ids = ids
        self._touched = 0
        self._is_there = np.zeros(len(ids), np.bool_)
        size = max(len(ids) * np.dtype(dtype).itemsize * int(np.prod(shape)), 1)
        with tempfile.TemporaryFile() as file:
            os.posix_fallocate(file.fileno(), 0, size)  # writing to a page that the disk has no room for would kill us
            self._memory = mmap.mmap(file.fileno(), size)
        count = len(ids) * int(np.prod(shape))
        self._rows = np.frombuffer(self._memory, dtype, count).reshape(len(ids), *shape)

    def put(self, ids: Ids, rows: Array) -> None:
        """Keep the rows (m, …) of some of the ids (m,)."""
        places = np.searchsorted(self._ids, ids)
        self._rows[places] = rows
        self._is_there[places] = True
        self._touch(rows)

    def has(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of these ids (m,), all of them known from the start, have a row."""
        return self._is_there[np.searchsorted(self._ids, ids)]

    def take(self, ids: Ids) -> Array:
        """The rows (m, …) of ids (m,) that have one."""
        taken = self._rows[np.searchsorted(self._ids, ids)]
        self._touch(taken)
        return taken

    def _touch(self, rows: Array) -> None:
        """Leave the pages to the kernel now and then, which keeps them while it has room."""
        self._touched += rows.nbytes
        if self._touched > RESIDENT_BYTES:
            self._memory.madvise(mmap.MADV_DONTNEED)
            self._touched = 0
