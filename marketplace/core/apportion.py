"""Exact largest-remainder splitting of a whole number, the one rounding rule of every share and every cent."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar


class Ordered(Protocol):
    """A stable id that sorts, such as a row id or a tuple of them."""

    def __lt__(self, other: Any, /) -> bool:
        """Order two ids."""


K = TypeVar("K", bound=Ordered)


def apportion(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """Split `total` in proportion to integer weights, by largest remainder (Hamilton's method).

    Each key gets `total * weight // sum`; the units left over go to the largest `total * weight % sum`, ties to the
    smaller key. The parts come in ascending order of key, sum to `total`, and are each within one unit of their quota.
    A negative total (a refund) is the exact mirror of the positive one, so that it takes back what was given.
    Raises ValueError for a negative weight, or for a total other than zero over weights that are all zero.
    """
    if total < 0:
        return {key: -part for key, part in apportion(-total, weights).items()}
    _require_non_negative(weights)
    weight_sum = sum(weights.values())
    if not weight_sum:
        if total:
            raise ValueError(f"Cannot split {total}: nobody has a weight above zero.")
        return dict.fromkeys(sorted(weights), 0)
    parts: dict[K, int] = {}
    remainders: dict[K, int] = {}
    for key in sorted(weights):
        parts[key], remainders[key] = divmod(total * weights[key], weight_sum)
    left_over = total - sum(parts.values())
    # sorted() is stable and keys are in ascending order, so equal remainders fall to the smaller key
    for key in sorted(remainders, key=remainders.__getitem__, reverse=True)[:left_over]:
        parts[key] += 1
    return parts


def _require_non_negative(weights: Mapping[K, int]) -> None:
    for key, weight in weights.items():
        if weight < 0:
            raise ValueError(f"A weight cannot be negative: {key!r} has {weight}.")
