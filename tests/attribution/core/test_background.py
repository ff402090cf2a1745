"""What similarities are beside a background, on numbers that can be checked by hand."""

import numpy as np
import pytest

from attribution.core.background import BINS, histogram, percentiles, usual_similarity


def test_the_usual_similarity_is_the_mean_of_the_five_largest() -> None:
    background = np.array([[cosine, (1 - cosine**2) ** 0.5] for cosine in (0.1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.2)])
    assert usual_similarity(np.array([[1.0, 0.0]]), background) == pytest.approx([0.7])
    assert usual_similarity(np.array([[1.0, 0.0]]), background[:2]) == pytest.approx([0.5]), "of fewer, of all"


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles(np.empty(0)) == {}
    assert percentiles(np.linspace(0, 1, 101))["p95"] == pytest.approx(0.95)


def test_the_histogram_holds_all_of_both() -> None:
    found = histogram(np.array([-0.2, 0.5, 1.0000001]), np.array([0.3]))
    assert len(found["edges"]) == BINS + 1
    assert found["edges"][0] == pytest.approx(-0.2)
    assert sum(found["generations"]) == pytest.approx(1)
    assert sum(found["background"]) == pytest.approx(1)
    assert sum(histogram(np.array([0.1]), np.empty(0))["background"]) == 0
