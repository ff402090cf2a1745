"""Takedowns take back and won appeals credit what a contributor had of a closed month, in the open one."""

import pytest
from django.core.management import CommandError, call_command

from marketplace.models import Contributor, Customer, User
from payouts.adjusting import AdjustmentRefused, record_adjustment
from payouts.core.ledger import AccountKind
from payouts.models import Adjustment, AdjustmentReason
from tests.builders import OCTOBER
from tests.payouts.selling import IN_NOVEMBER, NOVEMBER, Shop, balances, off, told

TAKEDOWN, APPEAL = AdjustmentReason.TAKEDOWN, AdjustmentReason.APPEAL


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """October is closed: Ana has 5.971650 and Ben 5.680350."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    return shop


def adjust(shop: Shop, amount_micro: int, reason: AdjustmentReason, key: str = "case 7") -> Adjustment:
    return record_adjustment(shop.ana, amount_micro, OCTOBER, reason, "Case 7.", shop.fay, key, IN_NOVEMBER)


def test_a_won_appeal_is_credited_in_the_open_month_with_its_origin(shop: Shop) -> None:
    adjustment = adjust(shop, 2_500_001, APPEAL)
    assert (str(adjustment.entry.period), str(adjustment.entry.origin_period)) == ("2026-11 USD", "2026-10 USD")
    assert (adjustment.recorded_by, adjustment.note) == (shop.fay, "Case 7.")
    assert balances(AccountKind.PAYABLE)["Ana"] == 8_471_651
    assert told(shop.close_november())["Ana"] == (5_971_650, 0, 2_500_001, 0, 8_471_651)
    assert off() == []


def test_a_takedown_takes_back_what_is_there_and_the_rest_is_owed(shop: Shop) -> None:
    shop.pay(shop.ana, 597)
    adjust(shop, -2_000_000, TAKEDOWN)
    assert balances(AccountKind.PAYABLE) == {"Ben": 5_680_350}
    assert balances(AccountKind.RECEIVABLE) == {"Ana": -1_998_350}
    assert off() == []


def test_what_is_credited_pays_what_is_owed_when_the_month_is_closed(shop: Shop) -> None:
    shop.pay(shop.ana, 597)
    adjust(shop, -2_000_000, TAKEDOWN)
    adjust(shop, 3_000_000, APPEAL, "case 8")
    shop.close_november()
    assert balances(AccountKind.RECEIVABLE) == {}
    assert balances(AccountKind.PAYABLE)["Ana"] == 1_001_650


def test_an_adjustment_is_recorded_once_per_key(shop: Shop) -> None:
    assert adjust(shop, 5, APPEAL) == adjust(shop, 5, APPEAL)
    with pytest.raises(AdjustmentRefused, match="adjustment:case 7 is recorded already, as something else"):
        adjust(shop, 6, APPEAL)
    assert Adjustment.objects.count() == 1


@pytest.mark.parametrize(("amount_micro", "reason"), [(0, APPEAL), (0, TAKEDOWN), (-1, APPEAL), (1, TAKEDOWN)])
def test_an_amount_with_the_wrong_sign_is_refused(shop: Shop, amount_micro: int, reason: AdjustmentReason) -> None:
    with pytest.raises(AdjustmentRefused, match="A takedown takes back"):
        adjust(shop, amount_micro, reason)


def test_a_month_that_is_not_closed_is_not_adjusted_and_a_note_is_needed(shop: Shop) -> None:
    with pytest.raises(AdjustmentRefused, match="2026-11 is open: only a closed month is adjusted"):
        record_adjustment(shop.ana, 1, NOVEMBER, APPEAL, "Case 7.", shop.fay, "case 7", IN_NOVEMBER)
    with pytest.raises(AdjustmentRefused, match="Say which takedown or appeal"):
        record_adjustment(shop.ana, 1, OCTOBER, APPEAL, " ", shop.fay, "case 7", IN_NOVEMBER)


def test_finance_adjusts_from_the_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--note=Case 7.", "--by=fay", "--key=case 7")
    call_command("record_adjustment", str(shop.ana.pk), "2026-10", "5", "appeal", *options)
    assert capsys.readouterr().out == "0.000005 of 2026-10 for Ana, recorded as case 7.\n"
    with pytest.raises(CommandError, match="is open: only a closed month"):
        call_command("record_adjustment", str(shop.ana.pk), "2026-11", "5", "appeal", *options[:2], "--key=case 8")
    with pytest.raises(CommandError, match=r"No such month: year 2026, month 13\. Give one such as 2026-10"):
        call_command("record_adjustment", str(shop.ana.pk), "2026-13", "5", "appeal", *options[:2], "--key=case 8")
