"""Rows in a temporary file are those that were put there, and none is made up."""

import numpy as np
import pytest

from attribution import rows
from attribution.rows import RowFile

IDS = np.array([3, 5, 8, 13])
VALUES = np.arange(24, dtype=np.int8).reshape(4, 3, 2)


@pytest.mark.parametrize("resident_bytes", [0, 1 << 20])
def test_rows_are_taken_as_they_were_put_in_any_order(monkeypatch: pytest.MonkeyPatch, resident_bytes: int) -> None:
    monkeypatch.setattr(rows, "RESIDENT_BYTES", resident_bytes)  # at 0, every page goes back to the kernel at once
    kept = RowFile(IDS, (3, 2), np.int8)
    kept.put(np.array([13, 3]), VALUES[[3, 0]])
    kept.put(np.array([8]), VALUES[2:3])
    np.testing.assert_array_equal(kept.take(np.array([8, 13, 8, 3])), VALUES[[2, 3, 2, 0]])
    assert kept.has(IDS).tolist() == [True, False, True, True]


def test_of_no_ids_there_are_no_rows() -> None:
    kept = RowFile(IDS[:0], (3, 2), np.int8)
    assert kept.has(IDS[:0]).tolist() == []
    assert kept.take(IDS[:0]).shape == (0, 3, 2)


def test_rows_that_the_disk_has_no_room_for_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(file: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", no_room)
    with pytest.raises(OSError, match="No space left"):
        RowFile(IDS, (3, 2), np.int8)
