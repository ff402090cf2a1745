"""Tiers of copies at their limits, and the interval of a rate."""

import pytest

from attribution.core.copies import CopyThresholds, Evidence, Tier, gravest, rate_of, tier_of

LIMITS = CopyThresholds()


@pytest.mark.parametrize(
    ("evidence", "tier"),
    [
        (Evidence(), Tier.NONE),
        (Evidence(12, 0.5, 50_000, 0), Tier.NEAR_COPY),
        (Evidence(12, 0.5, 0, 50_000), Tier.NEAR_COPY),
        (Evidence(11, 0.5, 900_000, 900_000), Tier.POSSIBLE_COPY),
        (Evidence(400, 0.5, 49_999, 49_999), Tier.POSSIBLE_COPY),
        (Evidence(18, 0.46, 80_000, 50_000), Tier.POSSIBLE_COPY),  # two photographs of one minaret
        (Evidence(sscd_similarity=0.75), Tier.NEAR_COPY),
        (Evidence(sscd_similarity=0.7499), Tier.POSSIBLE_COPY),
        (Evidence(sscd_similarity=0.5), Tier.POSSIBLE_COPY),
        (Evidence(sscd_similarity=0.4999), Tier.NONE),
        (Evidence(12, 0.5, 50_000, 50_000, sscd_similarity=0.1), Tier.NEAR_COPY),
    ],
)
def test_the_tiers_begin_where_the_thresholds_say(evidence: Evidence, tier: Tier) -> None:
    assert tier_of(evidence, LIMITS) is tier


def test_the_gravest_of_several_tiers_is_the_generations() -> None:
    assert gravest([Tier.NONE, Tier.NEAR_COPY, Tier.POSSIBLE_COPY]) is Tier.NEAR_COPY
    assert gravest([]) is Tier.NONE


def test_the_interval_of_a_rate_is_wilsons() -> None:
    """169 of 9,000 is the rate of Somepalli et al.; bounds by the formula of Wilson (1927) with z = 1.96."""
    rate = rate_of(169, 9_000)
    assert rate.rate == pytest.approx(0.01878, abs=1e-5)
    assert rate.low == pytest.approx(0.01617, abs=1e-4)
    assert rate.high == pytest.approx(0.02179, abs=1e-4)
    none = rate_of(0, 20)
    assert none.low == 0
    assert none.high == pytest.approx(0.1611, abs=1e-4), "none of twenty is no proof of none at all"


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="n"):
        rate_of(0, 0)
