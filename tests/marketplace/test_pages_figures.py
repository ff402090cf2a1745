"""How pages write figures: to the last digit, in the reader's language."""

from datetime import date, datetime, timedelta, timezone

from django.utils import translation

from marketplace.formats import day, instant, micro_amount, minor_amount, month, percentage
from marketplace.templatetags.tributary import in_words

AT = datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))


def test_shares_are_written_to_the_last_part_per_million() -> None:
    shares = [percentage(ppm) for ppm in (0, 1, 123_456, 1_000_000)]
    assert shares == ["0.0000 %", "0.0001 %", "12.3456 %", "100.0000 %"]


def test_amounts_carry_their_currency_and_every_digit() -> None:
    assert minor_amount(123_456_789_012_345_678, "USD") == "1,234,567,890,123,456.78 USD"
    assert minor_amount(1_234, "JPY") == "1,234 JPY"
    assert minor_amount(-5, "KWD") == "-0.005 KWD"
    assert micro_amount(-1_234_567, "USD") == "-1.234567 USD"


def test_times_are_written_in_utc_wherever_they_come_from() -> None:
    assert instant(AT) == "Oct 31, 2026, 23:30 UTC"


def test_a_german_reader_gets_german_figures() -> None:
    with translation.override("de"):
        assert minor_amount(123_456, "USD") == "1.234,56 USD"
        assert percentage(123_456) == "12,3456 %"
        assert instant(AT) == "31.10.2026, 23:30 UTC"
        assert day(date(2026, 10, 1)) == "01.10.2026"
        assert month(date(2026, 10, 1)) == "Oktober 2026"


def test_codes_are_written_as_words() -> None:
    assert in_words("below_threshold") == "below threshold"
