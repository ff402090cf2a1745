"""A probe finds the direction that tells two kinds apart, and its threshold keeps to the part that may be held."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution.core.probe import RocPoint, area_under, fit_probe, margins, roc, threshold_of

MARGINS = st.lists(st.floats(-100, 100), min_size=1, max_size=300)


def test_two_kinds_that_a_plane_parts_are_told_apart() -> None:
    random = np.random.default_rng(1)
    kinds = np.repeat([False, True], [300, 60])
    vectors = random.normal(size=(360, 16)) + np.outer(kinds, [3.0] + [0.0] * 15)
    found = margins(vectors, fit_probe(vectors, kinds))
    assert area_under(roc(found[~kinds], found[kinds])) > 0.97
    assert ((found > 0) == kinds).mean() > 0.9, "few pictures of a kind count as much as many of the other"


def test_what_is_random_is_not_told_apart() -> None:
    random = np.random.default_rng(2)
    kinds = random.random(4_000) < 0.5
    vectors = random.normal(size=(4_000, 8))
    weights = fit_probe(vectors[:2_000], kinds[:2_000])
    found = margins(vectors[2_000:], weights)
    assert area_under(roc(found[~kinds[2_000:]], found[kinds[2_000:]])) == pytest.approx(0.5, abs=0.05)


@given(MARGINS, st.floats(0, 0.5))
def test_at_most_the_part_that_may_be_held_lies_above_the_threshold(genuine: list[float], most: float) -> None:
    values = np.array(genuine)
    assert (values > threshold_of(values, most)).mean() <= most


def test_the_curve_of_a_worked_table() -> None:
    curve = roc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    assert curve == [RocPoint(0, 0), RocPoint(0, 0.5), RocPoint(0.5, 1), RocPoint(1, 1)]
    assert area_under(curve) == pytest.approx(0.875)


def test_one_kind_alone_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="both kinds"):
        fit_probe(np.ones((3, 2)), np.array([True, True, True]))
