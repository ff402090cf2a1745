import pytest

from marketplace.core.money import (
    EXPONENTS,
    CurrencyError,
    Money,
    exponent_of,
    format_micro,
    format_minor,
    micro_to_minor,
    minor_to_micro,
    whole_minor,
)


@pytest.mark.parametrize(("currency", "exponent"), [("JPY", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("KWD", 3)])
def test_each_currency_has_its_iso_exponent(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent


def test_no_currency_is_listed_under_two_exponents() -> None:
    assert [sum(1 for e in EXPONENTS.values() if e == n) for n in (0, 3)] == [17, 7]
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "BTC"])
def test_an_unknown_currency_is_refused_by_name(currency: str) -> None:
    with pytest.raises(CurrencyError, match=repr(currency)):
        Money(1, currency)


def test_sums_and_differences_in_one_currency_are_exact() -> None:
    assert Money(1999, "USD") + Money(1, "USD") == Money(2000, "USD")
    assert Money(100, "USD") - Money(250, "USD") == Money(-150, "USD")


def test_two_currencies_never_meet_in_one_sum() -> None:
    with pytest.raises(CurrencyError, match="EUR to USD"):
        Money(100, "USD") + Money(100, "EUR")
    with pytest.raises(CurrencyError, match="EUR to USD"):
        Money(100, "USD") - Money(100, "EUR")


@pytest.mark.parametrize("minor", [1.0, "1", True])
def test_money_is_never_a_float(minor: object) -> None:
    with pytest.raises(TypeError, match="whole minor units"):
        Money(minor, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minor", "currency", "micro"),
    [(1234, "USD", 12_340_000), (1234, "JPY", 1_234_000_000), (1234, "KWD", 1_234_000), (-5, "USD", -50_000)],
)
def test_minor_units_and_micro_units_convert_without_loss(minor: int, currency: str, micro: int) -> None:
    assert minor_to_micro(minor, currency) == micro
    assert micro_to_minor(micro, currency) == minor


def test_part_of_a_cent_cannot_be_taken_for_whole_cents() -> None:
    with pytest.raises(ValueError, match="12340001 micro USD"):
        micro_to_minor(12_340_001, "USD")


@pytest.mark.parametrize(
    ("micro", "currency", "minor"),
    [(9_999, "USD", 0), (10_000, "USD", 1), (19_999, "USD", 1), (999_999, "JPY", 0), (1_999, "KWD", 1)],
)
def test_only_whole_minor_units_leave(micro: int, currency: str, minor: int) -> None:
    assert whole_minor(micro, currency) == minor


@pytest.mark.parametrize(
    ("micro", "decimals", "text"),
    [
        (12_345_678, 4, "12.3456"),
        (12_345_678, 6, "12.345678"),
        (12_345_678, 0, "12"),
        (1, 6, "0.000001"),
        (9_999_999, 2, "9.99"),
        (-12_345_678, 2, "-12.34"),
        (-1, 2, "0.00"),
    ],
)
def test_micro_units_are_shown_cut_and_never_rounded_up(micro: int, decimals: int, text: str) -> None:
    assert format_micro(micro, decimals) == text


def test_micro_units_have_at_most_six_decimals() -> None:
    with pytest.raises(ValueError, match="0 to 6 decimals"):
        format_micro(1, 7)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1234, "USD", "12.34"), (5, "USD", "0.05"), (1234, "JPY", "1234"), (1234, "KWD", "1.234"), (-5, "USD", "-0.05")],
)
def test_minor_units_are_shown_with_the_currency_s_decimals(minor: int, currency: str, text: str) -> None:
    assert format_minor(minor, currency) == text
    assert str(Money(minor, currency)) == f"{text} {currency}"
