"""Pages of the money: contributors see their own and can add it up, finance closes and pays with two people."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from marketplace.models import Contributor, Customer, Download, User
from payouts import tasks
from payouts.booking import book_downloads
from payouts.core.states import PayoutState, RunState
from payouts.models import Earning, PayoutRun, Period, Statement
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import standing_still
from tests.broker import broker_away
from tests.builders import (
    CLOSED_AT,
    make_attributed_downloads,
    make_closed_month,
    make_connected_account,
    make_contributor,
    make_customer,
    make_download,
    submit,
)

FINANCE_PAGES = ("/finance/months/", "/finance/runs/", "/finance/ledger/")


def log_in(client: Client, person: Contributor | Customer | User) -> None:
    user = person if isinstance(person, User) else person.user
    assert user is not None
    client.force_login(user)


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    return make_attributed_downloads([ana, ben], carla)


@pytest.fixture
def october(downloads: list[Download], fay: User, finn: User) -> Period:
    return make_closed_month(fay, finn)


def test_the_lines_of_a_month_add_up_to_the_statement(client: Client, october: Period, ana: Contributor) -> None:
    log_in(client, ana)
    response = client.get("/contributor/earnings/2026-10/")
    lines = list(response.context["page"])
    statement = Statement.objects.get(contributor=ana, period=october)
    common_fund_micro = Earning.objects.get(contributor=ana, kind=Earning.COMMON_FUND).amount_micro
    assert len(lines) == 3
    assert {line.asset.contributor for line in lines} == {ana}
    assert sum(line.amount_micro for line in lines) + common_fund_micro == statement.earned_micro
    page = response.content.decode()
    assert all(f"{Decimal(line.amount_micro) / 1_000_000:.6f} USD" in page for line in lines)
    assert "as your statement says" in page


def test_an_overview_shows_balance_earnings_statement_and_why_nothing_was_sent(
    client: Client, october: Period, ana: Contributor, fay: User, finn: User
) -> None:
    run = draft_payout_run(fay, CLOSED_AT)
    log_in(client, ana)
    assert "No payout run had your balance" in client.get("/contributor/payouts/").content.decode()
    approve_payout_run(run.pk, finn, CLOSED_AT)
    page = client.get("/contributor/").content.decode()
    closing = f"{Decimal(Statement.objects.get(contributor=ana).closing_micro) / 1_000_000:.6f} USD"
    assert page.count(closing) >= 2  # the balance, and what October earned
    assert "Your statement of October 2026 was issued." in page
    assert "connect a Stripe account" in page
    assert closing in client.get("/contributor/statements/").content.decode()
    payouts = client.get("/contributor/payouts/").content.decode()
    assert "nothing sent" in payouts
    assert "connect a Stripe account" in payouts


def test_an_unfinished_month_is_estimated_and_called_so(
    client: Client, downloads: list[Download], ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    book_downloads(CLOSED_AT)
    estimates = {}
    for contributor in (ana, ben):
        log_in(client, contributor)
        response = client.get("/contributor/")
        estimates[contributor] = response.context["tiles"]["accruals"][0].amount_micro
        assert "October 2026 so far, an estimate" in response.content.decode()
    make_closed_month(fay, finn)
    for contributor, estimate_micro in estimates.items():
        earning = Earning.objects.get(contributor=contributor, kind=Earning.ATTRIBUTION)
        assert abs(earning.amount_micro - estimate_micro) <= 1
        log_in(client, contributor)
        assert client.get("/contributor/").context["tiles"]["accruals"] == []


def test_images_show_verdicts_with_their_evidence_and_what_each_earned(
    client: Client, october: Period, ana: Contributor
) -> None:
    submit(ana, b"not a picture", title="Broken")
    log_in(client, ana)
    page = client.get("/contributor/images/").content.decode()
    assert "A picture by Ben" not in page
    assert "unreadable" in page
    assert "The file is of a kind that we do not take." in page
    earned = Earning.objects.get(contributor=ana, kind=Earning.ATTRIBUTION)
    assert f"{Decimal(earned.amount_micro // 100) / 10_000:.4f} USD" in page


def test_a_contributor_sees_why_a_download_paid_them(
    client: Client, october: Period, downloads: list[Download], ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    log_in(client, ana)
    lines = list(client.get("/contributor/earnings/2026-10/").context["page"])
    page = client.get(f"/downloads/{downloads[0].pk}/why/?check=now").content.decode()
    assert f"{Decimal(lines[0].amount_micro) / 1_000_000:.6f} USD" in page
    assert page.count(" USD") == 2  # in the list and in the sentence above it: nobody else's amount is there
    assert "It agrees." in page
    assert "energy-share, version 2" in page
    assert "Unattributed" in page
    assert "quiet harbour" not in page  # the prompt is the customer's
    assert "Carla" not in page


def test_customers_and_finance_see_shares_without_anybodys_earnings(
    client: Client, october: Period, downloads: list[Download], carla: Customer, fay: User
) -> None:
    for person in (carla, fay):
        log_in(client, person)
        page = client.get(f"/downloads/{downloads[0].pk}/why/?check=now").content.decode()
        assert "Inspiration list" in page
        assert "You earned" not in page


def test_who_is_not_on_the_list_does_not_find_the_why_page(client: Client, downloads: list[Download]) -> None:
    for stranger in (make_contributor("Eve"), make_customer("Dan")):
        log_in(client, stranger)
        assert client.get(f"/downloads/{downloads[0].pk}/why/").status_code == 404


def test_a_download_without_a_list_says_so_to_its_customer_only(
    client: Client, downloads: list[Download], ana: Contributor, carla: Customer
) -> None:
    fresh = make_download(carla, downloads[0].generation)
    log_in(client, carla)
    assert "not computed yet" in client.get(f"/downloads/{fresh.pk}/why/").content.decode()
    log_in(client, ana)
    assert client.get(f"/downloads/{fresh.pk}/why/").status_code == 404


def test_months_that_do_not_exist_or_are_open_are_not_found(
    client: Client, downloads: list[Download], ana: Contributor
) -> None:
    log_in(client, ana)
    for month in ("2026-10", "2026-13", "1999-01"):
        assert client.get(f"/contributor/earnings/{month}/").status_code == 404


def test_finance_pages_are_hidden_from_everybody_else_and_change_nothing_for_them(
    client: Client, downloads: list[Download], ana: Contributor, carla: Customer, fay: User
) -> None:
    book_downloads(CLOSED_AT)
    run = draft_payout_run(fay, CLOSED_AT)
    writes = [
        "/finance/months/2026-10/close/",
        "/finance/months/2026-10/approve/",
        "/finance/runs/draft/",
        f"/finance/runs/{run.pk}/approve/",
        f"/finance/runs/{run.pk}/cancel/",
        f"/finance/runs/{run.pk}/send/",
    ]
    for person in (ana, carla):
        log_in(client, person)
        assert [client.get(path).status_code for path in FINANCE_PAGES] == [404] * 3
        assert client.get(f"/finance/runs/{run.pk}/").status_code == 404
        assert [client.post(path).status_code for path in writes] == [404] * 6
    log_in(client, fay)
    assert client.get("/contributor/").status_code == 404
    for path in writes:
        assert "an address alone presses no button" in client.get(path, follow=True).content.decode()
    assert Period.objects.get(month_on="2026-10-01").state == Period.OPEN
    assert PayoutRun.objects.get().state == RunState.DRAFT


def test_two_finance_people_close_a_month(client: Client, downloads: list[Download], fay: User, finn: User) -> None:
    book_downloads(CLOSED_AT)
    log_in(client, fay)
    page = client.post("/finance/months/2026-10/close/", follow=True).content.decode()
    assert "Somebody else must approve it" in page
    page = client.post("/finance/months/2026-10/approve/", follow=True).content.decode()
    assert "fay closed 2026-10: somebody else must approve it" in page
    assert Period.objects.get().state == Period.CLOSING
    log_in(client, finn)
    page = client.post("/finance/months/2026-10/approve/", follow=True).content.decode()
    assert "October 2026 is closed" in page
    assert "Close 2026-10" not in page
    assert Statement.objects.count() == 2


def test_what_stands_in_the_way_of_closing_is_said(
    client: Client, downloads: list[Download], carla: Customer, fay: User
) -> None:
    make_download(carla, downloads[0].generation)
    book_downloads(CLOSED_AT)
    log_in(client, fay)
    page = client.post("/finance/months/2026-10/close/", follow=True).content.decode()
    assert "1 downloads of 2026-10 have no inspiration list yet" in page
    assert Period.objects.get().state == Period.OPEN
    assert client.post("/finance/months/2031-01/close/").status_code == 404
    assert Period.objects.count() == 1


def test_a_run_shows_sums_by_state_and_every_exclusion_with_its_reason(
    client: Client, october: Period, ana: Contributor, ben: Contributor, fay: User, finn: User
) -> None:
    make_connected_account(ana)
    log_in(client, fay)
    page = client.post("/finance/runs/draft/", follow=True).content.decode()
    run = PayoutRun.objects.get()
    amount_minor = run.payouts.get(contributor=ana).amount_minor
    assert f"{Decimal(amount_minor) / 100:.2f} USD" in page
    assert "no connected account: " in page
    assert "still draft" in client.post("/finance/runs/draft/", follow=True).content.decode()
    refused = client.post(f"/finance/runs/{run.pk}/approve/", follow=True).content.decode()
    assert "somebody else must approve it" in refused
    log_in(client, finn)
    assert "can be sent" in client.post(f"/finance/runs/{run.pk}/approve/", follow=True).content.decode()
    again = client.post(f"/finance/runs/{run.pk}/approve/", follow=True).content.decode()
    assert "is approved already, so nothing was changed. finn approved it at" in again
    assert run.payouts.get(contributor=ben).state == PayoutState.EXCLUDED


def test_a_draft_is_cancelled_with_a_button_and_then_nobody_sees_it(
    client: Client, october: Period, ana: Contributor, fay: User, finn: User
) -> None:
    run = draft_payout_run(fay, CLOSED_AT)
    log_in(client, fay)
    assert f"Cancel run {run.pk}" in client.get(f"/finance/runs/{run.pk}/").content.decode()
    page = client.post(f"/finance/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "is cancelled. Nothing was sent." in page
    assert "Approve run" not in page
    again = client.post(f"/finance/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "is cancelled already, so nothing was changed" in again
    assert "is drafted" in client.post("/finance/runs/draft/", follow=True).content.decode()
    log_in(client, ana)
    assert "No payout run had your balance" in client.get("/contributor/payouts/").content.decode()


def test_only_an_approved_run_is_handed_to_the_worker(
    client: Client,
    october: Period,
    ana: Contributor,
    fay: User,
    finn: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    handed_over: list[int] = []
    monkeypatch.setattr(tasks.send_payout_run, "delay", handed_over.append)  # the edge to the broker
    make_connected_account(ana)
    run = draft_payout_run(fay, CLOSED_AT)
    log_in(client, fay)
    page = client.post(f"/finance/runs/{run.pk}/send/", follow=True).content.decode()
    assert "Nothing was sent" in page
    assert handed_over == []
    approve_payout_run(run.pk, finn, CLOSED_AT)
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"/finance/runs/{run.pk}/send/", follow=True).content.decode()
    assert "is to be sent" in page
    assert handed_over == [run.pk]


def test_where_the_broker_is_away_a_run_is_sent_later_by_itself(
    client: Client,
    october: Period,
    ana: Contributor,
    fay: User,
    finn: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(tasks.send_payout_run, "delay", broker_away)
    make_connected_account(ana)
    run = draft_payout_run(fay, CLOSED_AT)
    approve_payout_run(run.pk, finn, CLOSED_AT)
    log_in(client, fay)
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"/finance/runs/{run.pk}/send/", follow=True).content.decode()
    assert "the worker begins within minutes" in page
    assert standing_still(CLOSED_AT) == [run.pk]


def test_the_ledger_page_shows_a_sum_of_zero_and_cash_as_an_equation(
    client: Client, october: Period, fay: User
) -> None:
    log_in(client, fay)
    response = client.get("/finance/ledger/")
    equation = response.context["equation"]
    assert response.context["sum_micro"] == 0
    assert equation.cash_micro == 29_100_000  # three sales of 10.00 less 3 % fees
    assert equation.owed_micro == 11_640_000  # 40 % of it
    assert equation.ours_micro == 17_460_000
    assert "Both sides are equal" in response.content.decode()


def test_pages_say_what_is_missing_before_anything_happened(client: Client, ana: Contributor, fay: User) -> None:
    log_in(client, ana)
    assert "No statement was issued" in client.get("/contributor/statements/").content.decode()
    assert "not submitted any" in client.get("/contributor/images/").content.decode()
    log_in(client, fay)
    told = [client.get(path).content.decode() for path in FINANCE_PAGES]
    for page, sentence in zip(told, ("Nothing was booked", "no payout run yet", "Nothing was posted"), strict=True):
        assert sentence in page
