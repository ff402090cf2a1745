"""Reconciliation: what Stripe lists, what we recorded and what the ledger has are the same, or somebody is told."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client

from marketplace.models import Contributor, User
from payouts import attempts, reconciliation, tasks
from payouts.core.ledger import Account as LedgerName
from payouts.core.ledger import AccountKind, PostingLine
from payouts.core.reconciling import Cash, FindingKind
from payouts.core.states import RunState
from payouts.findings import GONE, blocked_by_findings, resolve_finding
from payouts.gateway import Funds, Gateway, TransferReceipt
from payouts.models import Finding, Payout, PayoutRun, Reconciliation, Reversal
from payouts.posting import period_of, post
from payouts.reconciliation import Moving, reconcile
from payouts.runs import RunRefused, approve_payout_run, draft_payout_run
from payouts.sandbox import Sandbox
from payouts.sending import send_payout_run
from tests.broker import broker_away
from tests.builders import make_policy
from tests.payouts.paying import AT, NOVEMBER, Crash, crash_after, fund
from tests.payouts.sandbox.client import KEY, call, control

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def settled(run: PayoutRun, gateway: Gateway) -> PayoutRun:
    """The run, sent: 12.34 to Ana and 5.00 to Ben."""
    fund(gateway, 10_000)
    return send_payout_run(run.pk, gateway, AT)


def open_findings() -> list[tuple[str, str]]:
    return list(Finding.objects.filter(resolved_at=None).order_by("pk").values_list("kind", "subject"))


def by_hand(gateway: Gateway, payout: Payout, key: str = "by hand", **change: Any) -> TransferReceipt:
    """A transfer that somebody made at Stripe for a payout of ours."""
    return gateway.create_transfer(**(attempts.request_of(payout) | change), idempotency_key=key)


def test_a_run_that_went_well_is_compared_and_nothing_is_found(settled: PayoutRun, gateway: Gateway) -> None:
    for run in (settled, None):
        done = reconcile(gateway, AT, run)
        assert done.cash == Cash(ledger_minor=8_266, stripe_minor=8_266, in_flight_minor=0)
        assert (done.transfer_count, done.run) == (2, run)
    assert not Finding.objects.exists()
    assert blocked_by_findings() == ""


def test_what_left_stripe_and_is_not_recorded_yet_is_in_flight(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "create_transfer", crash_after(gateway.create_transfer))
        send_payout_run(run.pk, gateway, AT)
    done = reconcile(gateway, AT)
    assert done.cash == Cash(ledger_minor=10_000, stripe_minor=8_766, in_flight_minor=1_234)
    assert done.cash.difference_minor == 0
    assert not Finding.objects.exists()


def test_a_payout_that_was_paid_twice_is_found(settled: PayoutRun, gateway: Gateway, fay: User) -> None:
    payout = settled.payouts.order_by("pk")[0]
    again = by_hand(gateway, payout)
    reconcile(gateway, AT, settled)
    assert open_findings() == [
        (FindingKind.SENT_TWICE, f"transfer {again.stripe_transfer_id}"),
        (FindingKind.CASH_DIFFERS, "cash at Stripe"),
    ]
    twice, cash = Finding.objects.order_by("pk")
    assert f"which was paid by {payout.transfer.stripe_transfer_id}: it was paid twice" in twice.found
    assert (twice.owner, twice.opened_at, twice.run) == (fay, AT, settled)
    assert "82.66 USD in Stripe's balance; Stripe has 70.32 USD available" in cash.found
    assert cash.found.endswith("12.34 USD too much in the ledger.")


def test_the_finding_of_a_second_transfer_goes_when_all_of_it_came_back(settled: PayoutRun, gateway: Gateway) -> None:
    again = by_hand(gateway, settled.payouts.order_by("pk")[0])
    reconcile(gateway, AT)
    gateway.reverse_transfer(again.stripe_transfer_id, 1_233, idempotency_key="nearly all")
    reconcile(gateway, AT)
    assert (FindingKind.SENT_TWICE, f"transfer {again.stripe_transfer_id}") in open_findings()
    gateway.reverse_transfer(again.stripe_transfer_id, 1, idempotency_key="the rest")
    reconcile(gateway, AT)
    assert open_findings() == []


def test_a_transfer_that_nobody_asked_for_is_found(run: PayoutRun, gateway: Gateway) -> None:
    fund(gateway, 10_000)
    drafted = by_hand(gateway, run.payouts.order_by("pk")[0])
    metadata = attempts.metadata_of(4711)
    unknown = by_hand(gateway, run.payouts.order_by("pk")[1], "another", metadata=metadata)
    reconcile(gateway, AT)
    assert open_findings()[:2] == [
        (FindingKind.SENT_UNASKED, f"transfer {unknown.stripe_transfer_id}"),
        (FindingKind.SENT_UNASKED, f"transfer {drafted.stripe_transfer_id}"),
    ]


def test_transfers_of_another_deployment_are_its_own_affair(settled: PayoutRun, gateway: Gateway) -> None:
    payout = settled.payouts.order_by("pk")[0]
    by_hand(gateway, payout, metadata={"deployment": "staging", "payout": str(payout.pk)})
    reconcile(gateway, AT)
    assert open_findings() == [(FindingKind.CASH_DIFFERS, "cash at Stripe")]


@pytest.mark.parametrize(
    ("wrong", "kinds"),
    [
        ({"amount_minor": 1_235}, {FindingKind.TRANSFER_DIFFERS}),
        ({"currency": "eur"}, {FindingKind.TRANSFER_DIFFERS}),
        ({"stripe_account_id": "acct_other"}, {FindingKind.TRANSFER_DIFFERS}),
        ({"reversed_minor": 1}, {FindingKind.REVERSAL_DIFFERS}),
        ({"stripe_transfer_id": "tr_other"}, {FindingKind.SENT_TWICE, FindingKind.TRANSFER_MISSING}),
    ],
)
def test_a_transfer_that_is_not_what_we_recorded_is_found(
    settled: PayoutRun,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    wrong: dict[str, Any],
    kinds: set[FindingKind],
) -> None:
    listed = gateway.list_transfers(transfer_group=attempts.transfer_group(settled.pk))
    spoiled = [replace(listed[0], **wrong), *listed[1:]]
    monkeypatch.setattr(gateway, "list_transfers_since", lambda since: iter(spoiled))
    reconcile(gateway, AT)
    assert {kind for kind, _ in open_findings()} == kinds


def test_the_ledger_is_compared_with_the_payouts(settled: PayoutRun, gateway: Gateway) -> None:
    lines = [
        PostingLine(LedgerName(AccountKind.PAYOUT_IN_TRANSIT), 5_000, "USD"),
        PostingLine(LedgerName(AccountKind.PLATFORM_REVENUE), -5_000, "USD"),
    ]
    post("adjustment", period_of(NOVEMBER), "a mistake", lines, AT)
    reconcile(gateway, AT)
    assert open_findings() == [(FindingKind.IN_TRANSIT_DIFFERS, "payouts in transit")]


def test_what_came_back_at_stripe_is_recorded_before_it_is_compared(
    settled: PayoutRun, gateway: Gateway, sandbox: Sandbox
) -> None:
    transfer = settled.payouts.order_by("pk")[0].transfer
    call(sandbox, "POST", f"/v1/transfers/{transfer.stripe_transfer_id}/reversals")
    assert reconcile(gateway, AT).cash.ledger_minor == 9_500
    assert Reversal.objects.get().amount_minor == 1_234
    assert not Finding.objects.exists()


def test_money_that_left_without_us_is_found_and_the_finding_goes_when_it_is_back(
    settled: PayoutRun, gateway: Gateway, sandbox: Sandbox
) -> None:
    control(sandbox, "balance", change_minor=-100, currency="usd")
    reconcile(gateway, AT, settled)
    reconcile(gateway, AT + timedelta(days=1))
    finding = Finding.objects.get()
    assert (finding.kind, finding.opened_at, finding.resolved_at) == (FindingKind.CASH_DIFFERS, AT, None)
    control(sandbox, "balance", change_minor=-1, currency="usd")
    reconcile(gateway, AT + timedelta(days=2))
    finding.refresh_from_db()
    assert finding.found.endswith("1.01 USD too much in the ledger.")
    control(sandbox, "balance", change_minor=101, currency="usd")
    reconcile(gateway, AT + timedelta(days=3))
    finding.refresh_from_db()
    assert (finding.resolved_at, finding.resolution) == (AT + timedelta(days=3), GONE)


def test_an_open_finding_blocks_the_next_run_until_somebody_explains_it(
    settled: PayoutRun, gateway: Gateway, sandbox: Sandbox, fay: User, finn: User
) -> None:
    drafted = draft_payout_run(fay, AT)
    control(sandbox, "balance", change_minor=-100, currency="usd")
    reconcile(gateway, AT)
    with pytest.raises(RunRefused, match="1 findings of the reconciliation with Stripe are open"):
        approve_payout_run(drafted.pk, finn, AT)
    finding = Finding.objects.get()
    with pytest.raises(ValueError, match="Say how"):
        resolve_finding(finding.pk, finn, "  ", AT)
    resolve_finding(finding.pk, finn, "A dispute, which is booked tomorrow.", AT)
    approve_payout_run(drafted.pk, finn, AT)
    with pytest.raises(ValueError, match="resolved already: A dispute"):
        resolve_finding(finding.pk, fay, "Once more.", AT)
    send_payout_run(drafted.pk, gateway, AT)
    reconcile(gateway, AT)
    assert open_findings() == [(FindingKind.CASH_DIFFERS, "cash at Stripe")]  # it is still so
    with pytest.raises(RunRefused, match="findings"):
        draft_payout_run(fay, AT)


@pytest.mark.owner
def test_a_finding_is_neither_deleted_nor_changed_once_resolved(
    settled: PayoutRun, gateway: Gateway, sandbox: Sandbox, finn: User
) -> None:
    control(sandbox, "balance", change_minor=-100, currency="usd")
    reconcile(gateway, AT)
    resolve_finding(Finding.objects.get().pk, finn, "A dispute.", AT)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Finding.objects.update(resolution="Nothing to see here.")
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        Finding.objects.all().delete()


def test_money_that_keeps_moving_is_not_compared(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    attempts.reserve(run.payouts.order_by("pk")[0].pk, AT)
    listed, funds, keys = gateway.list_transfers_since, gateway.funds, iter("abcdef")

    def send_meanwhile(currency: str) -> Funds:
        by_hand(gateway, run.payouts.order_by("pk")[0], next(keys), amount_minor=1)
        return funds(currency)

    monkeypatch.setattr(gateway, "funds", send_meanwhile)
    with pytest.raises(Moving, match="reconcile again when nothing is being sent"):
        reconcile(gateway, AT)
    assert len(list(listed(AT - timedelta(days=1)))) == 3
    assert not Reconciliation.objects.exists()
    assert not Finding.objects.exists()


@pytest.mark.parametrize("step", ["_copy_reversals", "_compared"])
def test_a_run_that_is_sent_while_it_is_compared_is_compared_again_and_nothing_is_found(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    fund(gateway, 10_000)
    act = getattr(reconciliation, step)

    def send_first(*arguments: Any) -> Any:
        send_payout_run(run.pk, gateway, AT)
        return act(*arguments)

    monkeypatch.setattr(reconciliation, step, send_first)
    assert reconcile(gateway, AT).transfer_count == 2
    assert open_findings() == []


def test_finance_sees_the_equation_and_the_findings_and_resolves_them(
    settled: PayoutRun, gateway: Gateway, sandbox: Sandbox, client: Client, fay: User, ana: Contributor
) -> None:
    client.force_login(fay)
    assert "Nothing was compared yet." in client.get("/finance/reconciliation/").content.decode()
    reconcile(gateway, AT, settled)
    page = client.get("/finance/reconciliation/").content.decode()
    assert "Both sides are equal." in page
    assert "82.66" in page
    control(sandbox, "balance", change_minor=-100, currency="usd")
    reconcile(gateway, AT)
    page = client.get("/finance/reconciliation/").content.decode()
    assert "The sides differ by 1.00" in page
    finding = Finding.objects.get()
    url = f"/finance/findings/{finding.pk}/resolve/"
    assert "Say how it was resolved" in client.post(url, follow=True).content.decode()
    assert "is resolved" in client.post(url, {"resolution": "A dispute."}, follow=True).content.decode()
    page = client.get("/finance/findings/?state=resolved").content.decode()
    assert "A dispute." in page
    finding.refresh_from_db()
    assert finding.resolved_by == fay
    assert ana.user is not None
    client.force_login(ana.user)
    assert client.get("/finance/reconciliation/").status_code == 404
    assert client.post(url, {"resolution": "Mine."}).status_code == 404
    assert client.post("/finance/reconciliation/now/").status_code == 404


def test_finance_asks_the_worker_to_compare(client: Client, fay: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks.reconcile, "delay", lambda: asked.append("now"))
    client.force_login(fay)
    client.post("/finance/reconciliation/now/")
    assert asked == ["now"]


def test_where_the_broker_is_away_finance_reads_that_nothing_is_being_compared(
    client: Client, fay: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.reconcile, "delay", broker_away)
    client.force_login(fay)
    page = client.post("/finance/reconciliation/now/", follow=True).content.decode()
    assert "The worker could not be asked, so nothing is being compared." in page
    assert "The worker is comparing" not in page


def test_a_run_that_is_settled_is_compared_by_the_worker_and_everything_every_night(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    monkeypatch.setattr(tasks.reconcile, "delay", tasks.reconcile)
    fund(gateway, 10_000)
    tasks.send_payout_run(run.pk)
    tasks.reconcile()
    assert list(Reconciliation.objects.order_by("pk").values_list("run", flat=True)) == [run.pk, None]
    run.refresh_from_db()
    assert run.state == RunState.SETTLED


def test_the_command_prints_the_equation_and_what_is_open(
    settled: PayoutRun, sandbox: Sandbox, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    call_command("reconcile")
    assert capsys.readouterr().out == (
        "2 transfers compared. Stripe's balance in the ledger 82.66 USD = 82.66 USD available + 0.00 USD in flight. "
        "Pending in the ledger 0.00 USD = 0.00 USD pending + 0.00 USD in flight.\n"
    )
    control(sandbox, "balance", change_minor=-100, currency="usd")
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile")
    assert ended.value.code == 1
    assert "cash_differs, for fay: The ledger has 82.66 USD in Stripe's balance" in capsys.readouterr().out
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="Nothing was compared"):
        call_command("reconcile")


def test_a_finding_before_any_run_belongs_to_the_first_of_finance(
    sandbox: Sandbox, gateway: Gateway, fay: User
) -> None:
    make_policy()
    gateway.top_up(1, "usd", idempotency_key="unexplained")
    reconcile(gateway, AT)
    assert Finding.objects.get().owner == fay
