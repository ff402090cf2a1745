"""Finance reads what there is to do, where a month's money went, and what a payout run is made of."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.core.reconciling import Difference, FindingKind
from payouts.core.states import PayoutState, RunState
from payouts.deals import record_dataset_deal
from payouts.findings import record_findings
from payouts.gateway import Gateway
from payouts.holds import place_hold
from payouts.models import Earning, PayoutRun, Period
from payouts.refunds import record_refund
from payouts.run_figures import difference, funds, histogram, made_of
from payouts.runs import RunRefused, approve_payout_run, cancel_payout_run, draft_payout_run
from payouts.sending import send_payout_run
from tests.builders import CLOSED_AT, OCTOBER, SOLD_AT, make_connected_account
from tests.payouts.paying import AT, cannot_be_paid_any_more, fund, onboard, owe
from tests.payouts.selling import IN_NOVEMBER, Shop

CASH = Difference(FindingKind.CASH_DIFFERS, "cash at Stripe", "One dollar is missing.")


@pytest.fixture
def shop(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Shop:
    """The worked month, booked."""
    shop = Shop(ana, ben, carla, fay, finn)
    shop.worked_month()
    book_downloads(CLOSED_AT)
    return shop


def page(client: Client, person: User, path: str) -> str:
    client.force_login(person)
    response = client.get(path, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_the_home_of_finance_says_that_nothing_waits(client: Client, fay: User) -> None:
    told = page(client, fay, "/")
    assert "Nothing waits for you" in told
    assert "No month is closed yet" in told
    assert "There was no payout run yet" in told


def test_a_month_that_ended_is_to_be_closed_and_then_approved_by_somebody_else(client: Client, shop: Shop) -> None:
    assert 'href="/finance/months/2026-10/">Close October 2026' in page(client, shop.fay, "/finance/")
    close_period(OCTOBER, shop.fay, CLOSED_AT)
    told = page(client, shop.fay, "/finance/")
    assert "Nothing waits for you" in told
    assert "You closed it: somebody else must approve it." in told
    assert "Approve the closing of October 2026" in page(client, shop.finn, "/finance/")
    approve_close(OCTOBER, shop.finn, CLOSED_AT)
    assert "Draft a payout run" in page(client, shop.fay, "/finance/")


def test_a_month_that_still_runs_offers_no_preview_that_would_be_refused(client: Client, shop: Shop) -> None:
    running = Month.containing(timezone.now())
    Period.objects.get_or_create(month_on=running.start_at.date(), currency="USD")
    told = page(client, shop.fay, "/finance/months/")
    assert 'href="/finance/months/2026-10/preview/"' in told
    assert f'href="/finance/months/{running}/preview/"' not in told
    assert "wait for its end" in told


def test_a_run_waits_for_its_second_person_then_for_whoever_sends_it(client: Client, shop: Shop) -> None:
    shop.close_october()
    run = draft_payout_run(shop.fay, CLOSED_AT)
    assert f"Payout run {run.pk} waits for approval" in page(client, shop.fay, "/finance/")
    assert f"Approve payout run {run.pk}" in page(client, shop.finn, "/finance/")
    approve_payout_run(run.pk, shop.finn, CLOSED_AT)
    assert f"Send payout run {run.pk}" in page(client, shop.fay, "/finance/")


def test_open_findings_are_urgent_and_say_what_they_block(client: Client, shop: Shop) -> None:
    record_findings([CASH], AT, None)
    told = page(client, shop.fay, "/finance/")
    assert "1 open finding" in told
    assert "1 is yours" in told
    assert "no month is closed and no payout run drafted or approved" in told


def test_a_months_steps_end_at_what_contributors_earned(client: Client, shop: Shop) -> None:
    period = shop.close_october()
    client.force_login(shop.fay)
    response = client.get("/finance/months/2026-10/")
    steps = {row.step.key: row.step.amount_micro for row in response.context["rows"]}
    assert steps["download_sale"] + steps["fees"] == steps["net"]
    assert steps["net"] + steps["platform"] == steps["pool"] == period.pool_micro
    assert (
        steps["pool"] + steps["netted"]
        == steps["earned"]
        == sum(Earning.objects.values_list("amount_micro", flat=True))
    )
    assert steps["of_attribution"] + steps["of_common_fund"] + steps["of_dataset_deal"] == steps["earned"]
    told = response.content.decode()
    assert 'aria-label="From gross to the pool of October 2026"' in told
    assert "approved by finn" in told
    assert [one["contributor__name"] for one in response.context["top"]] == ["Ana", "Ben"]


def test_a_month_is_shown_beside_the_one_before(client: Client, shop: Shop) -> None:
    shop.close_october()
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    record_refund(shop.sold[0], 1_000, "re_1", IN_NOVEMBER)
    shop.close_november()
    client.force_login(shop.fay)
    rows = {row.step.key: row for row in client.get("/finance/months/2026-11/").context["rows"]}
    assert (rows["download_sale"].before_micro, rows["download_sale"].change_micro) == (30_000_000, -20_000_000)
    assert rows["netted"].step.amount_micro < 0


def test_a_deal_of_the_month_before_stands_above_the_sum_that_it_was_in(client: Client, shop: Shop) -> None:
    assert shop.model.training_set is not None
    record_dataset_deal(shop.model.training_set, 5_000, 145, "deal 1", SOLD_AT)
    shop.close_october()
    shop.sell(1_000, 500_000, 0, at=IN_NOVEMBER)
    shop.close_november()
    client.force_login(shop.fay)
    rows = client.get("/finance/months/2026-11/").context["rows"]
    keys, before_micro = [row.step.key for row in rows], {row.step.key: row.before_micro for row in rows}
    assert (before_micro["dataset_deal"], before_micro["of_dataset_deal"]) == (50_000_000, 19_420_000)
    assert keys.index("dataset_deal") < keys.index("net")


def test_a_month_that_cannot_be_closed_says_why(client: Client, shop: Shop) -> None:
    record_findings([CASH], AT, None)
    told = page(client, shop.fay, "/finance/months/2026-10/")
    assert "It cannot be closed now." in told
    assert "resolve them first" in told
    assert "Close October" not in told


def test_finance_follows_a_payout_down_to_why_each_download_paid(client: Client, shop: Shop) -> None:
    shop.close_october()
    make_connected_account(shop.ana)
    run = draft_payout_run(shop.fay, CLOSED_AT)
    payout = run.payouts.get(contributor=shop.ana)
    assert sum(part["total_micro"] for part in made_of(payout)) == payout.payable_micro
    lines = f"/finance/months/2026-10/contributors/{shop.ana.pk}/"
    assert f'href="/finance/payouts/{payout.pk}/"' in page(client, shop.fay, f"/finance/runs/{run.pk}/")
    assert lines in page(client, shop.fay, f"/finance/payouts/{payout.pk}/")
    response = client.get(lines)
    shown = list(response.context["page"])
    assert sum(line.amount_micro for line in shown) == response.context["attributed_micro"] > 0
    why = f"/downloads/{shown[0].download.pk}/why/"
    assert why in response.content.decode()
    assert "Inspiration list" in page(client, shop.fay, why)
    assert shop.ana.user is not None
    client.force_login(shop.ana.user)
    assert [client.get(path).status_code for path in (lines, f"/finance/payouts/{payout.pk}/")] == [404, 404]


def test_a_run_is_set_beside_the_last_one(
    run: PayoutRun, gateway: Gateway, ana: Contributor, fay: User, finn: User, client: Client
) -> None:
    assert difference(run) is None
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    cleo = Contributor.objects.create(name="Cleo", country="DE", joined_at=AT)
    onboard(cleo, gateway)
    owe(cleo, 30_000_000, "more")
    owe(ana, 2_000_000, "more")
    later = draft_payout_run(fay, AT)
    found = difference(later)
    assert found is not None
    assert (found.count_before, found.count_now, found.newcomer_count, found.gone_count) == (2, 2, 1, 1)
    assert (found.total_before_minor, found.total_now_minor) == (1_734, 3_200)
    assert [(one.name, one.before_minor, one.now_minor) for one in found.changes] == [
        ("Cleo", 0, 3_000),
        ("Ana", 1_234, 200),
        ("Ben", 500, 0),
    ]
    told = page(client, finn, f"/finance/runs/{later.pk}/")
    assert "1 were not in it, 1 are no longer" in told


def test_the_bars_of_a_run_count_every_payout_once(run: PayoutRun) -> None:
    bars = histogram(run)
    assert sum(bar.payout_count for bar in bars) == 2
    assert [(bar.from_minor, bar.to_minor) for bar in bars if bar.payout_count] == [(400, 600), (1_200, 1_400)]


def test_a_run_says_what_funds_are_missing(run: PayoutRun, gateway: Gateway, client: Client, fay: User) -> None:
    assert (funds(run).needed_minor, funds(run).short_minor) == (1_734, 1_734)
    assert "top up at Stripe before you send" in page(client, fay, f"/finance/runs/{run.pk}/")
    fund(gateway, 1_734)
    assert funds(run).short_minor == 0
    assert "The funds cover the run." in page(client, fay, f"/finance/runs/{run.pk}/")


def test_exclusions_are_grouped_by_reason_with_what_to_do(client: Client, shop: Shop) -> None:
    shop.close_october()
    run = draft_payout_run(shop.fay, CLOSED_AT)
    client.force_login(shop.fay)
    response = client.get(f"/finance/runs/{run.pk}/")
    grouped = {one["reason"]: one["payout_count"] for one in response.context["exclusions"]}
    assert sum(grouped.values()) == run.payouts.filter(state=PayoutState.EXCLUDED).count() == 2
    assert "remind them" in response.content.decode()


def test_a_draft_whose_balances_fell_is_not_approved(
    ana: Contributor, run: PayoutRun, gateway: Gateway, fay: User, finn: User, client: Client
) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    owe(ana, 5_000_000, "more")
    stale = draft_payout_run(fay, AT)
    place_hold(ana, 4_000_000, "A takedown is being looked at.", fay, "hold", AT + timedelta(minutes=1))
    assert "cancel it and draft another" in page(client, finn, f"/finance/runs/{stale.pk}/")
    told = client.post(f"/finance/runs/{stale.pk}/approve/", follow=True).content.decode()
    assert "1 contributors cannot be paid any more what it sends them" in told
    with pytest.raises(RunRefused, match="cannot be paid any more"):
        approve_payout_run(stale.pk, finn, AT)
    cancel_payout_run(stale.pk)
    assert "is cancelled already" in client.post(f"/finance/runs/{stale.pk}/approve/", follow=True).content.decode()


@pytest.mark.parametrize("what", ["account", "tax form"])
def test_a_draft_that_pays_somebody_who_cannot_be_paid_any_more_is_not_approved(
    ana: Contributor, run: PayoutRun, gateway: Gateway, fay: User, finn: User, client: Client, what: str
) -> None:
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    owe(ana, 5_000_000, "more")
    stale = draft_payout_run(fay, AT)
    cannot_be_paid_any_more(ana, what)
    assert "1 contributor cannot be paid any more" in page(client, finn, f"/finance/runs/{stale.pk}/")
    with pytest.raises(RunRefused, match="draft another, which says why"):
        approve_payout_run(stale.pk, finn, AT)
    cancel_payout_run(stale.pk)
    excluded = draft_payout_run(fay, AT).payouts.get(contributor=ana)
    assert excluded.state == PayoutState.EXCLUDED
    assert excluded.reason in ("onboarding_incomplete", "tax_form")


def test_progress_is_asked_for_only_while_a_run_is_being_sent(
    run: PayoutRun, client: Client, fay: User, finn: User
) -> None:
    path = f"/finance/runs/{run.pk}/progress/"
    client.force_login(fay)
    assert client.get(path).headers["HX-Refresh"] == "true"
    PayoutRun.objects.filter(pk=run.pk).update(state=RunState.SENDING)
    response = client.get(path)
    assert "HX-Refresh" not in response.headers
    assert "0 of 2 payouts have ended; 0.00 USD of 17.34 USD is sent." in response.content.decode()
    assert f'hx-get="{path}"' in response.content.decode()


def test_a_month_nobody_knows_is_not_found(client: Client, fay: User) -> None:
    client.force_login(fay)
    assert client.get("/finance/months/2026-10/").status_code == 404
    assert not Period.objects.exists()
