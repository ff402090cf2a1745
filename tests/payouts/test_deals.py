"""Dataset deals: a lump sum for a training set, shared by the assets in it."""

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import Contributor, Customer, TrainingSet, User
from payouts.closing import approve_close, close_period
from payouts.core.ledger import AccountKind
from payouts.deals import DealRefused, record_dataset_deal
from payouts.models import Earning, RevenueEvent
from tests.builders import CLOSED_AT, FROZEN_AT, OCTOBER, SOLD_AT, link_copy, make_asset, make_training_set
from tests.payouts.selling import IN_NOVEMBER, NOVEMBER, Shop, balances, off, told


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    return Shop(ana, ben, carla, fay, finn)


@pytest.fixture
def catalogue(shop: Shop) -> TrainingSet:
    assert shop.model.training_set is not None
    return shop.model.training_set


def test_the_deal_of_the_readme(shop: Shop, catalogue: TrainingSet) -> None:
    shop.worked_month()
    record_dataset_deal(catalogue, 5_000, 145, "deal 1", SOLD_AT)
    october = shop.close_october()
    assert (october.gross_minor, october.net_minor) == (3_000, 2_913 + 4_855)
    assert (october.pool_micro, october.deals_micro) == (11_652_000 + 19_420_000, 19_420_000)
    deals = {e.contributor.name: e.amount_micro for e in october.earnings.filter(kind=Earning.DATASET_DEAL)}
    assert deals == {"Ana": 14_565_000, "Ben": 4_855_000}
    earned_micro = {"Ana": 5_971_650 + 14_565_000, "Ben": 5_680_350 + 4_855_000}
    assert balances(AccountKind.PAYABLE) == earned_micro
    assert told(october) == {name: (0, micro, 0, 0, micro) for name, micro in earned_micro.items()}
    assert off() == []


def test_a_month_with_a_deal_and_no_download_is_shared_by_the_deal_alone(shop: Shop, catalogue: TrainingSet) -> None:
    record_dataset_deal(catalogue, 1_000, 0, "deal 1", SOLD_AT)
    close_period(OCTOBER, shop.fay, CLOSED_AT)
    october = approve_close(OCTOBER, shop.finn, CLOSED_AT)
    assert (october.pool_micro, october.common_fund_micro, october.gross_minor) == (4_000_000, 0, 0)
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_000_000, "Ben": 1_000_000}


def test_copies_have_no_part_in_a_deal(shop: Shop, catalogue: TrainingSet) -> None:
    for copy in shop.of_ana[1:]:
        link_copy(copy, shop.of_ana[0], FROZEN_AT)
    record_dataset_deal(catalogue, 1_000, 0, "deal 1", SOLD_AT)
    shop.close_october()
    assert balances(AccountKind.PAYABLE) == {"Ana": 2_000_000, "Ben": 2_000_000}


def test_who_is_not_in_the_training_set_has_no_part(shop: Shop, catalogue: TrainingSet) -> None:
    make_asset(shop.ana)  # after the set was frozen
    record_dataset_deal(catalogue, 1_000, 0, "deal 1", SOLD_AT)
    shop.close_october()
    assert balances(AccountKind.PAYABLE) == {"Ana": 3_000_000, "Ben": 1_000_000}


def test_a_deal_after_the_close_is_of_the_open_month(shop: Shop, catalogue: TrainingSet) -> None:
    shop.worked_month()
    shop.close_october()
    deal = record_dataset_deal(catalogue, 1_000, 0, "deal 1", CLOSED_AT.replace(day=31, month=10))
    assert str(deal.period) == f"{NOVEMBER} USD"


def test_a_deal_is_recorded_once_per_key(catalogue: TrainingSet) -> None:
    once = record_dataset_deal(catalogue, 1_000, 29, "deal 1", IN_NOVEMBER)
    assert record_dataset_deal(catalogue, 1_000, 29, "deal 1", IN_NOVEMBER) == once
    with pytest.raises(DealRefused, match=r"dataset_deal:deal 1 is recorded already, as 10\.00 USD"):
        record_dataset_deal(catalogue, 2_000, 29, "deal 1", IN_NOVEMBER)
    assert RevenueEvent.objects.count() == 1


@pytest.mark.parametrize(("gross_minor", "fee_minor"), [(0, 0), (-5, 0), (100, -1), (100, 101)])
def test_a_deal_that_is_none_is_refused(catalogue: TrainingSet, gross_minor: int, fee_minor: int) -> None:
    with pytest.raises(DealRefused, match=f"A deal of {gross_minor} with a fee of {fee_minor} is none"):
        record_dataset_deal(catalogue, gross_minor, fee_minor, "deal 1", IN_NOVEMBER)


def test_a_deal_for_a_training_set_that_may_still_grow_is_refused(ana: Contributor) -> None:
    growing = TrainingSet.objects.create(name="growing", version="1", created_at=SOLD_AT)
    with pytest.raises(DealRefused, match="growing 1 has no members for good yet: freeze it first"):
        record_dataset_deal(growing, 1_000, 0, "deal 1", IN_NOVEMBER)


def test_finance_records_a_deal_from_the_command_line(ana: Contributor, capsys: pytest.CaptureFixture[str]) -> None:
    make_asset(ana)
    make_training_set()
    call_command("record_dataset_deal", "catalogue", "1", "5000", "--fee-minor=145", "--key=deal 1")
    assert capsys.readouterr().out.startswith("50.00 USD for catalogue 1, recorded as deal 1 in ")
    with pytest.raises(CommandError, match="There is no training set catalogue 2"):
        call_command("record_dataset_deal", "catalogue", "2", "5000", "--fee-minor=145", "--key=deal 2")
    with pytest.raises(CommandError, match="A deal of 0 with a fee of 0 is none"):
        call_command("record_dataset_deal", "catalogue", "1", "0", "--fee-minor=0", "--key=deal 2")
