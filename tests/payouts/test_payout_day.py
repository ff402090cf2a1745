"""Contributors read on which day they are paid next, and finance what is due."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.payout_day import due_on
from payouts.gateway import Gateway
from payouts.models import PayoutRun, Policy
from payouts.payout_day import NextPayout, next_payout
from payouts.runs import approve_payout_run, cancel_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from payouts.to_do import to_do
from payouts.views.being_paid import standing
from tests.builders import CLOSED_AT, OCTOBER, make_policy
from tests.payouts.selling import NOVEMBER, Shop

ON_THE_DAY = datetime(2026, 11, 15, 23, 59, tzinfo=UTC)
A_DAY_LATE = datetime(2026, 11, 16, tzinfo=UTC)
OCTOBERS = (OCTOBER.start_at.date(), date(2026, 11, 15))
NOVEMBERS = (NOVEMBER.start_at.date(), date(2026, 12, 15))


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month, booked; its policy pays on the 15th."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    book_downloads(CLOSED_AT)
    return shop


def found(at: datetime) -> NextPayout:
    what = next_payout(at)
    assert what is not None
    return what


def paid_next(at: datetime) -> tuple[date, date]:
    return found(at).month_on, found(at).due_on


def read_by(contributor: Contributor, at: datetime) -> str:
    return render_to_string("payouts/_being_paid.html", {"being_paid": standing(contributor, at), "currency": "USD"})


def settled_run(shop: Shop, gateway: Gateway) -> PayoutRun:
    run = approve_payout_run(draft_payout_run(shop.fay, CLOSED_AT).pk, shop.finn, CLOSED_AT)
    send_payout_run(run.pk, gateway, CLOSED_AT)
    return run


def dues(user: User, at: datetime) -> list[tuple[str, str, bool]]:
    return [(one.title, one.due, one.is_urgent) for one in to_do(user, at)]


def test_where_nothing_is_left_to_pay_the_running_month_is_paid_next(db: None) -> None:
    assert next_payout(ON_THE_DAY) is None  # nobody has said on which day
    make_policy()
    assert paid_next(ON_THE_DAY) == NOVEMBERS
    assert not found(ON_THE_DAY).is_overdue


def test_the_day_is_that_of_the_policy_in_force_when_the_month_of_paying_begins(db: None) -> None:
    make_policy()
    for start_at, payout_day in ((NOVEMBER.next.start_at, 5), (datetime(2026, 12, 3, tzinfo=UTC), 28)):
        Policy.objects.create(
            effective_at=start_at, contributor_rate_ppm=0, fee_ppm=0, threshold_minor=0, payout_day=payout_day
        )
    assert found(ON_THE_DAY).due_on == date(2026, 12, 5)


def test_a_month_is_due_until_a_run_that_came_after_its_close_has_settled(shop: Shop, gateway: Gateway) -> None:
    assert paid_next(A_DAY_LATE) == OCTOBERS
    shop.close_october()
    assert paid_next(A_DAY_LATE) == OCTOBERS
    cancel_payout_run(draft_payout_run(shop.fay, CLOSED_AT).pk)
    assert paid_next(A_DAY_LATE) == OCTOBERS
    settled_run(shop, gateway)
    assert paid_next(A_DAY_LATE) == NOVEMBERS
    assert not found(A_DAY_LATE).is_overdue


def test_a_run_that_came_before_the_close_pays_an_earlier_month(shop: Shop, gateway: Gateway) -> None:
    settled_run(shop, gateway)
    close_period(OCTOBER, shop.fay, ON_THE_DAY)
    approve_close(OCTOBER, shop.finn, ON_THE_DAY)
    assert paid_next(ON_THE_DAY) == OCTOBERS


def test_a_contributor_reads_the_day_and_once_it_has_passed_what_it_waits_for(shop: Shop) -> None:
    assert "On Nov 15, 2026, for October 2026." in read_by(shop.ana, ON_THE_DAY)
    told = "After October 2026 is closed and approved. It was due on Nov 15, 2026."
    assert told in read_by(shop.ana, A_DAY_LATE)
    shop.close_october()
    told = read_by(shop.ana, A_DAY_LATE)
    assert "After a payout run is drafted and approved. For October 2026, it was due on Nov 15, 2026." in told
    assert "is waiting: connect a Stripe account to be paid." in told  # what stands in its way
    draft_payout_run(shop.fay, CLOSED_AT)
    assert "A payout run is under way, drafted at Nov 2, 2026, 09:00 UTC." in read_by(shop.ana, A_DAY_LATE)


def test_the_overview_and_the_page_of_payouts_both_show_the_day(client: Client, ana: Contributor) -> None:
    make_policy()
    assert ana.user is not None
    client.force_login(ana.user)
    due = due_on(Month.containing(timezone.now()), 15)
    for path in ("/contributor/", "/contributor/payouts/"):
        assert f"{due:%b} 15, {due.year}, for" in client.get(path).content.decode(), path


def test_finance_reads_when_the_close_and_then_the_run_are_due_and_that_they_are_late(shop: Shop) -> None:
    due, late = (
        "Payouts for October 2026 are due on Nov 15, 2026.",
        "Payouts for October 2026 were due on Nov 15, 2026.",
    )
    assert dues(shop.fay, ON_THE_DAY) == [("Close October 2026", due, False)]
    assert dues(shop.fay, A_DAY_LATE) == [("Close October 2026", late, True)]
    close_period(OCTOBER, shop.fay, CLOSED_AT)
    assert dues(shop.fay, A_DAY_LATE) == [("October 2026 waits for approval", late, False)]
    assert dues(shop.finn, A_DAY_LATE) == [("Approve the closing of October 2026", late, True)]
    approve_close(OCTOBER, shop.finn, CLOSED_AT)
    assert dues(shop.fay, ON_THE_DAY) == [("Draft a payout run", due, False)]
    run = draft_payout_run(shop.fay, CLOSED_AT)
    assert dues(shop.finn, A_DAY_LATE) == [(f"Approve payout run {run.pk}", late, True)]


def test_a_day_that_some_months_lack_is_refused_by_the_database_too(db: None) -> None:
    for payout_day in (0, 29):
        with pytest.raises(IntegrityError, match="policy_payout_day"), transaction.atomic():
            Policy.objects.create(
                effective_at=ON_THE_DAY, contributor_rate_ppm=0, fee_ppm=0, threshold_minor=0, payout_day=payout_day
            )
