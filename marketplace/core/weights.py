"""Weights of member groups of a training set: how often a trainer should show an image, in ppm; once is 1,000,000."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

ONCE_PPM = 1_000_000
MOST_PPM = 100 * ONCE_PPM


def weight_ppm_of(keywords: Iterable[str], weights_ppm: Mapping[str, int]) -> int:
    """The weight of an image: that of its group, the largest where it is in several, and once where it is in none."""
    return max((weights_ppm[word] for word in keywords if word in weights_ppm), default=ONCE_PPM)


def parse_weight(text: str) -> tuple[str, int]:
    """A group's keyword and its weight in ppm, of text such as `women=2.5`. Raises ValueError."""
    keyword, _, factor = text.rpartition("=")
    try:
        weight_ppm = Decimal(factor) * ONCE_PPM
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no weight: write KEYWORD=FACTOR, such as portrait=2.5.") from error
    if not keyword or not weight_ppm.is_finite() or weight_ppm != int(weight_ppm) or not 0 < weight_ppm <= MOST_PPM:
        raise ValueError(f"{text!r} is no weight: a keyword, =, and a factor above 0 and up to 100, of six decimals.")
    return keyword, int(weight_ppm)
