"""The campaign that decides: twenty seeds pay everybody exactly once, and three bad designs of the worker do not pass.

Each runs as a program of its own, as an operator starts it: workers are forked from one that holds little.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from payouts.campaign.plan import A_DAY_AND_MORE_S, FAULT_RATES_PPM, plan_of, seeds_of
from tests.payouts.campaign.mutants import MUTANTS

REPOSITORY = Path(__file__).resolve().parents[3]


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_seed_has_one_plan_and_another_seed_another() -> None:
    assert plan_of(17) == plan_of(17) != plan_of(18)


def test_over_the_seeds_of_this_suite_everything_befalls_a_run() -> None:
    plans = [plan_of(seed) for seed in range(1, 21)]
    assert all(one.pause_s == A_DAY_AND_MORE_S for one in (max(p.rounds, key=lambda r: r.pause_s) for p in plans))
    assert any(one.stops_database for plan in plans for one in plan.rounds)
    assert any(plan.refused is not None for plan in plans)
    assert all(plan.reversed_by_us for plan in plans)
    assert sum(FAULT_RATES_PPM.values()) == 350_000


@pytest.mark.parametrize("text", ["", "x", "2-1", "1-", "-1", "1-2-3"])
def test_what_names_no_seeds_is_refused_and_told(text: str) -> None:
    with pytest.raises(ValueError, match="names no seeds"):
        seeds_of(text)


def test_twenty_seeds_pay_everybody_exactly_once_and_touch_nothing_of_their_surroundings() -> None:
    """The key and the database that are configured here could not even be reached."""
    elsewhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "STRIPE_API_KEY": "sk_live_never"}
    told = program("manage.py", "fault_campaign", "--seeds", "1-20", **elsewhere)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stderr == ""
    assert "0 of 20 seeds went wrong, 0.00 USD paid twice" in told.stdout


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_bad_design_pays_twice_within_a_dozen_seeds_and_is_told_with_the_line_that_replays_it(mutant: str) -> None:
    told = program("-m", "tests.payouts.campaign.mutants", mutant, "1-12", "until-caught")
    assert told.returncode == 0, told.stderr
    wrong = re.search(r"Seed (\d+) WENT WRONG, [1-9][\d.]* USD paid twice", told.stdout)
    assert wrong is not None, told.stdout
    assert f"Replay it: manage.py fault_campaign --seeds {wrong[1]}\n" in told.stdout
