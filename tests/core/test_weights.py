"""The weight of an image is that of its group."""

import pytest

from marketplace.core.weights import parse_weight, weight_ppm_of


@pytest.mark.parametrize(
    ("keywords", "weight_ppm"),
    [([], 1_000_000), (["sea"], 1_000_000), (["sea", "rare"], 3_000_000), (["common", "rare"], 3_000_000),
     (["common"], 500_000)],
)  # fmt: skip
def test_the_largest_of_its_groups_counts_and_once_without_one(keywords: list[str], weight_ppm: int) -> None:
    assert weight_ppm_of(keywords, {"common": 500_000, "rare": 3_000_000}) == weight_ppm


def test_a_keyword_may_hold_the_sign_that_separates_it() -> None:
    assert parse_weight("a=b=0.25") == ("a=b", 250_000)
