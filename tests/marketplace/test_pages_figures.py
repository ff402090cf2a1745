"""How pages write figures."""

from datetime import datetime, timedelta, timezone

from marketplace.templatetags.tributary import in_words, micro, minor, percent, utc


def test_shares_are_written_to_the_last_part_per_million() -> None:
    assert [percent(ppm) for ppm in (0, 1, 123_456, 1_000_000)] == ["0.0000 %", "0.0001 %", "12.3456 %", "100.0000 %"]


def test_amounts_carry_their_currency_and_every_digit() -> None:
    assert minor(1_234, "USD") == "12.34 USD"
    assert minor(1_234, "JPY") == "1234 JPY"
    assert micro(-1_234_567, "USD") == "-1.234567 USD"


def test_times_are_written_in_utc_wherever_they_come_from() -> None:
    at = datetime(2026, 11, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert utc(at) == "2026-10-31 23:30 UTC"


def test_codes_are_written_as_words() -> None:
    assert in_words("below_threshold") == "below threshold"
