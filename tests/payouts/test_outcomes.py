"""The table of outcomes, row by row, with Stripe's own client against the sandbox: each is paid once in the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.models import Contributor
from payouts import attempts
from payouts.calls import Calls, Pace
from payouts.core.ledger import AccountKind
from payouts.core.states import AttemptOutcome, PayoutState, RunState
from payouts.gateway import (
    Gateway,
    GatewayBusy,
    GatewayFailed,
    GatewayMisused,
    GatewayRejected,
    GatewayUnknown,
    StripeGateway,
    TransferReceipt,
)
from payouts.models import Attempt, Payout, PayoutRun, Transfer
from payouts.runs import RunRefused, pause_payout_run, resume_payout_run
from payouts.sandbox import Sandbox
from payouts.sandbox.faults import Fault
from payouts.sending import send_payout_run, standing_still
from tests.payouts.paying import (
    AT,
    Crash,
    assert_each_was_paid_exactly_once,
    balance_micro,
    crash_after,
    crash_instead,
    fund,
    payable_micro,
    stripe_transfers,
)
from tests.payouts.sandbox.client import KEY, call, control

HALF_AN_HOUR = timedelta(minutes=30)
QUICK = Pace(pause_s=0.001)
ALWAYS = 1_000_000

pytestmark = pytest.mark.django_db(transaction=True)

Create = Callable[..., TransferReceipt]


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Callable[[Gateway, Fault], list[str]]:
    """Let the first transfer meet a fault and no call after it; returns the keys as they are sent."""

    def arrange(gateway: Gateway, fault: Fault) -> list[str]:
        keys: list[str] = []
        create = gateway.create_transfer

        def create_once_faulted(**request: Any) -> TransferReceipt:
            keys.append(request["idempotency_key"])
            control(sandbox, "faults", rates_ppm={fault: ALWAYS} if len(keys) == 1 else {}, stall_s=0.4)
            try:
                return create(**request)
            finally:
                control(sandbox, "faults")

        monkeypatch.setattr(gateway, "create_transfer", create_once_faulted)
        return keys

    return arrange


def keys_of(run: PayoutRun, *numbers: int) -> list[str]:
    """The keys of the first payout by the number of the attempt."""
    first = run.payouts.order_by("pk")[0].pk
    return [f"payout:development:{run.pk}:{first}:{number}" for number in numbers]


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.CONFLICT])
def test_429_and_409_were_not_executed_and_go_out_again_under_the_same_key_after_a_pause(
    run: PayoutRun,
    gateway: Gateway,
    once: Callable[[Gateway, Fault], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    fund(gateway, 10_000)
    keys, paused = once(gateway, fault), []
    monkeypatch.setattr(Calls, "pause", lambda calls, tried: paused.append(tried))
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert keys[:2] == keys_of(run, 1, 1)
    assert paused == [0]
    assert_each_was_paid_exactly_once(run, gateway)


def test_pauses_grow_and_differ_between_workers(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("payouts.calls.time.sleep", slept.append)
    calls = Calls(gateway, AT, Pace(pause_s=1.0))
    for tried in range(4):
        calls.pause(tried)
    assert all(2**tried * 0.5 <= pause <= 2**tried * 1.5 for tried, pause in enumerate(slept))
    assert len(set(slept)) == 4


def test_stripe_is_called_fifteen_times_a_second_at_most(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("payouts.calls.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr("payouts.calls.time.sleep", lambda pause_s: now_s.append(now_s.pop() + pause_s))
    calls = Calls(gateway, AT, Pace())
    for _ in range(15 + 60):
        calls.next()
    assert now_s[0] == pytest.approx(60 / 15)


def test_a_stripe_that_stays_busy_stops_the_run_which_can_go_on(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox
) -> None:
    fund(gateway, 10_000)
    control(sandbox, "faults", rates_ppm={Fault.RATE_LIMITED: ALWAYS})
    with pytest.raises(GatewayBusy):
        send_payout_run(run.pk, gateway, AT, QUICK)
    control(sandbox, "faults")
    assert standing_still(AT) == [run.pk]
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)


@pytest.mark.parametrize(
    ("fault", "tries"), [(Fault.DROPPED_BEFORE, (1, 1)), (Fault.DROPPED_AFTER, (1,)), (Fault.STALLED, (1, 1))]
)
def test_after_a_timeout_or_a_dropped_connection_the_transfer_is_looked_up_and_where_absent_sent_under_the_same_key(
    run: PayoutRun,
    sandbox: Sandbox,
    once: Callable[[Gateway, Fault], list[str]],
    fault: Fault,
    tries: tuple[int, ...],
) -> None:
    gateway = StripeGateway(KEY, sandbox.url, read_timeout_s=0.2)
    fund(gateway, 10_000)
    keys = once(gateway, fault)
    send_payout_run(run.pk, gateway, AT, Pace(pause_s=0.05))
    assert [key for key in keys if key == keys_of(run, 1)[0]][: len(tries)] == keys_of(run, *tries)
    assert Attempt.objects.filter(number__gt=1).count() == 0
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_5xx_with_effect_is_found_in_stripes_list(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]]
) -> None:
    fund(gateway, 10_000)
    keys = once(gateway, Fault.FAILED_AFTER)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert keys.count(keys_of(run, 1)[0]) == 1
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_5xx_without_effect_stays_unknown_for_half_an_hour_before_the_next_key(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]]
) -> None:
    fund(gateway, 10_000)
    keys = once(gateway, Fault.FAILED_BEFORE)
    assert send_payout_run(run.pk, gateway, AT, QUICK).state == RunState.SENDING
    unknown = Attempt.objects.get(outcome=AttemptOutcome.UNKNOWN)
    assert unknown.idempotency_key == keys_of(run, 1)[0]
    assert len(stripe_transfers(run, gateway)) == 1  # nobody else waits
    since = unknown.unknown_since_at
    assert since is not None
    send_payout_run(run.pk, gateway, since + HALF_AN_HOUR - timedelta(seconds=10), QUICK)
    assert keys.count(keys_of(run, 1)[0]) == 1
    assert len(stripe_transfers(run, gateway)) == 1
    assert standing_still(since + HALF_AN_HOUR) == [run.pk]
    send_payout_run(run.pk, gateway, since + HALF_AN_HOUR, QUICK)
    assert keys[-1] == keys_of(run, 2)[0]
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_transfer_that_appears_in_stripes_list_within_the_half_hour_is_not_sent_again(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    once(gateway, Fault.FAILED_AFTER)
    with monkeypatch.context() as lagging:
        lagging.setattr(gateway, "list_transfers", lambda **request: [])
        send_payout_run(run.pk, gateway, AT, QUICK)
    assert Attempt.objects.get(outcome=AttemptOutcome.UNKNOWN)
    send_payout_run(run.pk, gateway, AT + HALF_AN_HOUR + timedelta(minutes=1), QUICK)
    assert not Attempt.objects.filter(number=2).exists()
    assert_each_was_paid_exactly_once(run, gateway)


def test_funds_that_run_out_pause_the_whole_run_and_the_next_key_follows_the_top_up(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 1_734)
    create = gateway.create_transfer

    def withdraw_first(**request: Any) -> TransferReceipt:
        monkeypatch.setattr(gateway, "create_transfer", create)
        control(sandbox, "balance", change_minor=-1_000, currency="usd")  # as a dispute does
        return create(**request)

    monkeypatch.setattr(gateway, "create_transfer", withdraw_first)
    with pytest.raises(RunRefused, match=r"does not cover 12\.34 USD: top up"):
        send_payout_run(run.pk, gateway, AT, QUICK)
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    with pytest.raises(RunRefused, match="is paused, resume it"):
        send_payout_run(run.pk, gateway, AT, QUICK)
    assert stripe_transfers(run, gateway) == {}
    control(sandbox, "balance", change_minor=1_000, currency="usd")
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert Attempt.objects.get(outcome=AttemptOutcome.REJECTED).idempotency_key == keys_of(run, 1)[0]
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_destination_that_is_refused_gets_the_reservation_back_and_is_told_why(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, ana: Contributor
) -> None:
    fund(gateway, 10_000)
    account = run.payouts.get(contributor=ana).connected_account
    assert account is not None
    control(sandbox, "account", account=account.stripe_account_id, transfers="inactive", currently_due=["document"])
    assert send_payout_run(run.pk, gateway, AT, QUICK).state == RunState.SETTLED
    refused = run.payouts.get(contributor=ana)
    assert (refused.state, refused.reason) == (PayoutState.REJECTED, "insufficient_capabilities_for_transfer")
    assert "transfers capability" in refused.explanation
    assert payable_micro(ana) == 12_345_678
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert list(stripe_transfers(run, gateway).values()) == [500]


def test_a_key_that_was_used_for_something_else_stops_the_run(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox
) -> None:
    fund(gateway, 10_000)
    call(sandbox, "POST", "/v1/topups", {"amount": 1, "currency": "usd"}, key=keys_of(run, 1)[0])
    with pytest.raises(GatewayMisused):
        send_payout_run(run.pk, gateway, AT, QUICK)
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    assert stripe_transfers(run, gateway) == {}


def test_a_wrong_key_of_ours_stops_the_run(run: PayoutRun, gateway: Gateway, sandbox: Sandbox) -> None:
    fund(gateway, 10_000)
    with pytest.raises(GatewayMisused):
        send_payout_run(run.pk, StripeGateway("sk_live_1", sandbox.url), AT, QUICK)
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)


@pytest.mark.parametrize("is_executed", [True, False])
def test_an_attempt_older_than_23_hours_is_never_sent_again_but_looked_up(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, is_executed: bool
) -> None:
    fund(gateway, 10_000)
    crash: Create = crash_after(gateway.create_transfer) if is_executed else crash_instead  # type: ignore[assignment]
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "create_transfer", crash)
        send_payout_run(run.pk, gateway, AT, QUICK)
    control(sandbox, "clock", advance_s=25 * 3600)  # Stripe has forgotten the key and would execute it again
    later = AT + timedelta(hours=25)
    send_payout_run(run.pk, gateway, later, QUICK)
    assert (AttemptOutcome.UNKNOWN in Attempt.objects.values_list("outcome", flat=True)) != is_executed
    send_payout_run(run.pk, gateway, later + HALF_AN_HOUR + timedelta(minutes=1), QUICK)
    assert Attempt.objects.filter(number=2).exists() != is_executed
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_worker_that_stood_still_for_a_day_before_its_call_looks_before_it_sends(
    run: PayoutRun, gateway: Gateway, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker sent the transfer meanwhile, and Stripe has forgotten the key."""
    fund(gateway, 10_000)
    first = run.payouts.order_by("pk")[0]
    allow = Calls.next

    def stand_still(calls: Calls) -> Gateway:
        if Attempt.objects.filter(payout=first, outcome=AttemptOutcome.PENDING).exists():
            monkeypatch.setattr(Calls, "next", allow)
            key = Attempt.objects.get(payout=first).idempotency_key
            gateway.create_transfer(**attempts.request_of(first), idempotency_key=key)
            control(sandbox, "clock", advance_s=25 * 3600)
            calls._at += timedelta(hours=25)
        return allow(calls)

    monkeypatch.setattr(Calls, "next", stand_still)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)


def test_two_transfers_of_one_payout_stop_the_run(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]]
) -> None:
    fund(gateway, 10_000)
    payout = run.payouts.order_by("pk")[0]
    for key in ("by hand", "again by hand"):
        gateway.create_transfer(**attempts.request_of(payout), idempotency_key=key)
    once(gateway, Fault.FAILED_BEFORE)
    with pytest.raises(RunRefused, match="lists 2 transfers of payout"):
        send_payout_run(run.pk, gateway, AT, QUICK)
    assert not Transfer.objects.exists()


def test_once_all_but_one_of_them_are_reversed_the_run_goes_on_with_that_one(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]]
) -> None:
    fund(gateway, 10_000)
    payout = run.payouts.order_by("pk")[0]
    kept, *others = [
        gateway.create_transfer(**attempts.request_of(payout), idempotency_key=key) for key in ("kept", "2nd", "3rd")
    ]
    for other in others:
        gateway.reverse_transfer(other.stripe_transfer_id, other.amount_minor, idempotency_key=other.stripe_transfer_id)
    once(gateway, Fault.FAILED_BEFORE)
    assert send_payout_run(run.pk, gateway, AT, QUICK).state == RunState.SETTLED
    assert payout.transfer.stripe_transfer_id == kept.stripe_transfer_id


def test_a_late_answer_for_an_attempt_that_has_ended_is_told_and_not_recorded(run: PayoutRun, gateway: Gateway) -> None:
    payout = run.payouts.order_by("pk")[0]
    attempts.reserve(payout.pk, AT)
    fund(gateway, 10_000)
    receipt = gateway.create_transfer(**attempts.request_of(payout), idempotency_key="late")
    attempt = Attempt.objects.get()
    attempts.mark_unknown(attempt.pk, AT)
    attempts.renew(attempt.pk, AT)
    with pytest.raises(RunRefused, match="which had ended: reverse it"):
        attempts.confirm(attempt.pk, receipt, AT)
    assert Payout.objects.get(pk=payout.pk).state == PayoutState.RESERVED


def test_a_worker_that_dies_between_the_last_transfer_and_settling_is_made_up_for(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr("payouts.sending._settled_if_all_ended", crash_instead)
        send_payout_run(run.pk, gateway, AT, QUICK)
    later = AT + timedelta(minutes=11)
    assert standing_still(later) == [run.pk]
    send_payout_run(run.pk, gateway, later, QUICK)
    assert standing_still(later) == []
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_run_that_somebody_pauses_stops_after_the_transfer_under_way(
    run: PayoutRun, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    create = gateway.create_transfer

    def create_and_pause(**request: Any) -> TransferReceipt:
        pause_payout_run(run.pk, "fay paused it.")
        return create(**request)

    with monkeypatch.context() as paused, pytest.raises(RunRefused, match="is paused: fay paused it"):
        paused.setattr(gateway, "create_transfer", create_and_pause)
        send_payout_run(run.pk, gateway, AT, QUICK)
    assert list(stripe_transfers(run, gateway).values()) == [1_234]
    assert standing_still(AT + timedelta(days=1)) == []
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)


def test_listing_is_asked_again_where_it_fails(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    once(gateway, Fault.DROPPED_AFTER)
    listed, failures = gateway.list_transfers, [GatewayBusy("slow down"), GatewayUnknown("cut"), GatewayFailed("500")]

    def fail_at_first(**request: Any) -> list[TransferReceipt]:
        if failures:
            raise failures.pop()
        return listed(**request)

    monkeypatch.setattr(gateway, "list_transfers", fail_at_first)
    send_payout_run(run.pk, gateway, AT, QUICK)
    monkeypatch.undo()
    assert_each_was_paid_exactly_once(run, gateway)


def test_sending_stops_where_stripes_list_cannot_be_had(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    once(gateway, Fault.DROPPED_AFTER)
    with monkeypatch.context() as down, pytest.raises(GatewayUnknown):
        down.setattr(gateway, "list_transfers", lambda **request: (_ for _ in ()).throw(GatewayUnknown("down")))
        send_payout_run(run.pk, gateway, AT, QUICK)
    assert Attempt.objects.get().outcome == AttemptOutcome.PENDING
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)


def test_a_list_that_stripe_refuses_stops_the_run_and_names_the_payout(
    run: PayoutRun, gateway: Gateway, once: Callable[[Gateway, Fault], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fund(gateway, 10_000)
    once(gateway, Fault.DROPPED_AFTER)
    refused = GatewayRejected("account_invalid", "No access.")
    with monkeypatch.context() as down, pytest.raises(RunRefused, match=r"Whether payout .* was sent is not known"):
        down.setattr(gateway, "list_transfers", lambda **request: (_ for _ in ()).throw(refused))
        send_payout_run(run.pk, gateway, AT, QUICK)
    resume_payout_run(run.pk)
    send_payout_run(run.pk, gateway, AT, QUICK)
    assert_each_was_paid_exactly_once(run, gateway)
