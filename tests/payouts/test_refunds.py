"""Refunds: before a month is closed they make its pool smaller, afterwards those who had the money give it back."""

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum
from django.test import Client

from marketplace.models import Contributor, Customer, User
from payouts.accruing import accruals
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.ledger import AccountKind
from payouts.earnings import earning_lines
from payouts.models import Adjustment, Earning, Entry, Period, RevenueEvent, RevenueKind
from payouts.money_back import MoneyBackRefused
from payouts.refunds import record_refund
from tests.builders import CLOSED_AT, OCTOBER, SOLD_AT
from tests.connections import in_another_connection, wait_until_one_is_blocked
from tests.payouts.selling import DECEMBER_AT, IN_NOVEMBER, Shop, balance_micro, balances, off, told
from tests.payouts.test_pages import log_in


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


def test_the_refund_after_close_of_the_readme(shop: Shop) -> None:
    first, _ = shop.worked_month()
    october = shop.close_october()
    shop.pay(shop.ana, 597)
    shop.pay(shop.ben, 568)
    assert balances(AccountKind.PAYABLE) == {"Ana": 1_650, "Ben": 350}

    refund = record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    assert (str(refund.period), str(refund.origin_period)) == ("2026-11 USD", "2026-10 USD")
    assert (refund.gross_minor, refund.fee_minor, refund.net_minor) == (-1_000, -29, -971)
    adjusted = {str(a.contributor or a.training_set): a.amount_micro for a in Adjustment.objects.all()}
    assert adjusted == {"Ana": -2_330_400, "Ben": -582_600, "catalogue 1": -971_000}
    assert balances(AccountKind.PAYABLE) == {}
    assert balances(AccountKind.RECEIVABLE) == {"Ana": -2_328_750, "Ben": -582_250}
    assert balance_micro(AccountKind.COMMON_FUND) == -971_000

    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    november = shop.close_november()
    assert (november.net_minor, november.pool_micro, november.common_fund_micro) == (971, 3_884_000, 1_942_000)
    earned = {(e.contributor.name, e.kind): e.amount_micro for e in november.earnings.all()}
    assert earned == {
        ("Ana", Earning.ATTRIBUTION): 1_942_000,
        ("Ana", Earning.COMMON_FUND): 728_250,
        ("Ben", Earning.COMMON_FUND): 242_750,
    }
    assert balance_micro(AccountKind.COMMON_FUND) == 0
    assert balances(AccountKind.PAYABLE) == {"Ana": 341_500}
    assert balances(AccountKind.RECEIVABLE) == {"Ben": -339_500}
    assert told(november) == {
        "Ana": (5_971_650, 2_670_250, -2_330_400, 5_970_000, 341_500),
        "Ben": (5_680_350, 242_750, -243_100, 5_680_000, 0),
    }
    assert october.earnings.aggregate(total=Sum("amount_micro"))["total"] == 11_652_000  # as it was
    assert off() == []


def test_a_refund_before_the_close_makes_the_pool_smaller_and_leaves_no_adjustment(shop: Shop) -> None:
    first, _ = shop.worked_month()
    book_downloads(CLOSED_AT)
    record_refund(first, 1_000, "re_1", SOLD_AT)
    october = shop.close_october()
    # Only the second sale of 20.00 is left: net 19.42, pool 7.768, half Ben's and half the fund's.
    assert (october.gross_minor, october.net_minor, october.pool_micro) == (2_000, 1_942, 7_768_000)
    earned = {(e.contributor.name, e.kind): e.amount_micro for e in october.earnings.all()}
    assert earned == {
        ("Ben", Earning.ATTRIBUTION): 3_884_000,
        ("Ana", Earning.COMMON_FUND): 2_913_000,
        ("Ben", Earning.COMMON_FUND): 971_000,
    }
    assert not Adjustment.objects.exists()
    assert balance_micro(AccountKind.FEES) == -870_000  # Stripe kept the fees of both
    assert off() == []


def test_a_download_refunded_in_part_shares_what_is_left_of_it(shop: Shop, ana: Contributor) -> None:
    first, _ = shop.worked_month()
    book_downloads(CLOSED_AT)
    record_refund(first, 500, "re_1", SOLD_AT)
    (estimate,) = accruals(ana, "USD")
    october = shop.close_october()
    assert (october.gross_minor, october.net_minor) == (2_500, 500 - 15 + 1_942)
    earned_micro = Earning.objects.get(contributor=ana, kind=Earning.ATTRIBUTION).amount_micro
    assert abs(earned_micro - estimate.amount_micro) <= 1
    (line,) = earning_lines(october, ana)
    assert (line.gross_minor, line.share_ppm, line.amount_micro) == (500, 600_000, earned_micro)


def test_a_month_of_which_everything_was_refunded_closes_with_an_empty_pool(shop: Shop) -> None:
    first, second = shop.worked_month()
    book_downloads(CLOSED_AT)
    record_refund(first, 1_000, "re_1", SOLD_AT)
    record_refund(second, 2_000, "re_2", SOLD_AT)
    october = shop.close_october()
    assert (october.state, october.net_minor, october.pool_micro) == (Period.CLOSED, 0, 0)


def test_a_refund_while_a_month_is_closing_is_of_that_month(shop: Shop) -> None:
    first, _ = shop.worked_month()
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, shop.fay, CLOSED_AT)
    record_refund(first, 1_000, "re_1", CLOSED_AT)
    assert approve_close(OCTOBER, shop.finn, CLOSED_AT).pool_micro == 7_768_000


def test_a_refund_in_pieces_takes_what_one_takes(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    for number, minor in enumerate((1, 332, 667)):
        record_refund(first, minor, f"re_{number}", IN_NOVEMBER)
    taken = Adjustment.objects.values_list("contributor__name").annotate(Sum("amount_micro"))
    assert dict(taken) == {"Ana": -2_330_400, "Ben": -582_600, None: -971_000}
    assert RevenueEvent.objects.filter(kind=RevenueKind.REFUND).aggregate(f=Sum("fee_minor"))["f"] == -29


def test_a_refund_is_recorded_once_per_key(shop: Shop) -> None:
    first, second = shop.worked_month()
    shop.close_october()
    once = record_refund(first, 400, "re_1", IN_NOVEMBER)
    assert record_refund(first, 400, "re_1", IN_NOVEMBER) == once
    for download, minor in ((first, 300), (second, 400)):
        with pytest.raises(MoneyBackRefused, match=r"refund:re_1 is recorded already, as 4\.00 USD of download"):
            record_refund(download, minor, "re_1", IN_NOVEMBER)
    assert Entry.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize(
    ("minor", "message"), [(0, "positive number"), (-5, "positive number"), (1_001, "10.00 USD in")]
)
def test_a_refund_of_nothing_or_of_more_than_was_paid_is_refused(shop: Shop, minor: int, message: str) -> None:
    first, _ = shop.worked_month()
    with pytest.raises(MoneyBackRefused, match="is not booked yet"):
        record_refund(first, 1, "re_0", IN_NOVEMBER)
    shop.close_october()
    with pytest.raises(MoneyBackRefused, match=message):
        record_refund(first, minor, "re_1", IN_NOVEMBER)
    record_refund(first, 1_000, "re_2", IN_NOVEMBER)
    with pytest.raises(MoneyBackRefused, match=r"1.00 USD cannot go back: of download \d+ nothing is left"):
        record_refund(first, 100, "re_3", IN_NOVEMBER)


def test_the_database_refuses_to_give_back_more_than_was_paid_whoever_asks(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    refund = record_refund(first, 600, "re_1", IN_NOVEMBER)
    with (
        pytest.raises(DatabaseError, match="are 400 of 1000 minor units left: 600 cannot go back"),
        transaction.atomic(),
    ):
        RevenueEvent.objects.create(
            kind=RevenueKind.REFUND,
            download=first,
            period=refund.period,
            entry=refund.entry,
            gross_minor=-600,
            fee_minor=0,
            net_minor=-600,
            currency="USD",
            occurred_at=IN_NOVEMBER,
        )


@pytest.mark.django_db(transaction=True)
def test_two_refunds_of_the_same_money_at_once_send_it_back_once(shop: Shop) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    failures: list[BaseException] = []
    refused: list[str] = []

    def refund_too() -> None:
        try:
            record_refund(first, 1_000, "re_2", IN_NOVEMBER)
        except MoneyBackRefused as error:
            refused.append(str(error))

    with transaction.atomic():
        record_refund(first, 1_000, "re_1", IN_NOVEMBER)
        other = in_another_connection(refund_too, failures)
        wait_until_one_is_blocked()
    other.join()
    assert failures == []
    assert len(refused) == 1
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_641_250, "Ben": 5_097_750}


def test_the_page_of_months_counts_what_is_in_each_pool(shop: Shop, client: Client) -> None:
    first, _ = shop.worked_month()
    shop.close_october()
    record_refund(first, 1_000, "re_1", IN_NOVEMBER)
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    book_downloads(DECEMBER_AT)
    log_in(client, shop.fay)
    november, october = client.get("/finance/months/").context["page"]
    assert (november.download_count, november.booked_gross_minor, november.booked_net_minor) == (1, 1_000, 971)
    assert (october.download_count, october.booked_gross_minor, october.booked_net_minor) == (2, 3_000, 2_913)
