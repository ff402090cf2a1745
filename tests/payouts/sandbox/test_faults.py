"""Faults on demand: what each does to a call, and that the same seed brings the same faults."""

from typing import Any

import pytest

from payouts.gateway import GatewayBusy, GatewayFailed, GatewayUnknown, StripeGateway, TransferReceipt
from payouts.sandbox import Sandbox
from payouts.sandbox.faults import Fault, FaultPlan
from tests.payouts.sandbox.client import KEY, call, control, transfers


def send(gateway: StripeGateway, transfer: dict[str, Any], key: str = "k") -> TransferReceipt:
    return gateway.create_transfer(
        amount_minor=transfer["amount"],
        currency=transfer["currency"],
        stripe_account_id=transfer["destination"],
        transfer_group="run",
        metadata={},
        idempotency_key=key,
    )


@pytest.mark.parametrize(
    ("fault", "raised", "is_executed"),
    [
        (Fault.RATE_LIMITED, GatewayBusy, False),
        (Fault.CONFLICT, GatewayBusy, False),
        (Fault.DROPPED_BEFORE, GatewayUnknown, False),
        (Fault.DROPPED_AFTER, GatewayUnknown, True),
        (Fault.FAILED_BEFORE, GatewayFailed, False),
        (Fault.FAILED_AFTER, GatewayFailed, True),
    ],
)
def test_each_fault_is_what_it_says(
    sandbox: Sandbox,
    gateway: StripeGateway,
    transfer: dict[str, Any],
    fault: Fault,
    raised: type[Exception],
    is_executed: bool,
) -> None:
    control(sandbox, "faults", rates_ppm={fault: 1_000_000})
    with pytest.raises(raised) as error:
        send(gateway, transfer)
    assert error.type is raised
    control(sandbox, "faults")
    assert len(transfers(sandbox)) == is_executed


@pytest.mark.parametrize("fault", [Fault.FAILED_BEFORE, Fault.FAILED_AFTER])
def test_a_5xx_is_remembered_under_its_key_until_the_key_is_forgotten(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any], fault: Fault
) -> None:
    control(sandbox, "faults", rates_ppm={fault: 1_000_000})
    with pytest.raises(GatewayFailed):
        send(gateway, transfer)
    control(sandbox, "faults")
    with pytest.raises(GatewayFailed):
        send(gateway, transfer)
    sent_before = len(transfers(sandbox))
    control(sandbox, "clock", advance_s=24 * 3600)
    send(gateway, transfer)
    assert len(transfers(sandbox)) == sent_before + 1


def test_a_call_that_stalls_is_executed_after_its_client_has_given_up(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]
) -> None:
    control(sandbox, "faults", rates_ppm={Fault.STALLED: 1_000_000}, stall_s=0.4)
    with pytest.raises(GatewayUnknown):
        send(StripeGateway(KEY, sandbox.url, read_timeout_s=0.1), transfer)
    control(sandbox, "faults")
    while not (found := transfers(sandbox)):
        pass
    assert found[0]["id"] == send(gateway, transfer).stripe_transfer_id


def test_a_fault_of_a_call_without_effect_does_not_use_its_key_up(
    sandbox: Sandbox, gateway: StripeGateway, transfer: dict[str, Any]
) -> None:
    for fault in (Fault.RATE_LIMITED, Fault.CONFLICT, Fault.DROPPED_BEFORE):
        control(sandbox, "faults", rates_ppm={fault: 1_000_000})
        with pytest.raises((GatewayBusy, GatewayUnknown)):
            send(gateway, transfer)
    control(sandbox, "faults")
    assert [found["id"] for found in transfers(sandbox)] == [] != [send(gateway, transfer).stripe_transfer_id]


def test_the_same_seed_brings_the_same_faults_in_whatever_order_calls_come() -> None:
    def drawn(seed: int, calls: list[str]) -> list[tuple[str, Fault | None]]:
        plan = FaultPlan(seed, dict.fromkeys(Fault, 50_000))
        return sorted((call, plan.draw(call)) for call in calls)

    calls = [f"POST /v1/transfers {n}" for n in range(200)]
    plan = FaultPlan(7, dict.fromkeys(Fault, 50_000))
    met = [plan.draw(call) for call in calls]
    assert plan.met["none"] == met.count(None)
    assert plan.met.total() == 200
    assert drawn(7, calls) == drawn(7, calls[::-1]) != drawn(8, calls)
    assert 30 < sum(fault is not None for _, fault in drawn(7, calls)) < 110  # 35 % of 200 are 70


@pytest.mark.parametrize(
    ("lever", "arguments", "complaint"),
    [
        ("clock", {"advance_s": -1}, "only moves on"),
        ("clock", {}, "advance_s"),
        ("faults", {"rates_ppm": {"meteor": 1}}, "meteor"),
        ("faults", {"rates_ppm": {"stalled": 1_000_001}}, "together at most"),
        ("deliveries", {"manner": "nicely"}, "nicely"),
        ("lottery", {}, "only account, available, balance, clock"),
        ("account", {"account": "acct_1", "transfers": "active", "currently_due": []}, "No such account"),
    ],
)
def test_a_lever_that_cannot_be_pulled_says_why(
    sandbox: Sandbox, lever: str, arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(AssertionError, match=complaint):
        control(sandbox, lever, **arguments)


def test_a_key_is_remembered_for_a_day_and_no_longer(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    first = call(sandbox, "POST", "/v1/transfers", transfer, key="k").body["id"]
    control(sandbox, "clock", advance_s=24 * 3600 - 60)
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").body["id"] == first
    control(sandbox, "clock", advance_s=60)
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").body["id"] != first
