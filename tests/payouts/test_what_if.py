"""A contributor tries another rate, threshold or a withdrawal on the last closed month, and nothing is written."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from marketplace.models import Contributor, Customer, User
from payouts.models import Entry
from payouts.own_preview import Withdrawal, preview_policy_for
from tests.builders import FROZEN_AT
from tests.payouts.selling import Shop
from tests.payouts.test_pages import log_in

PAGE = "/contributor/what-if/"


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month: of 11.652000 Ana has 5.971650, in which the common fund is 3.641250."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    shop.close_october()
    return shop


def test_half_the_rate_is_half_the_money_and_nothing_is_written(shop: Shop) -> None:
    before = Entry.objects.count()
    tried = preview_policy_for(shop.ana, 200_000, 500)
    assert (tried.before_micro, tried.after_micro) == (5_971_650, 2_985_825)
    assert (tried.reached_before, tried.reached_after) == (True, False)
    assert Entry.objects.count() == before


def test_an_image_taken_back_loses_its_shares_to_the_common_fund_of_which_one_part_fewer_is_theirs(shop: Shop) -> None:
    tried = preview_policy_for(shop.ana, 400_000, 500, Withdrawal(shop.of_ana[0], FROZEN_AT))
    # The fund has 1,850,000,000 of 3,000,000,000 of the pool of 11.652000: 7.185400, and Ana 2 of its 3 parts.
    assert tried.after_micro == 4_790_267
    untouched = preview_policy_for(shop.ben, 400_000, 500)
    assert untouched.before_micro == untouched.after_micro


def test_sets_that_were_frozen_before_a_withdrawal_keep_the_image(shop: Shop) -> None:
    late = Withdrawal(shop.of_ana[0], datetime(2026, 9, 21, tzinfo=UTC))
    tried = preview_policy_for(shop.ana, 400_000, 500, late)
    assert tried.before_micro == tried.after_micro


def test_the_page_begins_with_the_rules_as_they_were_and_answers_in_the_readers_money(
    client: Client, shop: Shop
) -> None:
    log_in(client, shop.ana)
    page = client.get(PAGE).content.decode()
    assert 'name="rate_percent" value="40"' in page
    assert 'name="threshold" value="5.00"' in page
    answer = client.get(PAGE, {"rate_percent": "20", "threshold": "5"}).content.decode()
    assert "5.971650 USD" in answer
    assert "2.985825 USD" in answer
    assert "5.680350" not in answer  # what Ben earned is his


def test_the_page_says_what_is_wrong_with_a_question(client: Client, shop: Shop) -> None:
    log_in(client, shop.ana)
    questions: tuple[tuple[dict[str, str | int], str], ...] = (
        ({"rate_percent": "101", "threshold": "5"}, "less than or equal to 100"),
        ({"rate_percent": "x", "threshold": "5"}, "Enter a number"),
        ({"rate_percent": "40.00001", "threshold": "5"}, "no more than 4 decimal places"),
        ({"rate_percent": "40", "threshold": "5.001"}, "no more than 2 decimal places"),
        ({"rate_percent": "40", "threshold": "5", "image": shop.of_ben.pk}, "You have no image with this number"),
        ({"rate_percent": "40", "threshold": "5", "image": shop.of_ana[0].pk}, "on which day"),
    )
    for asked, says in questions:
        assert says in client.get(PAGE, asked).content.decode(), asked
    taken_back: dict[str, str | int] = {
        "rate_percent": "40",
        "threshold": "5",
        "image": shop.of_ana[0].pk,
        "withdrawn_on": "2026-09-01",
    }
    assert "4.790267 USD" in client.get(PAGE, taken_back).content.decode()
