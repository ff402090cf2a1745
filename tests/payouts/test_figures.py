"""The chart of months shows the months that earned, and says one month in words."""

from datetime import date

from payouts.figures import months_chart

SEP, OCT, NOV = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)


def test_months_are_drawn_from_the_first_that_earned_to_the_last_with_those_between() -> None:
    drawn = months_chart({NOV: {"Images": 1_000_000}, SEP: {"Images": 3_000_000}, date(2026, 8, 1): {}}, "USD")
    assert drawn is not None
    assert [(mark.place, mark.shown) for mark in drawn.marks] == [
        ("Sep", "3.000000 USD"),
        ("Oct", "0.000000 USD"),
        ("Nov", "1.000000 USD"),
    ]
    assert drawn.sentence == "4.000000 USD in 3 months; the best was September 2026 with 3.000000 USD."


def test_no_more_than_the_last_twelve_months_are_drawn_and_summed() -> None:
    drawn = months_chart(
        {OCT: {"Images": 1}, date(2025, 11, 1): {"Images": 2}, date(2025, 10, 1): {"Images": 4}}, "USD"
    )
    assert drawn is not None
    assert len(drawn.marks) == 12
    assert drawn.sentence == "0.000003 USD in 12 months; the best was November 2025 with 0.000002 USD."


def test_a_single_month_is_drawn_by_what_it_earned_how() -> None:
    drawn = months_chart({OCT: {"Images": 2_000_000, "Fund": 1_000_000, "Deals": 0}}, "USD")
    assert drawn is not None
    assert [(mark.place, mark.shown) for mark in drawn.marks] == [("Images", "2.000000 USD"), ("Fund", "1.000000 USD")]
    assert drawn.sentence == "3.000000 USD in October 2026."


def test_a_single_month_that_earned_in_one_way_is_only_said() -> None:
    drawn = months_chart({OCT: {"Images": 2_000_000}}, "USD")
    assert drawn is not None
    assert (drawn.drawn, drawn.sentence) == ("", "2.000000 USD in October 2026.")


def test_nothing_is_drawn_of_months_that_earned_nothing() -> None:
    assert months_chart({}, "USD") is None
    assert months_chart({OCT: {"Images": 0}}, "USD") is None
