"""How unevenly something is spread over people: Gini coefficients and what the top have, in whole ppm."""

from collections.abc import Iterable

from marketplace.core.ppm import WHOLE_PPM


def gini_ppm(amounts: Iterable[int]) -> int:
    """The Gini coefficient of what each of n people has, rounded down: 0 where all have the same or nobody anything.

    With amounts in ascending order, sum((2i - n - 1) x_i) / (n sum(x_i)), i from 1 (Dixon, Weiner, Mitchell-Olds and
    Woodley, "Bootstrapping the Gini coefficient of inequality", Ecology 68, 1987). Where one has everything it is
    (n - 1) / n. Raises ValueError for a negative amount.
    """
    ordered = sorted(amounts)
    if ordered and ordered[0] < 0:
        raise ValueError(f"Nobody can have less than nothing: {ordered[0]}.")
    count, total = len(ordered), sum(ordered)
    if not total:
        return 0
    above = sum((2 * place - count - 1) * amount for place, amount in enumerate(ordered, 1))
    return above * WHOLE_PPM // (count * total)


def top_ppm(amounts: Iterable[int], top: int = 10_000) -> int:
    """The part of everything that the first `top` ppm of the people have, who are at least one; rounded down."""
    ordered = sorted(amounts, reverse=True)
    total = sum(ordered)
    people = max(1, -(-len(ordered) * top // WHOLE_PPM))
    return sum(ordered[:people]) * WHOLE_PPM // total if total else 0


def parts_ppm(amounts: dict[str, int]) -> dict[str, int]:
    """What part of all each has, rounded to the nearest; all zero where nobody has anything."""
    total = sum(amounts.values())
    return {name: (amount * WHOLE_PPM * 2 + total) // (2 * total) if total else 0 for name, amount in amounts.items()}
