"""Finance can try a policy on the last closed month before it takes effect."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from marketplace.models import Contributor, Customer, TrainingSet, User
from payouts.deals import record_dataset_deal
from payouts.models import Earning
from payouts.policy_preview import PreviewRefused, preview_policy
from payouts.refunds import record_refund
from tests.builders import SOLD_AT
from tests.payouts.selling import IN_NOVEMBER, Shop
from tests.payouts.test_closing import row_counts
from tests.payouts.test_pages import log_in


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month, closed, with a deal of 50.00 for its training set."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    catalogue: TrainingSet | None = shop.model.training_set
    assert catalogue is not None
    record_dataset_deal(catalogue, 5_000, 145, "deal 1", SOLD_AT)
    shop.close_october()
    return shop


@pytest.mark.usefixtures("shop")
def test_half_the_rate_halves_the_pool_and_what_each_earns_and_nothing_is_written() -> None:
    counts = row_counts()
    preview = preview_policy(200_000, 1_000)
    assert (preview.before.pool_micro, preview.after.pool_micro) == (31_072_000, 15_536_000)
    assert preview.after.pool_micro + preview.after.platform_micro == 77_680_000
    assert (preview.before.reached_count, preview.after.reached_count) == (2, 1)  # 5.00 and 10.00
    assert [(one.name, one.before_micro, one.after_micro) for one in preview.losers] == [
        ("Ana", 20_536_650, 10_268_325),
        ("Ben", 10_535_350, 5_267_675),
    ]
    assert preview.winners == ()
    assert row_counts() == counts


@pytest.mark.usefixtures("shop")
def test_the_same_policy_changes_nothing_and_replays_what_was_posted() -> None:
    preview = preview_policy(400_000, 500)
    assert preview.before == preview.after
    assert (preview.winners, preview.losers) == ((), ())
    assert preview.before.pool_micro == sum(Earning.objects.values_list("amount_micro", flat=True))


def test_what_was_refunded_since_does_not_change_how_the_month_was_shared(shop: Shop) -> None:
    record_refund(shop.sold[0], 1_000, "re_1", IN_NOVEMBER)
    assert preview_policy(400_000, 500).before.pool_micro == 31_072_000


@pytest.mark.owner
@pytest.mark.usefixtures("shop")
def test_a_month_whose_lists_were_changed_since_is_refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE attribution_inspirationlist SET unattributed_ppm = unattributed_ppm - 1")
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    with pytest.raises(PreviewRefused, match="The weights of 2026-10 are not those that it was closed with"):
        preview_policy(400_000, 500)


@pytest.mark.parametrize(("rate_ppm", "threshold_minor"), [(-1, 0), (1_000_001, 0), (0, -1)])
def test_a_policy_that_cannot_be_is_refused(db: None, rate_ppm: int, threshold_minor: int) -> None:
    with pytest.raises(PreviewRefused, match="Give a rate of 0 to 1000000 ppm"):
        preview_policy(rate_ppm, threshold_minor)


def test_without_a_closed_month_there_is_nothing_to_try(db: None) -> None:
    with pytest.raises(CommandError, match="No month is closed yet"):
        call_command("preview_policy", "--contributor-rate-ppm=1", "--threshold-minor=1")


def test_finance_tries_a_policy_from_the_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("preview_policy", "--contributor-rate-ppm=500000", "--threshold-minor=1000")
    assert capsys.readouterr().out.splitlines() == [
        "2026-10 in USD, as it was shared and as it would have been:",
        "  rate 400000 ppm: 31.072000 to contributors, 46.608000 to the platform; 2 earned 5.00 USD or more",
        "  rate 500000 ppm: 38.840000 to contributors, 38.840000 to the platform; 2 earned 10.00 USD or more",
        f"Most gained: Ana ({shop.ana.pk}) 20.536650 to 25.670813; Ben ({shop.ben.pk}) 10.535350 to 13.169187",
        "Most lost: by nobody",
        "Nothing was written. A policy is added on the page of policies.",
    ]


def test_finance_tries_a_policy_on_a_page_and_nobody_else_does(client: Client, shop: Shop) -> None:
    counts = row_counts()
    log_in(client, shop.fay)
    page = client.get("/finance/policies/preview/?contributor_rate=20&threshold=10").content.decode()
    for amount in ("31.072000 USD", "15.536000 USD", "20.536650 USD", "10.268325 USD"):
        assert amount in page
    assert (
        "less than or equal to 100"
        in client.get("/finance/policies/preview/?contributor_rate=100.0001&threshold=1").content.decode()
    )
    assert "Try a policy" in client.get("/finance/policies/preview/").content.decode()
    assert row_counts() == counts
    log_in(client, shop.ana)
    assert client.get("/finance/policies/preview/").status_code == 404


def test_without_a_closed_month_the_page_says_so(client: Client, fay: User) -> None:
    log_in(client, fay)
    page = client.get("/finance/policies/preview/?contributor_rate=1&threshold=1").content.decode()
    assert "No month is closed yet" in page
