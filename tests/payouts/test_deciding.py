"""Holds, adjustments, refunds and policies on pages: looked at before they are posted, and posted once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.models import Contributor, Customer, User
from payouts.models import Adjustment, Entry, Hold, HoldEnd, Policy, RevenueEvent
from tests.payouts.selling import Shop

CONFIRMED = {"confirmed": "yes"}
AGAIN = "nothing was posted a second time"


@pytest.fixture
def shop(client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month, closed; fay is logged in."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    client.force_login(fay)
    return shop


def hold_form(shop: Shop, **changed: object) -> dict[str, object]:
    reason = "A takedown is being looked at."
    return {"form_key": str(uuid4()), "contributor": shop.ana.pk, "amount": "1.50", "reason": reason} | changed


def adjustment_form(shop: Shop, **changed: object) -> dict[str, object]:
    month = Entry.objects.filter(kind="close").values_list("period", flat=True)[0]
    form = {"form_key": str(uuid4()), "contributor": shop.ana.pk, "amount": "0.123456", "month": month}
    return form | {"reason": "appeal", "note": "Appeal 7 was won."} | changed


def refund_form(shop: Shop, **changed: object) -> dict[str, object]:
    return {"form_key": str(uuid4()), "download": shop.sold[0].pk, "amount": "10.00", "refund": "re_1"} | changed


def test_a_hold_is_previewed_then_placed_once_however_often_it_is_sent(client: Client, shop: Shop) -> None:
    form, entries = hold_form(shop), Entry.objects.count()
    told = client.post("/finance/holds/", form).content.decode()
    assert "This would be posted" in told
    assert "-1.500000 USD" in told
    assert (Hold.objects.count(), Entry.objects.count()) == (0, entries)
    told = client.post("/finance/holds/", form | CONFIRMED, follow=True).content.decode()
    assert "It is on hold." in told
    assert AGAIN in client.post("/finance/holds/", form | CONFIRMED, follow=True).content.decode()
    assert AGAIN in client.post("/finance/holds/", form).content.decode()
    hold = Hold.objects.get()
    assert (hold.amount_micro, hold.placed_by, hold.contributor) == (1_500_000, shop.fay, shop.ana)


def test_a_hold_that_cannot_be_placed_says_why_and_keeps_what_was_filled_in(client: Client, shop: Shop) -> None:
    for confirmed in ({}, CONFIRMED):
        told = client.post("/finance/holds/", hold_form(shop, amount="9999.00") | confirmed).content.decode()
        assert "cannot be held: Ana has" in told
        assert 'value="9999.00"' in told
    assert "Enter a number" in client.post("/finance/holds/", hold_form(shop, amount="much")).content.decode()
    unknown = client.post("/finance/holds/", hold_form(shop, contributor=0)).content.decode()
    assert "There is no contributor with this number." in unknown
    assert not Hold.objects.exists()


def test_a_hold_is_released_with_a_reason_and_only_once(client: Client, shop: Shop) -> None:
    client.post("/finance/holds/", hold_form(shop) | CONFIRMED)
    path = f"/finance/holds/{Hold.objects.get().pk}/end/"
    assert "write why" in client.post(path, {"outcome": "released"}, follow=True).content.decode()
    filled = {"outcome": "released", "reason": "It is theirs."}
    assert "is released" in client.post(path, filled, follow=True).content.decode()
    assert "has ended already: it was released" in client.post(path, filled, follow=True).content.decode()
    assert HoldEnd.objects.get().ended_by == shop.fay


def test_an_adjustment_is_previewed_then_recorded_once(client: Client, shop: Shop) -> None:
    form = adjustment_form(shop)
    told = client.post("/finance/adjustments/", form).content.decode()
    assert "+0.123456 USD" in told
    assert not Adjustment.objects.exists()
    assert "is recorded" in client.post("/finance/adjustments/", form | CONFIRMED, follow=True).content.decode()
    assert AGAIN in client.post("/finance/adjustments/", form | CONFIRMED, follow=True).content.decode()
    one = Adjustment.objects.get()
    assert (one.amount_micro, one.reason, one.recorded_by) == (123_456, "appeal", shop.fay)


def test_a_takedown_takes_back_without_anybody_writing_a_minus(client: Client, shop: Shop) -> None:
    client.post("/finance/adjustments/", adjustment_form(shop, reason="takedown") | CONFIRMED)
    assert Adjustment.objects.get().amount_micro == -123_456


def test_an_adjustment_of_nothing_is_refused_in_a_sentence(client: Client, shop: Shop) -> None:
    told = client.post("/finance/adjustments/", adjustment_form(shop, amount="0")).content.decode()
    assert "A takedown takes back" in told
    assert not Adjustment.objects.exists()


def test_a_refund_is_previewed_with_who_gives_back_then_recorded_once(client: Client, shop: Shop) -> None:
    form = refund_form(shop)
    told = client.post("/finance/refunds/", form).content.decode()
    assert "Payable, Ana" in told
    assert "Payable, Ben" in told
    assert not RevenueEvent.objects.filter(kind="refund").exists()
    assert "The refund is recorded." in client.post("/finance/refunds/", form | CONFIRMED, follow=True).content.decode()
    another_form = refund_form(shop)
    assert AGAIN in client.post("/finance/refunds/", another_form | CONFIRMED, follow=True).content.decode()
    assert RevenueEvent.objects.filter(kind="refund").count() == 1
    told = client.post("/finance/refunds/", refund_form(shop, refund="re_2")).content.decode()
    assert "cannot go back" in told


def policy_form(**changed: object) -> dict[str, object]:
    effective_on = (timezone.now() + timedelta(days=400)).date()
    return {
        "contributor_rate": "33.3333",
        "threshold": "20.05",
        "fee": "2.9",
        "payout_day": 10,
        "effective_on": effective_on,
    } | changed


def test_a_policy_that_was_tried_is_added_with_its_day_once(client: Client, shop: Shop) -> None:
    tried = client.get("/finance/policies/preview/?contributor_rate=33.3333&threshold=20.05").content.decode()
    assert "Add the policy" in tried
    for _ in range(2):
        told = client.post("/finance/policies/add/", policy_form(), follow=True).content.decode()
        assert "The policy takes effect at" in told
    added = Policy.objects.latest("effective_at")
    assert Policy.objects.count() == 2
    assert (added.contributor_rate_ppm, added.fee_ppm, added.threshold_minor) == (333_333, 29_000, 2_005)
    assert added.payout_day == 10
    assert "to come" in told
    assert "33.3333 %" in told
    assert "20.05 USD" in told
    assert "in force" in told


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"effective_on": "2020-01-01"}, "choose a date in the future"),
        ({"contributor_rate": "100.0001"}, "less than or equal to 100"),
        ({"contributor_rate": "33.33333"}, "no more than 4 decimal places"),
        ({"fee": "0.00001"}, "no more than 4 decimal places"),
        ({"threshold": "20.005"}, "no more than 2 decimal places"),
        ({"effective_on": "soon"}, "Enter a valid date"),
        ({"payout_day": 29}, "less than or equal to 28"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_and_nothing_is_lost(
    client: Client, shop: Shop, changed: dict[str, object], says: str
) -> None:
    form = policy_form(**changed)
    told = client.post("/finance/policies/add/", form).content.decode()
    assert says in told
    for name in ("contributor_rate", "threshold", "fee", "payout_day"):
        assert f'name="{name}" value="{form[name]}"' in told
    assert Policy.objects.count() == 1


def test_another_policy_of_the_same_day_is_refused(client: Client, shop: Shop) -> None:
    client.post("/finance/policies/add/", policy_form())
    told = client.post("/finance/policies/add/", policy_form(fee="0.0001")).content.decode()
    assert "choose another date" in told


def test_nobody_but_finance_can_post_anything(client: Client, shop: Shop) -> None:
    assert shop.ana.user is not None
    client.force_login(shop.ana.user)
    sent = {
        "/finance/holds/": hold_form(shop),
        "/finance/adjustments/": adjustment_form(shop),
        "/finance/refunds/": refund_form(shop),
        "/finance/policies/add/": policy_form(),
    }
    for path, form in sent.items():
        assert client.post(path, form | CONFIRMED).status_code == 404
        assert client.get(path).status_code == 404
    assert not Hold.objects.exists()
