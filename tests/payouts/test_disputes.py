"""Disputes: the money is gone at once, on hold while the dispute is open, and back or gone for good at its end."""

import pytest

from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.core.ledger import AccountKind
from payouts.disputes import record_dispute, settle_dispute
from payouts.models import Adjustment, DisputeOutcome, Hold, HoldEnd, RevenueEvent, RevenueKind
from payouts.money_back import MoneyBackRefused
from payouts.refunds import record_refund
from tests.builders import CLOSED_AT, SOLD_AT
from tests.payouts.selling import IN_NOVEMBER, Shop, balance_micro, balances, off

WON, LOST = DisputeOutcome.WON, DisputeOutcome.LOST
FEE_MINOR = 1_500
AS_CLOSED = {"Ana": 5_971_650, "Ben": 5_680_350}


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


def test_what_is_disputed_of_a_closed_month_is_on_hold_until_the_dispute_is_won(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    dispute = record_dispute(first, 1_000, FEE_MINOR, "dp_1", IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {"Ana": 2_330_400, "Ben": 582_600}
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_641_250, "Ben": 5_097_750}
    assert balance_micro(AccountKind.STRIPE_BALANCE) == 10_000_000 + 15_000_000
    assert {hold.reason for hold in Hold.objects.all()} == {f"A customer disputes 10.00 USD of {first}."}

    settle_dispute(dispute, WON, IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE) == AS_CLOSED
    assert balance_micro(AccountKind.STRIPE_BALANCE) == 15_000_000  # what Stripe charged is not given back
    assert set(HoldEnd.objects.values_list("outcome", flat=True)) == {HoldEnd.RELEASED}
    assert not Adjustment.objects.exists()
    assert shop.close_november().pool_micro == 0  # October's pool had it already
    assert off() == []


def test_a_dispute_that_is_lost_takes_what_was_on_hold_as_a_refund_would(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    shop.pay(shop.ana, 597)  # Ana has 0.00165 left
    dispute = record_dispute(first, 1_000, FEE_MINOR, "dp_1", IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {"Ana": 1_650, "Ben": 582_600}
    settle_dispute(dispute, LOST, IN_NOVEMBER)
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE) == {"Ben": 5_097_750}
    assert balances(AccountKind.RECEIVABLE) == {"Ana": -2_328_750}
    assert balance_micro(AccountKind.COMMON_FUND) == -971_000
    adjusted = {str(a.contributor or a.training_set): a.amount_micro for a in Adjustment.objects.all()}
    assert adjusted == {"Ana": -2_330_400, "Ben": -582_600, "catalogue 1": -971_000}
    assert off() == []


def test_a_dispute_before_the_close_makes_the_pool_smaller_and_winning_it_later_enlarges_the_open_one(
    shop: Shop,
) -> None:
    first, _ = shop.worked_month()
    book_downloads(CLOSED_AT)
    dispute = record_dispute(first, 1_000, FEE_MINOR, "dp_1", SOLD_AT)
    assert shop.close_october().net_minor == 1_942
    settle_dispute(dispute, WON, IN_NOVEMBER)
    november = shop.close_november()
    assert (november.gross_minor, november.net_minor, november.pool_micro) == (1_000, 971, 3_884_000)
    assert not Hold.objects.exists()
    assert off() == []


def test_a_dispute_of_an_open_month_that_is_won_in_it_leaves_its_pool_as_it_was(shop: Shop) -> None:
    first, _ = shop.worked_month()
    book_downloads(CLOSED_AT)
    dispute = record_dispute(first, 400, FEE_MINOR, "dp_1", SOLD_AT)
    settle_dispute(dispute, WON, SOLD_AT)
    assert shop.close_october().pool_micro == 11_652_000
    assert balances(AccountKind.PAYABLE) == AS_CLOSED


def test_a_dispute_and_its_end_are_recorded_once(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    dispute = record_dispute(first, 1_000, FEE_MINOR, "dp_1", IN_NOVEMBER)
    assert record_dispute(first, 1_000, FEE_MINOR, "dp_1", IN_NOVEMBER) == dispute
    assert settle_dispute(dispute, LOST, IN_NOVEMBER) == settle_dispute(dispute, LOST, IN_NOVEMBER)
    with pytest.raises(MoneyBackRefused, match="The dispute was lost at 2026-11-10 09:00 UTC already"):
        settle_dispute(dispute, WON, IN_NOVEMBER)
    assert RevenueEvent.objects.filter(kind=RevenueKind.DISPUTE).count() == 1
    assert balance_micro(AccountKind.COMMON_FUND) == -971_000


def test_what_is_disputed_cannot_be_refunded_too(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    record_dispute(first, 800, FEE_MINOR, "dp_1", IN_NOVEMBER)
    with pytest.raises(MoneyBackRefused, match=r"5\.00 USD cannot go back: of download \d+ 2\.00 USD in 2026-10"):
        record_refund(first, 500, "re_1", IN_NOVEMBER)


def test_a_refund_after_a_lost_dispute_takes_what_one_refund_of_both_takes(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    settle_dispute(record_dispute(first, 333, FEE_MINOR, "dp_1", IN_NOVEMBER), LOST, IN_NOVEMBER)
    record_refund(first, 667, "re_1", IN_NOVEMBER)
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_641_250, "Ben": 5_097_750}
    assert off() == []


def test_a_negative_fee_is_refused(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    with pytest.raises(MoneyBackRefused, match="A fee of -1 minor units is none"):
        record_dispute(first, 1_000, -1, "dp_1", IN_NOVEMBER)
