"""Merkle proofs: one root commits to every statement of a period, and a short path leads each statement to it.

The tree is that of RFC 6962, section 2.1. Leaves and nodes are hashed with different first bytes, so that neither can
be passed off as the other.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

LEAF, NODE = b"\x00", b"\x01"


class ProofRefused(ValueError):
    """A path has another length than a leaf at that place in a tree of that size has."""


class Step(NamedTuple):
    """One step up: the hash beside ours, the side it is on, and the node over both."""

    side: str
    beside: bytes
    node: bytes


def leaf_hash(data: bytes) -> bytes:
    """The sha256 (32 bytes) of a leaf."""
    return hashlib.sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The sha256 (32 bytes) of a node over two others."""
    return hashlib.sha256(NODE + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root (32 bytes) over leaf hashes in their order; that of no leaves is the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = leaves
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes beside the way from a leaf up to the root. Raises IndexError for a leaf that is not there."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path, level = [], leaves
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, index = _level_above(level), index // 2
    return path


def steps_to_root(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> list[Step]:
    """Every step from a leaf hash, at its index among `count` leaves, to the root. Raises `ProofRefused`."""
    if not 0 <= index < count:
        raise ProofRefused(f"There is no leaf {index} among {count}.")
    steps, node, rest = [], leaf, list(path)
    while count > 1:
        if index ^ 1 < count:  # otherwise nothing is beside it, and it rises as it is
            if not rest:
                raise ProofRefused("The path ends before the root.")
            beside, side = rest.pop(0), "left" if index % 2 else "right"
            node = node_hash(beside, node) if side == "left" else node_hash(node, beside)
            steps.append(Step(side, beside, node))
        index, count = index // 2, (count + 1) // 2
    if rest:
        raise ProofRefused("The path goes on beyond the root.")
    return steps


def _level_above(level: Sequence[bytes]) -> list[bytes]:
    """Nodes over pairs; one that is left over rises as it is."""
    above = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    return above + list(level[len(level) - len(level) % 2 :])
