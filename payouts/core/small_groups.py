"""Which groups of people may be shown in sums, so that nobody is found in them: by themselves or by subtraction."""

from collections.abc import Mapping, Sequence

FEWEST = 5
"""People in each sum that is shown."""
FEWEST_FOLDED = 2
"""Groups in what is left of the whole without them: of one group alone it would say what nobody may be told."""
PERCENT = 10_000


def groups_shown(people: Mapping[str, Sequence[int]]) -> set[str]:
    """The groups to show by themselves; the others are folded into one, with those who say nothing of themselves.

    `people` has for each group how many people each of its figures is a sum over, the figures in the same order for
    all; the group without a name are those who say nothing. A figure that is a sum over nobody in any group does not
    count, for it is 0 for all. Groups are folded from the smallest on, until each shown figure is a sum over `FEWEST`
    people or more, and the folded groups are `FEWEST_FOLDED` or more with as many people together: so whoever subtracts
    what they know from the whole finds no small group either. Where that cannot be, none is shown.
    """
    figures = [place for place, counts in enumerate(zip(*people.values(), strict=True)) if any(counts)]
    sizes = {group: min((people[group][place] for place in figures), default=0) for group in people if group}
    ascending = sorted(sizes, key=lambda group: (sizes[group], group))
    folded = sum(size < FEWEST for size in sizes.values())
    while 0 < folded < len(ascending):
        people_folded = sum(sizes[group] for group in ascending[:folded])
        if folded >= FEWEST_FOLDED and people_folded >= FEWEST:
            break
        folded += 1
    return set(ascending[folded:])


def whole_percents(ppm: int) -> int:
    """Parts per million rounded to whole percents, still in ppm: what one person changes is seldom seen in them."""
    return (ppm + PERCENT // 2) // PERCENT * PERCENT
