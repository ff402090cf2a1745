"""What befalls a seed: drawn from its number alone, so that the same seed meets the same again."""

import random
import re
from dataclasses import dataclass
from enum import StrEnum

from payouts.sandbox.deliveries import Manner
from payouts.sandbox.faults import Fault

SEEDS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
CONTRIBUTORS = 8
FAULT_RATES_PPM = {
    Fault.RATE_LIMITED: 60_000,
    Fault.CONFLICT: 50_000,
    Fault.DROPPED_BEFORE: 60_000,
    Fault.DROPPED_AFTER: 80_000,
    Fault.STALLED: 20_000,
    Fault.FAILED_BEFORE: 40_000,
    Fault.FAILED_AFTER: 40_000,
}
"""Together 35 % of all calls."""
A_DAY_AND_MORE_S = 25 * 3600
HALF_AN_HOUR_AND_MORE_S = 31 * 60
PAUSES_S = (0, 600, HALF_AN_HOUR_AND_MORE_S, A_DAY_AND_MORE_S)
STOPS_DATABASE = 0.25  # of the seeds
REFUSES_AN_ACCOUNT = 0.3
STATEMENTS_PER_CALL = 10  # about
LARGEST_CHANGE_MICRO = 90_000_000


class Act(StrEnum):
    """What a worker is sent to do."""

    SEND = "send"
    REVERSE = "reverse"
    HANDLE_WEBHOOKS = "handle webhooks"
    RECONCILE = "reconcile"


class Moment(StrEnum):
    """Where a worker is when it happens: counted from its start."""

    BEFORE_CALL = "before call"  # between commit and call
    AFTER_CALL = "after call"  # between call and commit
    STATEMENT = "before statement"  # anywhere in a transaction


@dataclass(frozen=True)
class Doom:
    """At the `count`-th such moment the worker is killed or, instead, the database is stopped hard."""

    moment: Moment
    count: int
    stops_database: bool = False


@dataclass(frozen=True)
class Errand:
    """One worker's act."""

    act: Act
    doom: Doom | None = None


@dataclass(frozen=True)
class Round:
    """Two workers at once, what webhooks are sent again afterwards, and how much time then goes by."""

    errands: tuple[Errand, ...]
    webhooks: Manner
    pause_s: int

    @property
    def stops_database(self) -> bool:
        """Whether the database is stopped hard in this round."""
        return any(errand.doom is not None and errand.doom.stops_database for errand in self.errands)


@dataclass(frozen=True)
class Plan:
    """A whole seed; contributors are counted from 0."""

    seed: int
    changes_micro: tuple[int, ...]  # by contributor, to what all have earned
    refused: int | None  # whose account takes no transfers
    reversed_by_us: frozenset[int]
    reversed_at_stripe: int  # of whose transfer somebody takes one minor unit back at Stripe
    covered: int  # how many more transfers the funds cover in the second round, before they are topped up again
    rounds: tuple[Round, ...]


def seeds_of(text: str) -> range:
    """The seeds that a text such as 17 or 1-200 names. Raises ValueError for any other."""
    match = SEEDS.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise ValueError(f"{text!r} names no seeds: give one such as 17, or a range such as 1-200.")
    return range(first, last + 1)


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    rng = random.Random(f"campaign {seed}")  # noqa: S311 - repeatable, not secret
    everybody = list(range(CONTRIBUTORS))
    rng.shuffle(everybody)
    return Plan(
        seed=seed,
        changes_micro=tuple(rng.randint(-LARGEST_CHANGE_MICRO, LARGEST_CHANGE_MICRO) for _ in everybody),
        refused=everybody[0] if rng.random() < REFUSES_AN_ACCOUNT else None,
        reversed_by_us=frozenset(everybody[1 : rng.randint(2, 4)]),
        reversed_at_stripe=everybody[4],
        covered=rng.randint(0, 3),
        rounds=_rounds(rng),
    )


def _rounds(rng: random.Random) -> tuple[Round, ...]:
    """Three to five: none gets far in the first, funds run short in the second, and once a day and more goes by."""
    count = rng.randint(3, 5)
    day_after = rng.choice((0, 0, *range(1, count - 1)))
    stop_in = rng.randrange(count) if rng.random() < STOPS_DATABASE else None
    return tuple(
        Round(
            errands=_errands(rng, number, stops_database=number == stop_in),
            webhooks=rng.choice(list(Manner)),
            pause_s=A_DAY_AND_MORE_S if number == day_after else rng.choice(PAUSES_S),
        )
        for number in range(count)
    )


def _errands(rng: random.Random, number: int, *, stops_database: bool) -> tuple[Errand, ...]:
    if number == 0:
        return Errand(Act.SEND, _doom(rng, 6, stops_database=stops_database)), Errand(Act.SEND, _doom(rng, 6))
    first = Errand(Act.SEND, _doom(rng, 20, stops_database=stops_database))
    # While funds are short the cash at both ends differs, and a reconciliation would rightly say so.
    others = [Act.SEND, Act.SEND, Act.REVERSE, Act.HANDLE_WEBHOOKS] + [Act.RECONCILE] * (number > 1)
    return first, Errand(rng.choice(others), _doom(rng, 20) if rng.random() < 0.6 else None)  # noqa: PLR2004 - of them


def _doom(rng: random.Random, latest: int, *, stops_database: bool = False) -> Doom:
    """At one of the first calls, or of the statements around them."""
    moment = rng.choice((Moment.BEFORE_CALL, Moment.AFTER_CALL, Moment.AFTER_CALL, Moment.STATEMENT))
    return Doom(
        moment, rng.randint(1, latest * STATEMENTS_PER_CALL if moment is Moment.STATEMENT else latest), stops_database
    )
