"""How far a count of readings can be trusted: chance, and the errors of what reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.core.copies import rate_of
from marketplace.core.ppm import WHOLE_PPM


@dataclass(frozen=True, slots=True)
class Reading:
    """`count` of `n` pictures read as something, which part of them truly are so lies from `low_ppm` to `high_ppm`."""

    count: int
    n: int
    part_ppm: int
    low_ppm: int
    high_ppm: int


@dataclass(frozen=True, slots=True)
class ReadingError:
    """How often the reading of `labelled` pictures was `wrong`, and how often it may be at most, in ppm."""

    labelled: int
    wrong: int
    most_ppm: int


def error_of(read: Sequence[int], said: Sequence[int | None]) -> ReadingError:
    """The error on pictures of which it is said what they are (not None): at most the 95 % interval's upper end.

    Without any such picture nothing is known: it may always be wrong.
    """
    pairs = [(a, b) for a, b in zip(read, said, strict=True) if b is not None]
    wrong = sum(a != b for a, b in pairs)
    most_ppm = round(rate_of(wrong, len(pairs)).high * WHOLE_PPM) if pairs else WHOLE_PPM
    return ReadingError(len(pairs), wrong, most_ppm)


def readings_of(read: Sequence[int], answers: int, error: ReadingError) -> list[Reading]:
    """For each of the answers, how many of the pictures were read so, with an interval for chance and error together.

    What is read and what is true differ only in pictures that are read wrongly: |P(read = k) - P(true = k)| <=
    P(read != true), so Wilson's interval is widened by the error on both sides. Either bound fails in about 5 of 100
    cases, so both hold in about 90 or more. That these pictures are read as well as the labelled ones is assumed.
    """
    return [_reading(sum(each == answer for each in read), len(read), error) for answer in range(answers)]


def _reading(count: int, n: int, error: ReadingError) -> Reading:
    if not n:
        return Reading(0, 0, 0, 0, WHOLE_PPM)
    rate = rate_of(count, n)
    low, high = round(rate.low * WHOLE_PPM) - error.most_ppm, round(rate.high * WHOLE_PPM) + error.most_ppm
    return Reading(count, n, round(rate.rate * WHOLE_PPM), max(low, 0), min(high, WHOLE_PPM))
