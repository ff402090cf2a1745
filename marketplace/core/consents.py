"""What a contributor's answers on training come to at a time: the one that holds, and those that are announced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Answer:
    """A yes or no to training on an image, from a time on."""

    granted: bool
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Standing:
    """The answer in effect, if any, and the announced ones that will replace it, in the order of their effect."""

    now: Answer | None
    announced: tuple[Answer, ...]


def standing(answers: Sequence[Answer], at: datetime) -> Standing:
    """Where an image stands by its answers, in the order in which they were recorded.

    An answer replaces all earlier ones from its effect on: also those that were announced for later than it.
    """
    counting: list[Answer] = []
    for answer in answers:
        counting = [earlier for earlier in counting if earlier.effective_at < answer.effective_at]
        counting.append(answer)
    begun = [answer for answer in counting if answer.effective_at <= at]
    return Standing(
        now=begun[-1] if begun else None, announced=tuple(answer for answer in counting if answer.effective_at > at)
    )
