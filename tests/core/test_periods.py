from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.core.periods import Month

months = st.builds(Month, st.integers(2, 9997), st.integers(1, 12))
instants = st.datetimes(
    min_value=datetime.fromisoformat("0002-01-01"),
    max_value=datetime.fromisoformat("9997-12-31"),
    timezones=st.timezones(),
    allow_imaginary=False,
)


def test_a_month_starts_at_its_first_instant_and_ends_at_the_next_month_s() -> None:
    november = Month(2026, 11)
    assert november.start_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert november.end_at == datetime(2026, 12, 1, tzinfo=UTC)
    assert Month(2026, 12).end_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_last_instant_belongs_to_the_month_and_midnight_to_the_next() -> None:
    november = Month(2026, 11)
    assert Month.containing(november.end_at - timedelta(microseconds=1)) == november
    assert Month.containing(november.end_at) == Month(2026, 12)


def test_the_month_is_that_of_utc_wherever_the_customer_is() -> None:
    auckland = timezone(timedelta(hours=13))
    assert Month.containing(datetime(2026, 12, 1, 9, 0, tzinfo=auckland)) == Month(2026, 11)


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Month.containing(datetime.fromisoformat("2026-11-01"))


@settings(deadline=None)
@given(instants)
def test_every_instant_is_in_exactly_the_month_that_contains_it(at: datetime) -> None:
    month = Month.containing(at)
    assert month.start_at <= at < month.end_at


@settings(deadline=None)
@given(months)
def test_months_follow_one_another_without_gap_or_overlap(month: Month) -> None:
    assert month.next.start_at == month.end_at
    assert month.next.previous == month
    assert month.previous < month < month.next


@settings(deadline=None)
@given(months)
def test_a_month_reads_back_from_its_own_text(month: Month) -> None:
    assert Month.parse(str(month)) == month


def test_a_month_prints_as_year_and_month() -> None:
    assert str(Month(2026, 3)) == "2026-03"


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2026/01", "2026-01-01", " 2026-01", ""])
def test_text_that_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="month"):
        Month.parse(text)


@pytest.mark.parametrize(("year", "month"), [(2026, 0), (2026, 13), (0, 1), (9999, 1)])
def test_a_month_that_no_calendar_has_is_refused(year: int, month: int) -> None:
    with pytest.raises(ValueError, match="No such month"):
        Month(year, month)
