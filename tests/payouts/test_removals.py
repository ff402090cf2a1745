"""What a removed image earned goes back through the ledger, once for each month, where it was not theirs to offer."""

import pytest

from attribution.removals import decide_and_tell
from marketplace.core.removals import RemovalKind, RemovalOutcome
from marketplace.models import Asset, Contributor, Customer, User
from marketplace.removals import ThirdParty, open_case
from payouts.core.ledger import AccountKind
from payouts.earnings import earning_lines, kept_by_asset
from payouts.models import Adjustment, Period, RemovalSettlement
from payouts.refunds import record_refund
from payouts.removals import settle_removals
from tests.builders import make_user
from tests.payouts.selling import DECEMBER_AT, IN_NOVEMBER, NOVEMBER, Shop, balances, off, told

PARTY = ThirdParty("tom@example.org", "")
RIGHTS = RemovalKind.RIGHTS


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    return shop


def earned_by(asset: Asset, period: Period) -> int:
    lines = earning_lines(period, asset.contributor)
    return sum(line.amount_micro for line in lines if line.asset == asset)


def remove(asset: Asset, kind: RemovalKind = RIGHTS, opened_by: User | ThirdParty = PARTY) -> User:
    rita = User.objects.filter(username="rita").first() or make_user("rita", "reviewer")
    case = open_case(asset, kind, "It is mine.", opened_by, IN_NOVEMBER)
    decide_and_tell(case, RemovalOutcome.REMOVED, "It is.", rita, IN_NOVEMBER)
    return rita


def test_what_an_image_earned_in_a_closed_month_is_taken_back_in_the_open_one_once(shop: Shop) -> None:
    image, october = shop.of_ana[0], Period.objects.get(state=Period.CLOSED)
    amount_micro, before = earned_by(image, october), balances(AccountKind.PAYABLE)
    assert amount_micro
    rita = remove(image)
    assert (settle_removals(IN_NOVEMBER), settle_removals(IN_NOVEMBER)) == (1, 0)
    adjustment = Adjustment.objects.get()
    assert (adjustment.amount_micro, adjustment.reason, adjustment.recorded_by) == (-amount_micro, "takedown", rita)
    assert (str(adjustment.entry.period), str(adjustment.entry.origin_period)) == ("2026-11 USD", "2026-10 USD")
    assert f"Image {image.pk} was removed" in adjustment.note
    after = balances(AccountKind.PAYABLE)
    assert (before["Ana"] - after["Ana"], after["Ben"]) == (amount_micro, before["Ben"])
    assert off() == []


def test_what_it_earns_later_is_taken_back_when_that_month_is_closed(shop: Shop) -> None:
    remove(shop.of_ana[0])
    settle_removals(IN_NOVEMBER)
    shop.sell(1_000, 500_000, 0, IN_NOVEMBER)
    november = shop.close_november()
    assert told(november)["Ana"][2] < 0
    assert settle_removals(DECEMBER_AT) == 1
    settled = RemovalSettlement.objects.latest("pk")
    assert (settled.period, settled.amount_micro) == (november, earned_by(shop.of_ana[0], november))
    assert off() == []


def test_a_month_in_which_it_earned_nothing_is_looked_at_once_and_moves_nothing(shop: Shop) -> None:
    remove(shop.of_ana[1])
    assert (settle_removals(IN_NOVEMBER), settle_removals(IN_NOVEMBER)) == (1, 0)
    assert RemovalSettlement.objects.get().amount_micro == 0
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize("refunded_minor", [1_000, 400])
def test_what_a_refund_took_back_before_is_not_taken_twice(shop: Shop, refunded_minor: int) -> None:
    image, october = shop.of_ana[0], Period.objects.get(state=Period.CLOSED)
    whole_micro = earned_by(image, october)
    record_refund(shop.sold[0], refunded_minor, "refund 1", IN_NOVEMBER)
    remove(image)
    settle_removals(IN_NOVEMBER)
    kept_micro = whole_micro * (1_000 - refunded_minor) // 1_000
    assert RemovalSettlement.objects.get().amount_micro == kept_by_asset(october, image) == kept_micro
    given_back_micro = -sum(Adjustment.objects.filter(contributor=shop.ana).values_list("amount_micro", flat=True))
    assert whole_micro - 1 <= given_back_micro <= whole_micro
    assert off() == []


@pytest.mark.parametrize(("kind", "by_its_contributor"), [("privacy", False), ("takedown", True)])
def test_nothing_is_taken_from_a_contributor_who_was_right_to_offer_it(
    shop: Shop, kind: str, by_its_contributor: bool
) -> None:
    assert shop.ana.user
    remove(shop.of_ana[0], RemovalKind(kind), shop.ana.user if by_its_contributor else PARTY)
    assert settle_removals(IN_NOVEMBER) == 0


def test_nothing_is_taken_while_a_case_is_open_or_where_the_image_is_kept(shop: Shop) -> None:
    case = open_case(shop.of_ana[0], RIGHTS, "It is mine.", PARTY, IN_NOVEMBER)
    assert settle_removals(IN_NOVEMBER) == 0
    decide_and_tell(case, RemovalOutcome.KEPT, "It is hers.", make_user("rita", "reviewer"), IN_NOVEMBER)
    assert settle_removals(IN_NOVEMBER) == 0


def test_an_image_that_two_cases_removed_gives_back_once(shop: Shop) -> None:
    remove(shop.of_ana[0])
    remove(shop.of_ana[0], RemovalKind.TAKEDOWN)
    assert settle_removals(IN_NOVEMBER) == 1
    assert str(NOVEMBER) in str(Adjustment.objects.get().entry.period)
