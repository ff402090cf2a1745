import pytest

from payouts.core.borders import least_minor, reaches


@pytest.mark.parametrize(
    ("platform_country", "country", "is_reached"),
    [
        ("US", "US", True),
        ("US", "DE", True),
        ("DE", "CA", True),
        ("GB", "CH", True),
        ("US", "JP", False),
        ("JP", "JP", True),
        ("JP", "US", False),
        ("AU", "NZ", False),
    ],
)
def test_transfers_stay_at_home_or_within_the_countries_that_stripe_connects(
    platform_country: str, country: str, is_reached: bool
) -> None:
    assert reaches(platform_country, country) == is_reached


@pytest.mark.parametrize(
    ("country", "currency", "minor"), [("US", "USD", 1), ("DE", "USD", 100), ("DE", "JPY", 1), ("DE", "KWD", 1_000)]
)
def test_a_whole_unit_is_the_least_that_crosses_a_border(country: str, currency: str, minor: int) -> None:
    assert least_minor("US", country, currency) == minor
