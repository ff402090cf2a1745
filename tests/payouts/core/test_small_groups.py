"""Nobody is found in a group that a report shows: it is large enough, and so is what is left when it is taken away."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.core.small_groups import FEWEST, groups_shown, whole_percents

GROUPS = ["", "Africa", "Asia", "Europe", "Northern America", "Oceania"]
FIGURES = 3
COUNTS = st.integers(0, 12)
PEOPLE = st.dictionaries(st.sampled_from(GROUPS), st.tuples(*[COUNTS] * FIGURES))


def sizes_of(people: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """Of each group, over how many people its smallest figure is a sum, where there is anything to sum up."""
    used = [place for place in range(FIGURES) if any(counts[place] for counts in people.values())]
    return {group: min((counts[place] for place in used), default=0) for group, counts in people.items() if group}


def is_safe(sizes: dict[str, int], shown: set[str]) -> bool:
    folded = [sizes[group] for group in sizes if group not in shown]
    return all(sizes[group] >= FEWEST for group in shown) and (
        not shown or not folded or (len(folded) >= 2 and sum(folded) >= FEWEST)
    )


@given(PEOPLE)
def test_each_figure_that_is_shown_is_a_sum_over_at_least_five_people(people: dict[str, tuple[int, ...]]) -> None:
    for group in groups_shown(people):
        for place, count in enumerate(people[group]):
            assert count >= FEWEST or not any(counts[place] for counts in people.values())


@given(PEOPLE)
def test_what_is_left_without_the_shown_groups_is_two_groups_and_five_people_or_nobody(
    people: dict[str, tuple[int, ...]],
) -> None:
    assert is_safe(sizes_of(people), groups_shown(people))


@given(PEOPLE)
def test_no_more_is_folded_than_needed_and_the_smallest_first(people: dict[str, tuple[int, ...]]) -> None:
    sizes, shown = sizes_of(people), groups_shown(people)
    folded = [sizes[group] for group in sizes if group not in shown]
    assert max(folded, default=0) <= min((sizes[group] for group in shown), default=12)
    choices = (
        {g for g, chosen in zip(sizes, picks, strict=True) if chosen} for picks in product((0, 1), repeat=len(sizes))
    )
    assert len(shown) == max(len(choice) for choice in choices if is_safe(sizes, choice))


@given(PEOPLE, COUNTS)
def test_those_who_say_nothing_are_no_group_and_protect_nobody(people: dict[str, tuple[int, ...]], silent: int) -> None:
    people = {**people, "": (1, 1, 1)}
    assert "" not in groups_shown(people)
    assert groups_shown({**people, "": (silent + 1,) * FIGURES}) == groups_shown(people)


@pytest.mark.parametrize(
    ("people", "shown"),
    [
        ({}, set()),
        ({"": 9}, set()),
        ({"woman": 5, "man": 7}, {"woman", "man"}),
        ({"woman": 4, "": 90}, set()),
        ({"woman": 9, "man": 4, "": 90}, set()),
        ({"woman": 9, "man": 6, "another gender": 1}, {"woman"}),
        ({"Africa": 1, "Asia": 2, "Europe": 8, "Oceania": 30}, {"Oceania"}),
        ({"Africa": 2, "Asia": 3, "Europe": 8, "Oceania": 30}, {"Europe", "Oceania"}),
    ],
)
def test_a_lone_or_tiny_rest_takes_the_next_smallest_group_with_it(people: dict[str, int], shown: set[str]) -> None:
    assert groups_shown({group: (count,) for group, count in people.items()}) == shown


@pytest.mark.parametrize(
    ("ppm", "rounded"), [(0, 0), (4_999, 0), (5_000, 10_000), (333_333, 330_000), (1_000_000, 1_000_000)]
)
def test_parts_are_rounded_to_whole_percents(ppm: int, rounded: int) -> None:
    assert whole_percents(ppm) == rounded
