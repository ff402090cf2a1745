"""Policies: what was booked stays under the rules of its time, and a month is shared by those that it began with."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from marketplace.models import Contributor, Customer, Download, User
from payouts.accruing import accruals
from payouts.booking import NoPolicy, book_downloads, policy_of
from payouts.closing import close_period
from payouts.models import Earning, Policy, RevenueEvent
from payouts.policies import PolicyRefused, add_policy
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    OCTOBER,
    SOLD_AT,
    make_attributed_downloads,
    make_closed_month,
    make_download,
    make_policy,
    make_user,
)

LAST_SOLD_AT = datetime(2026, 10, 16, 12, tzinfo=UTC)  # the last of the three downloads


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    return make_attributed_downloads([ana, ben], carla)


@pytest.fixture
def sold_before(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    """Without any policy."""
    return make_attributed_downloads([ana, ben], carla, with_policy=False)


def take_effect(at: datetime, contributor_rate_ppm: int = 900_000) -> Policy:
    return Policy.objects.create(
        effective_at=at, contributor_rate_ppm=contributor_rate_ppm, fee_ppm=30_000, threshold_minor=100
    )


def add_first(effective_at: datetime) -> Policy:
    return add_policy(effective_at, 400_000, 30_000, 100, 15, CLOSED_AT)


def test_a_month_with_sales_before_the_first_policy_is_shared_by_it_and_closed(
    sold_before: list[Download], fay: User, finn: User
) -> None:
    with pytest.raises(NoPolicy):
        book_downloads(CLOSED_AT)
    add_first(OCTOBER.start_at)
    assert make_closed_month(fay, finn).gross_minor == sum(download.gross_minor for download in sold_before)


def test_the_first_policy_shares_all_that_was_sold_before_it(sold_before: list[Download]) -> None:
    first_sold_at = min(download.downloaded_at for download in sold_before)
    with pytest.raises(PolicyRefused, match="let it take effect by 2026-10-14 12:00 UTC"):
        add_first(first_sold_at + timedelta(seconds=1))
    with pytest.raises(DatabaseError, match="shares all that was sold before it"), transaction.atomic():
        take_effect(first_sold_at + timedelta(seconds=1))
    add_first(first_sold_at)
    assert book_downloads(CLOSED_AT) == len(sold_before)


def test_the_first_policy_leaves_no_time_in_which_nothing_could_be_shared(db: None) -> None:
    with pytest.raises(PolicyRefused, match="take effect today or earlier"):
        add_first(CLOSED_AT + timedelta(seconds=1))
    add_first(CLOSED_AT)


def test_only_the_first_policy_counts_from_the_past(db: None) -> None:
    add_first(JOINED_AT)
    with pytest.raises(PolicyRefused, match="choose a date in the future"):
        add_first(JOINED_AT + timedelta(days=1))


def test_finance_adds_the_first_policy_from_the_month_of_the_first_sale_as_proposed(
    client: Client, sold_before: list[Download], fay: User
) -> None:
    client.force_login(fay)
    page = client.get("/finance/policies/preview/?contributor_rate=40&threshold=1").content.decode()
    assert "nothing was promised before it" in page
    assert 'name="effective_on" value="2026-10-01"' in page
    form = {"contributor_rate": "40", "threshold": "1", "fee": "3", "payout_day": 15, "effective_on": "2026-10-01"}
    late = client.post("/finance/policies/add/", form | {"effective_on": "2026-11-01"}).content.decode()
    assert "let it take effect by" in late
    assert "nothing was promised before it" in late
    told = client.post("/finance/policies/add/", form, follow=True).content.decode()
    assert "The policy is in force since" in told
    assert Policy.objects.get().effective_at == OCTOBER.start_at


def test_a_policy_cannot_take_effect_before_another(db: None) -> None:
    make_policy()
    with (
        pytest.raises(DatabaseError, match="let this one take effect after 2026-09-01 08:00:00 UTC"),
        transaction.atomic(),
    ):
        take_effect(JOINED_AT - timedelta(days=1))
    take_effect(JOINED_AT + timedelta(seconds=1))


def test_the_rate_of_a_month_with_sales_cannot_be_changed_afterwards(downloads: list[Download]) -> None:
    book_downloads(CLOSED_AT)
    for at in (OCTOBER.start_at, SOLD_AT, LAST_SOLD_AT):
        with pytest.raises(DatabaseError, match="A policy changes nothing that was booked"), transaction.atomic():
            take_effect(at)
    take_effect(LAST_SOLD_AT + timedelta(seconds=1))
    assert policy_of(OCTOBER).contributor_rate_ppm == 400_000
    assert policy_of(OCTOBER.next).contributor_rate_ppm == 900_000


def test_a_late_sale_protects_the_month_that_it_is_booked_to(
    downloads: list[Download], carla: Customer, fay: User
) -> None:
    """The sale is of October and shares November's pool, by the rate that November begins with."""
    book_downloads(CLOSED_AT)
    close_period(OCTOBER, fay, CLOSED_AT)
    make_download(carla, downloads[0].generation)
    book_downloads(CLOSED_AT)
    assert str(RevenueEvent.objects.latest("pk").period) == "2026-11 USD"
    with pytest.raises(DatabaseError, match="after 2026-11-01 00:00:00 UTC"), transaction.atomic():
        take_effect(OCTOBER.next.start_at)


def test_the_month_of_the_first_policy_is_shared_by_it(db: None) -> None:
    with pytest.raises(NoPolicy):
        policy_of(OCTOBER)
    first = take_effect(SOLD_AT)
    take_effect(SOLD_AT + timedelta(days=1), 100_000)
    assert policy_of(OCTOBER) == first
    with pytest.raises(NoPolicy, match="No policy was in force at 2026-09-01"):
        policy_of(OCTOBER.previous)


def test_an_estimate_uses_the_rate_that_the_month_will_be_closed_with(
    downloads: list[Download], ana: Contributor, fay: User, finn: User
) -> None:
    book_downloads(CLOSED_AT)
    take_effect(LAST_SOLD_AT + timedelta(days=1))
    (estimate,) = accruals(ana, "USD")
    make_closed_month(fay, finn)
    earned = Earning.objects.get(contributor=ana, kind=Earning.ATTRIBUTION)
    assert abs(earned.amount_micro - estimate.amount_micro) <= 1


def test_whoever_adds_a_backdated_policy_in_the_admin_is_told_why_not(
    client: Client, downloads: list[Download]
) -> None:
    book_downloads(CLOSED_AT)
    client.force_login(make_user("root", is_superuser=True))
    values = {"contributor_rate_ppm": 900_000, "fee_ppm": 30_000, "threshold_minor": 100, "payout_day": 15}
    backdated = {**values, "effective_at_0": "2026-10-01", "effective_at_1": "00:00:00"}
    page = client.post("/admin/payouts/policy/add/", backdated, follow=True).content.decode()
    assert "A policy changes nothing that was booked: let this one take effect after 2026-10-16 12:00:00 UTC." in page
    assert Policy.objects.count() == 1
    client.post("/admin/payouts/policy/add/", {**backdated, "effective_at_0": "2026-12-01"})
    assert Policy.objects.count() == 2
