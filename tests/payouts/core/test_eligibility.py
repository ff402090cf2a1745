import pytest

from payouts.core.eligibility import ConnectedAccount, Excluded, ExclusionReason, Payable, decide_payout

READY = ConnectedAccount(is_ready=True)
THRESHOLD = 1000


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
    assert decide_payout(payable_micro, 0, currency, threshold_minor, READY) == Payable(amount_minor)


def test_a_balance_below_the_threshold_is_carried_over_and_says_so() -> None:
    assert decide_payout(9_999_999, 0, "USD", THRESHOLD, READY) == Excluded(
        ExclusionReason.BELOW_THRESHOLD,
        "The balance of 9.99 USD is below the threshold of 10.00 USD and is carried over.",
    )


@pytest.mark.parametrize("payable_micro", [0, 9_999])
def test_less_than_one_cent_is_never_a_payout(payable_micro: int) -> None:
    decision = decide_payout(payable_micro, 0, "USD", 0, READY)
    assert isinstance(decision, Excluded)
    assert decision.reason is ExclusionReason.BELOW_THRESHOLD


def test_without_a_connected_account_the_contributor_is_told_what_to_do() -> None:
    assert decide_payout(20_000_000, 0, "USD", THRESHOLD, None) == Excluded(
        ExclusionReason.NO_CONNECTED_ACCOUNT, "20.00 USD is waiting: connect a Stripe account to be paid."
    )


def test_an_unfinished_account_names_what_stripe_still_asks_for() -> None:
    account = ConnectedAccount(is_ready=False, requirements=("external_account", "individual.dob"))
    assert decide_payout(20_000_000, 0, "USD", THRESHOLD, account) == Excluded(
        ExclusionReason.ONBOARDING_INCOMPLETE,
        "20.00 USD is waiting: the connected account is not ready, "
        "Stripe still asks for external_account, individual.dob.",
    )


def test_an_account_that_stripe_has_not_enabled_is_not_paid_even_if_nothing_is_asked_for() -> None:
    decision = decide_payout(20_000_000, 0, "USD", THRESHOLD, ConnectedAccount(is_ready=False))
    assert isinstance(decision, Excluded)
    assert decision.sentence.endswith("Stripe has not enabled transfers.")


@pytest.mark.parametrize(("payable_micro", "threshold_minor"), [(-1, 1000), (1, -1)])
def test_a_negative_balance_or_threshold_is_refused(payable_micro: int, threshold_minor: int) -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        decide_payout(payable_micro, 0, "USD", threshold_minor, READY)


def test_what_is_held_is_named_where_the_rest_is_not_enough() -> None:
    assert decide_payout(9_999_999, 1, "USD", THRESHOLD, READY) == Excluded(
        ExclusionReason.ON_HOLD,
        "0.000001 USD is on hold, and the rest of 9.99 USD is below the threshold of 10.00 USD.",
    )
    assert decide_payout(10_000_000, 5_000_000, "USD", THRESHOLD, READY) == Payable(1000)
