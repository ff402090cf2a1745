"""Settings of the money that would let it go wrong are refused at the start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "SECRET_KEY": "for this test",
    "DATABASE_URL": "postgresql:///nothing",
    "BROKER_URL": "redis://localhost:1/0",
    "DEPLOYMENT": "test",
}


def started(**environment: str) -> subprocess.CompletedProcess[str]:
    """The deployment's name, printed where Django knows no variables but these."""
    return subprocess.run(
        [sys.executable, "-c", "import marketplace.settings as settings; print(settings.DEPLOYMENT)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "ISK", "MGA", "UGX"])
def test_a_currency_that_is_unknown_or_that_stripe_counts_otherwise_is_refused(currency: str) -> None:
    result = started(**COMPLETE, SETTLEMENT_CURRENCY=currency)
    assert result.returncode != 0
    assert f"ImproperlyConfigured: SETTLEMENT_CURRENCY is '{currency}': set it to" in result.stderr


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_other_currencies_are_taken(currency: str) -> None:
    result = started(**COMPLETE, SETTLEMENT_CURRENCY=currency)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("country", ["us", "USA", "", "U1"])
def test_a_country_of_the_platform_that_is_no_code_is_refused(country: str) -> None:
    result = started(**COMPLETE, PLATFORM_COUNTRY=country)
    assert f"ImproperlyConfigured: PLATFORM_COUNTRY is '{country}': set it to" in result.stderr


def test_a_deployment_says_which_one_it_is_unless_it_is_for_development() -> None:
    unnamed = {name: value for name, value in COMPLETE.items() if name != "DEPLOYMENT"}
    assert "Set the environment variable DEPLOYMENT" in started(**unnamed).stderr
    assert started(**unnamed, DEBUG="true").stdout == "development\n"
    assert started(**COMPLETE).stdout == "test\n"
