"""What stops a payout run half-way: it is told on the run, nothing is recorded that is not so, and it can go on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from marketplace.models import Contributor, User
from payouts import sending, tasks
from payouts.closing import approve_close, close_period
from payouts.core.ledger import Account, AccountKind, PostingLine
from payouts.core.states import AttemptOutcome, PayoutState, RunState
from payouts.gateway import Gateway, GatewayBusy, GatewayMisused, GatewayUnknown, StripeGateway, TransferReceipt
from payouts.models import Attempt, Entry, Payout, PayoutRun, Statement, Transfer
from payouts.posting import period_of, post
from payouts.runs import RunRefused, resume_payout_run
from payouts.sandbox import Sandbox
from payouts.sending import send_payout_run
from tests.payouts.paying import (
    AT,
    NOVEMBER,
    Crash,
    assert_each_was_paid_exactly_once,
    balance_micro,
    cannot_be_paid_any_more,
    crash_after,
    fund,
    payable_micro,
    stripe_transfers,
)
from tests.payouts.sandbox.client import KEY

DECEMBER_AT = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def again(sandbox: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The worker's settings; and the runs that a task asked the broker to go on with."""
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    asked_for: list[int] = []
    monkeypatch.setattr(tasks.send_payout_run, "delay", asked_for.append)
    return asked_for


def test_why_sending_stopped_is_on_the_page_of_the_run_until_it_goes_on(
    run: PayoutRun, gateway: Gateway, again: list[int], client: Client, fay: User
) -> None:
    client.force_login(fay)
    with pytest.raises(RunRefused):
        tasks.send_payout_run(run.pk)
    page = client.get(f"/finance/runs/{run.pk}/").content.decode()
    assert "Sending stopped: " in page
    assert "needs 17.34 USD and 0.00 USD are available at Stripe: top up" in page
    fund(gateway, 10_000)
    with pytest.raises(RunRefused, match="paused, resume it"):
        tasks.send_payout_run(run.pk)  # a task that is delivered again resumes nothing that waits for a person
    client.post(f"/finance/runs/{run.pk}/send/")
    assert again == [run.pk]
    tasks.send_payout_run(again.pop())
    assert_each_was_paid_exactly_once(run, gateway)
    assert "Sending stopped" not in client.get(f"/finance/runs/{run.pk}/").content.decode()
    assert again == []


@pytest.mark.parametrize(
    ("stopped", "state"),
    [
        (GatewayBusy("slow down"), RunState.SENDING),
        (GatewayUnknown("timed out"), RunState.SENDING),
        (GatewayMisused("bad key"), RunState.PAUSED),
    ],
)
def test_what_the_gateway_says_is_on_the_run(
    run: PayoutRun,
    gateway: Gateway,
    again: list[int],
    monkeypatch: pytest.MonkeyPatch,
    stopped: Exception,
    state: RunState,
) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise stopped

    fund(gateway, 10_000)
    monkeypatch.setattr(StripeGateway, "create_transfer", stop)
    monkeypatch.setattr(sending, "TRIES", 1)
    with pytest.raises(type(stopped)):
        tasks.send_payout_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.problem) == (state, str(stopped))


def test_a_missing_key_is_on_the_run(run: PayoutRun, again: list[int], settings: LazySettings) -> None:
    settings.STRIPE_API_KEY = ""
    with pytest.raises(ImproperlyConfigured):
        tasks.send_payout_run(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.APPROVED
    assert "Set STRIPE_API_KEY" in run.problem


def test_a_long_run_is_sent_by_one_short_task_after_another(
    run: PayoutRun, gateway: Gateway, again: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAYOUTS_AT_ONCE", 1)
    fund(gateway, 10_000)
    tasks.send_payout_run(run.pk)
    assert again == [run.pk]
    assert list(stripe_transfers(run, gateway).values()) == [1_234]
    tasks.send_payout_run(again.pop())
    assert again == []
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_balance_that_shrank_since_the_draft_ends_that_payout_and_no_other(
    run: PayoutRun, gateway: Gateway, ana: Contributor
) -> None:
    revenue, payable = Account(AccountKind.PLATFORM_REVENUE), Account(AccountKind.PAYABLE, ana.pk)
    lines = [PostingLine(payable, -5_679, "USD"), PostingLine(revenue, 5_679, "USD")]
    post("adjustment", period_of(NOVEMBER), "takedown", lines, AT)  # one micro-unit more than the payout leaves
    fund(gateway, 10_000)
    assert send_payout_run(run.pk, gateway, AT).state == RunState.SETTLED
    ended = run.payouts.get(contributor=ana)
    assert (ended.state, ended.reason) == (PayoutState.REJECTED, "balance_changed")
    assert "fell below 12.34 USD after the run was drafted" in ended.explanation
    assert not ended.attempts.exists()
    assert payable_micro(ana) == 12_339_999
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert list(stripe_transfers(run, gateway).values()) == [500]


@pytest.mark.parametrize(
    ("what", "reason", "says"),
    [
        ("account", "onboarding_incomplete", "the connected account is not ready"),
        ("tax form", "tax_form", "was rejected (It is not signed.)"),
    ],
)
def test_who_cannot_be_paid_any_more_after_the_approval_is_sent_nothing_and_the_others_are(
    run: PayoutRun, gateway: Gateway, ana: Contributor, what: str, reason: str, says: str
) -> None:
    cannot_be_paid_any_more(ana, what)
    fund(gateway, 10_000)
    assert send_payout_run(run.pk, gateway, AT).state == RunState.SETTLED
    ended = run.payouts.get(contributor=ana)
    assert (ended.state, ended.reason) == (PayoutState.REJECTED, reason)
    assert says in ended.explanation
    assert not ended.attempts.exists()
    assert payable_micro(ana) == 12_345_678
    assert list(stripe_transfers(run, gateway).values()) == [500]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 1_235},
        {"currency": "eur"},
        {"stripe_account_id": "acct_of_another"},
        {"metadata": {"payout": "another", "deployment": "development"}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_receipt_for_anything_else_than_what_was_asked_stops_the_run_and_is_not_recorded(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any]
) -> None:
    def answer_wrongly(create: Callable[..., TransferReceipt]) -> Callable[..., TransferReceipt]:
        return lambda **request: replace(create(**request), **wrong)

    fund(gateway, 10_000)
    with (
        monkeypatch.context() as misled,
        pytest.raises(RunRefused, match=f"not what was asked for: {next(iter(wrong))}"),
    ):
        misled.setattr(gateway, "create_transfer", answer_wrongly(gateway.create_transfer))
        send_payout_run(run.pk, gateway, AT)
    assert not Transfer.objects.exists()
    assert Attempt.objects.get().outcome == AttemptOutcome.PENDING
    assert Payout.objects.filter(state=PayoutState.RESERVED).count() == 1
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_an_attempt_is_never_sent_again_with_another_request(
    run: PayoutRun, gateway: Gateway, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here because the deployment was renamed in between: its transfer group and metadata would differ."""
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "create_transfer", crash_after(gateway.create_transfer))
        send_payout_run(run.pk, gateway, AT)
    settings.DEPLOYMENT = "renamed"
    with pytest.raises(RunRefused, match="would not be sent as it was the first time"):
        send_payout_run(run.pk, gateway, AT)
    settings.DEPLOYMENT = "development"
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT)
    assert_each_was_paid_exactly_once(run, gateway)


def test_what_is_sent_across_a_close_is_told_in_the_month_that_is_open_then(
    run: PayoutRun, gateway: Gateway, fay: User, finn: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "create_transfer", crash_after(gateway.create_transfer))
        send_payout_run(run.pk, gateway, AT)
    close_period(NOVEMBER, fay, DECEMBER_AT)
    november = approve_close(NOVEMBER, finn, DECEMBER_AT)
    send_payout_run(run.pk, gateway, AT)  # the time of a task that began before midnight
    assert_each_was_paid_exactly_once(run, gateway)
    months = Entry.objects.filter(kind__startswith="payout_").order_by("pk").values_list("kind", "period__month_on")
    assert [(kind, f"{month_on:%Y-%m}") for kind, month_on in months] == [
        ("payout_reserved", "2026-11"),
        ("payout_sent", "2026-12"),
        ("payout_reserved", "2026-12"),
        ("payout_sent", "2026-12"),
    ]
    paid = dict(Statement.objects.filter(period=november).values_list("contributor__name", "paid_micro"))
    assert paid == {"Ana": 12_340_000, "Ben": 0}
