"""What a removed image earned goes back through the ledger, once for each month, where it was not theirs to offer."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import transaction

from attribution.removals import decide_and_tell
from marketplace.core.removals import RemovalKind, RemovalOutcome
from marketplace.models import Asset, Contributor, Customer, User
from marketplace.removals import ThirdParty, open_case
from payouts.core.ledger import AccountKind
from payouts.disputes import record_dispute, settle_dispute
from payouts.earnings import earning_lines
from payouts.models import Adjustment, DisputeOutcome, HoldEnd, Period, RemovalSettlement
from payouts.refunds import record_refund
from payouts.removals import kept_by_asset, settle_removals
from tests.builders import make_user
from tests.connections import in_another_connection, wait_until_one_is_blocked
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


def remove(
    asset: Asset, kind: RemovalKind = RIGHTS, opened_by: User | ThirdParty = PARTY, at: datetime = IN_NOVEMBER
) -> User:
    rita = User.objects.filter(username="rita").first() or make_user("rita", "reviewer")
    case = open_case(asset, kind, "It is mine.", opened_by, at)
    decide_and_tell(case, RemovalOutcome.REMOVED, "It is.", rita, at)
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


def refund(shop: Shop, minor: int) -> None:
    record_refund(shop.sold[0], minor, f"re {minor}", IN_NOVEMBER)


def dispute(shop: Shop, minor: int, outcome: str) -> None:
    disputed = record_dispute(shop.sold[0], minor, 0, f"dp {minor} {outcome}", IN_NOVEMBER)
    settle_dispute(disputed, outcome, IN_NOVEMBER)


def take_away(shop: Shop) -> None:
    remove(shop.of_ana[0])
    settle_removals(IN_NOVEMBER)


WAYS: dict[str, list[Callable[[Shop], None]]] = {
    "refund, removal": [lambda shop: refund(shop, 1_000), take_away],
    "removal, refund": [take_away, lambda shop: refund(shop, 1_000)],
    "part, removal, rest": [lambda shop: refund(shop, 333), take_away, lambda shop: refund(shop, 667)],
    "removal, parts": [take_away, lambda shop: refund(shop, 1), lambda shop: refund(shop, 999)],
    "lost dispute, removal, refund": [
        lambda shop: dispute(shop, 333, DisputeOutcome.LOST), take_away, lambda shop: refund(shop, 667)
    ],
    "removal, won and then lost dispute": [
        take_away,
        lambda shop: dispute(shop, 1_000, DisputeOutcome.WON),
        lambda shop: dispute(shop, 1_000, DisputeOutcome.LOST),
    ],
}  # fmt: skip


@pytest.mark.parametrize("way", list(WAYS))
def test_refunds_and_a_removal_take_each_millionth_once_in_whatever_order_they_come(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, way: str
) -> None:
    shop = Shop(ana, ben, carla, fay, finn)
    shop.sell(1_000, 333_331, 150_007, second_ppm=211_113)
    shop.sell(2_001, 123_457, 500_000)
    october = shop.close_october()
    for step in WAYS[way]:
        step(shop)
    taken = Adjustment.objects.filter(contributor=ana).values_list("amount_micro", flat=True)
    # All three lines of Ana's are gone: a pool of 11.656000 was shared by sales of 30.01.
    lines = (1_000 * 333_331, 1_000 * 211_113, 2_001 * 123_457)
    assert -sum(taken) == sum(11_656_000 * weight // (3_001 * 1_000_000) for weight in lines)
    assert 0 <= sum(line.amount_micro for line in earning_lines(october, ana)) + sum(taken) <= len(lines)
    assert off() == []


@pytest.mark.parametrize("refunded_minor", [1_000, 400])
def test_what_a_refund_took_back_before_is_not_taken_twice(shop: Shop, refunded_minor: int) -> None:
    image, october = shop.of_ana[0], Period.objects.get(state=Period.CLOSED)
    whole_micro = earned_by(image, october)
    refund(shop, refunded_minor)
    remove(image)
    settle_removals(IN_NOVEMBER)
    kept_micro = whole_micro * (1_000 - refunded_minor) // 1_000
    assert RemovalSettlement.objects.get().amount_micro == kept_by_asset(october, image) == kept_micro
    assert -sum(Adjustment.objects.filter(contributor=shop.ana).values_list("amount_micro", flat=True)) == whole_micro
    assert off() == []


def test_what_was_on_hold_for_a_dispute_is_payable_again_where_a_removal_took_it_before(shop: Shop) -> None:
    disputed = record_dispute(shop.sold[0], 1_000, 0, "dp_1", IN_NOVEMBER)
    take_away(shop)
    settle_dispute(disputed, DisputeOutcome.LOST, IN_NOVEMBER)
    ends = {end.hold.contributor.name: (end.outcome, end.reason) for end in HoldEnd.objects.all()}
    assert ends == {
        "Ana": ("released", "The dispute was lost, but a removal had taken its part back before."),
        "Ben": ("taken", "The dispute was lost."),
    }
    assert balances(AccountKind.HELD) == {}
    assert balances(AccountKind.PAYABLE)["Ana"] == 5_971_650 - 2_330_400
    assert off() == []


@pytest.mark.django_db(transaction=True)
def test_a_refund_while_another_worker_settles_the_removal_takes_nothing_twice(shop: Shop) -> None:
    failures: list[BaseException] = []
    remove(shop.of_ana[0])
    with transaction.atomic():
        settle_removals(IN_NOVEMBER)
        other = in_another_connection(lambda: refund(shop, 1_000), failures)
        wait_until_one_is_blocked()
    other.join()
    assert failures == []
    taken = Adjustment.objects.filter(contributor=shop.ana).values_list("amount_micro", flat=True)
    assert list(taken) == [-2_330_400]


@pytest.mark.django_db(transaction=True)
def test_a_removal_that_is_settled_during_a_refund_takes_nothing_twice(shop: Shop) -> None:
    failures: list[BaseException] = []
    remove(shop.of_ana[0])
    with transaction.atomic():
        refund(shop, 400)
        other = in_another_connection(lambda: settle_removals(IN_NOVEMBER), failures)
        wait_until_one_is_blocked()
    other.join()
    assert failures == []
    taken = Adjustment.objects.filter(contributor=shop.ana).values_list("amount_micro", flat=True)
    assert sorted(taken) == [-1_398_240, -932_160]


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
