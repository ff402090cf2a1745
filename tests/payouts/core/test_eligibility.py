from datetime import date

import pytest

from payouts.core.eligibility import (
    Balances,
    ConnectedAccount,
    Excluded,
    ExclusionReason,
    Payable,
    Payee,
    Rules,
    decide_payout,
    in_words,
    still_asked,
)
from payouts.core.tax_forms import TaxForm, TaxFormKind

ACCOUNT = ConnectedAccount(is_ready=True)
W9 = TaxForm(TaxFormKind.W9, is_accepted=True)
READY = Payee("US", ACCOUNT, W9)
THRESHOLD = 1000


def rules(currency: str = "USD", threshold_minor: int = THRESHOLD) -> Rules:
    return Rules(currency, threshold_minor, "US", date(2026, 11, 3))


@pytest.mark.parametrize(
    ("payable_micro", "currency", "threshold_minor", "amount_minor"),
    [
        (10_000_000, "USD", 1000, 1000),
        (12_349_999, "USD", 1000, 1234),
        (1_500_999_999, "JPY", 1000, 1500),
        (1_234_500, "KWD", 1000, 1234),
        (10_000, "USD", 0, 1),
    ],
)
def test_whole_minor_units_are_paid_and_the_rest_is_carried_over(
    payable_micro: int, currency: str, threshold_minor: int, amount_minor: int
) -> None:
    assert decide_payout(Balances(payable_micro), READY, rules(currency, threshold_minor)) == Payable(amount_minor)


def test_a_balance_below_the_threshold_is_carried_over_and_says_so() -> None:
    assert decide_payout(Balances(9_999_999), READY, rules()) == Excluded(
        ExclusionReason.BELOW_THRESHOLD,
        "The balance of 9.99 USD is below the threshold of 10.00 USD and is carried over.",
    )


@pytest.mark.parametrize("payable_micro", [0, 9_999])
def test_less_than_one_cent_is_never_a_payout(payable_micro: int) -> None:
    decision = decide_payout(Balances(payable_micro), READY, rules(threshold_minor=0))
    assert isinstance(decision, Excluded)
    assert decision.reason is ExclusionReason.BELOW_THRESHOLD


def test_without_a_connected_account_the_contributor_is_told_what_to_do() -> None:
    assert decide_payout(Balances(20_000_000), Payee("US", None, None), rules()) == Excluded(
        ExclusionReason.NO_CONNECTED_ACCOUNT, "20.00 USD is waiting: connect a Stripe account to be paid."
    )


def test_an_unfinished_account_names_what_stripe_still_asks_for() -> None:
    account = ConnectedAccount(is_ready=False, requirements=("external_account", "individual.id_number"))
    assert decide_payout(Balances(20_000_000), Payee("US", account, W9), rules()) == Excluded(
        ExclusionReason.ONBOARDING_INCOMPLETE,
        "20.00 USD is waiting: the connected account is not ready, "
        "Stripe still asks for a bank account, a tax or identity number.",
    )


def test_an_account_that_stripe_has_not_enabled_is_not_paid_even_if_nothing_is_asked_for() -> None:
    decision = decide_payout(Balances(20_000_000), Payee("US", ConnectedAccount(is_ready=False), W9), rules())
    assert isinstance(decision, Excluded)
    assert decision.sentence.endswith("Stripe has not enabled transfers.")


@pytest.mark.parametrize(("payable_micro", "threshold_minor"), [(-1, 1000), (1, -1)])
def test_a_negative_balance_or_threshold_is_refused(payable_micro: int, threshold_minor: int) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        decide_payout(Balances(payable_micro), READY, rules(threshold_minor=threshold_minor))


def test_what_is_held_is_named_where_the_rest_is_not_enough() -> None:
    assert decide_payout(Balances(9_999_999, 1), READY, rules()) == Excluded(
        ExclusionReason.ON_HOLD,
        "0.000001 USD is on hold, and the rest of 9.99 USD is below the threshold of 10.00 USD.",
    )
    assert decide_payout(Balances(10_000_000, 5_000_000), READY, rules()) == Payable(1000)


@pytest.mark.parametrize(
    ("payable_micro", "country", "decision"),
    [
        (990_000, "US", Payable(99)),
        (1_000_000, "DE", Payable(100)),
        (
            990_000,
            "DE",
            Excluded(
                ExclusionReason.BELOW_CROSS_BORDER_MINIMUM,
                "The balance of 0.99 USD is carried over: less than 1.00 USD cannot be sent to another country.",
            ),
        ),
    ],
)
def test_less_than_a_dollar_crosses_no_border(payable_micro: int, country: str, decision: Payable | Excluded) -> None:
    form = W9 if country == "US" else TaxForm(TaxFormKind.W8BEN, True, date(2029, 12, 31))
    payee = Payee(country, ACCOUNT, form)
    assert decide_payout(Balances(payable_micro), payee, rules(threshold_minor=50)) == decision


@pytest.mark.parametrize("account", [None, ACCOUNT])
def test_whom_transfers_do_not_reach_is_not_told_to_connect_an_account(account: ConnectedAccount | None) -> None:
    assert decide_payout(Balances(20_000_000), Payee("JP", account, W9), rules()) == Excluded(
        ExclusionReason.COUNTRY_NOT_REACHED,
        "20.00 USD is waiting: Stripe lets us send nothing to JP yet. Ask us how to be paid.",
    )


def test_without_a_tax_form_in_force_nothing_is_sent_and_the_contributor_reads_which_one_is_needed() -> None:
    decision = decide_payout(Balances(20_000_000), Payee("US", ACCOUNT, None), rules())
    assert decision == Excluded(ExclusionReason.TAX_FORM, "20.00 USD is waiting. Send us your tax form: W-9.")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        (ConnectedAccount(False, disabled_reason="under_review"), "Stripe is reviewing it"),
        (ConnectedAccount(False, disabled_reason="something.new"), "Stripe has not enabled transfers"),
        (ConnectedAccount(False, ("tos_acceptance.ip",), "requirements.past_due"), "Stripe still asks for agreement"),
    ],
)
def test_what_keeps_an_account_from_being_ready_is_said_in_words(account: ConnectedAccount, words: str) -> None:
    assert still_asked(account).startswith(words)


def test_requirements_are_read_as_words_and_named_once() -> None:
    codes = ["tos_acceptance.date", "tos_acceptance.ip", "company.tax_id"]
    assert in_words(codes) == "agreement to its terms, company tax id"


def test_of_many_requirements_the_first_few_are_named() -> None:
    codes = [f"company.field_{number}" for number in range(30)]
    assert in_words(codes) == ", ".join(f"company field {number}" for number in range(5)) + " and 25 more"


def test_what_is_owed_back_comes_off_first() -> None:
    assert decide_payout(Balances(30_000_000, 0, 12_345_678), READY, rules()) == Payable(1_765)
    assert decide_payout(Balances(12_000_000, 0, 12_345_678), READY, rules()) == Excluded(
        ExclusionReason.OWES_MONEY_BACK,
        "12.345678 USD is owed back and comes off first; the rest of 0.00 USD is below the threshold of 10.00 USD.",
    )
