"""Merkle proofs: each leaf's path leads to the root, and nothing that was changed, moved or cut does."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core.canonical import canonical
from payouts.core.proofs import ProofRefused, leaf_hash, node_hash, path_of, root_of, steps_to_root

trees = st.lists(st.binary(max_size=8), min_size=1, max_size=40).map(
    lambda leaves: [leaf_hash(bytes([place]) + leaf) for place, leaf in enumerate(leaves)]
)


def rfc_6962(leaves: Sequence[bytes]) -> bytes:
    """The root as section 2.1 of the RFC defines it, over leaf hashes: split at the largest power of two below."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + rfc_6962(leaves[:split]) + rfc_6962(leaves[split:])).digest()


def root_by(leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes:
    steps = steps_to_root(leaf, index, count, path)
    return steps[-1].node if steps else leaf


def leads_to(root: bytes, leaf: bytes, index: int, count: int, path: Sequence[bytes]) -> bool:
    try:
        return root_by(leaf, index, count, path) == root
    except ProofRefused:
        return False


@given(trees)
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert root_of(leaves) == rfc_6962(leaves)


def test_the_roots_of_no_leaf_and_of_seven_are_those_of_the_rfcs_test_vectors() -> None:
    """Certificate Transparency's published vectors: the inputs and the roots of trees of 0, 1 and 7 leaves."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves = [leaf_hash(bytes.fromhex(data)) for data in inputs]
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(leaves).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"


@given(trees)
def test_every_leaf_leads_to_the_root(leaves: list[bytes]) -> None:
    for index, leaf in enumerate(leaves):
        assert root_by(leaf, index, len(leaves), path_of(leaves, index)) == root_of(leaves)


@given(trees, st.data())
def test_no_other_leaf_and_no_other_place_leads_there(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path, root = path_of(leaves, index), root_of(leaves)
    assert not leads_to(root, leaf_hash(b"another"), index, len(leaves), path)
    for other in range(len(leaves)):
        if other != index:
            assert not leads_to(root, leaves[other], index, len(leaves), path)
            assert not leads_to(root, leaves[index], other, len(leaves), path)


@given(trees, st.data())
def test_no_cut_lengthened_reordered_or_altered_path_leads_there(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    leaf, path, root = leaves[index], path_of(leaves, index), root_of(leaves)
    wrong = [path[:place] + path[place + 1 :] for place in range(len(path))]
    wrong += [[*path, leaf], [leaf, *path]]
    wrong += [[*path[:place], path[place + 1], path[place], *path[place + 2 :]] for place in range(len(path) - 1)]
    wrong += [[*path[:place], bytes(32), *path[place + 1 :]] for place in range(len(path))]
    for one in wrong:
        assert not leads_to(root, leaf, index, len(leaves), one)


@given(trees)
def test_a_node_is_not_taken_for_a_leaf(leaves: list[bytes]) -> None:
    """Without the first bytes, a statement made of two hashes would prove itself in place of two statements."""
    if len(leaves) > 1:
        assert leaf_hash(leaves[0] + leaves[1]) != node_hash(leaves[0], leaves[1])


@pytest.mark.parametrize(("index", "count"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_of_the_tree_is_refused(index: int, count: int) -> None:
    leaves = [leaf_hash(bytes([place])) for place in range(count)]
    with pytest.raises(ProofRefused, match=f"no leaf {index} among {count}"):
        root_by(leaf_hash(b""), index, count, [])
    with pytest.raises(IndexError, match=f"no leaf {index} among {count}"):
        path_of(leaves, index)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(), parts, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), documents))
def test_a_document_has_one_spelling_whatever_the_order_of_its_keys(document: dict[str, object]) -> None:
    backwards = dict(reversed(list(document.items())))
    assert canonical(document) == canonical(backwards)
    assert json.loads(canonical(document)) == document
    assert canonical(document).isascii()


@pytest.mark.parametrize("document", [{"a": 1.0}, {"a": [{"b": 0.5}]}, {"a": float("nan")}])
def test_a_float_has_no_place_in_a_document(document: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="is a float"):
        canonical(document)
