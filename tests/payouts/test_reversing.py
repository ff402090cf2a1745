"""Taking a payout back: once, whatever crashes, and the books follow what Stripe did."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from marketplace.models import Contributor
from payouts.core.ledger import AccountKind
from payouts.core.states import PayoutState
from payouts.gateway import Gateway, GatewayFailed, GatewayUnknown, ReversalReceipt
from payouts.models import Entry, Payout, PayoutRun, Reversal
from payouts.reversing import record_reversals, reverse_payout
from payouts.runs import RunRefused
from payouts.sandbox import Sandbox
from payouts.sandbox.faults import Fault
from payouts.sending import send_payout_run
from tests.payouts.paying import AT, Crash, balance_micro, crash_after, fund, payable_micro
from tests.payouts.sandbox.client import KEY, call, control

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(run: PayoutRun, gateway: Gateway, ana: Contributor) -> Payout:
    """Ana's payout of 12.34, sent."""
    fund(gateway, 10_000)
    send_payout_run(run.pk, gateway, AT)
    return run.payouts.get(contributor=ana)


def assert_reversed_once(payout: Payout, gateway: Gateway) -> None:
    payout.refresh_from_db()
    assert payout.state == PayoutState.REVERSED
    assert list(Reversal.objects.values_list("amount_minor", flat=True)) == [1_234]
    assert Entry.objects.filter(kind="payout_reversed").count() == 1
    assert payable_micro(payout.contributor) == 12_345_678
    assert balance_micro(AccountKind.PAYOUT_IN_TRANSIT) == 0
    assert gateway.available_minor("usd") == 10_000 - 500
    assert -balance_micro(AccountKind.STRIPE_BALANCE) == gateway.available_minor("usd") * 10_000


def test_a_payout_that_is_taken_back_is_owed_again_and_its_cash_is_ours(sent: Payout, gateway: Gateway) -> None:
    reverse_payout(sent.pk, gateway, AT)
    assert_reversed_once(sent, gateway)
    reverse_payout(sent.pk, gateway, AT)
    assert_reversed_once(sent, gateway)


def test_a_crash_after_the_reversal_is_found_again_and_not_repeated(
    sent: Payout, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(gateway, "reverse_transfer", crash_after(gateway.reverse_transfer))
        reverse_payout(sent.pk, gateway, AT)
    assert not Reversal.objects.exists()
    reverse_payout(sent.pk, gateway, AT)
    assert_reversed_once(sent, gateway)


@pytest.mark.parametrize("fault", [Fault.DROPPED_AFTER, Fault.FAILED_AFTER, Fault.DROPPED_BEFORE, Fault.FAILED_BEFORE])
def test_a_reversal_of_unknown_fate_is_looked_up_by_the_next_try(
    sent: Payout, gateway: Gateway, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    reverse = gateway.reverse_transfer

    def faulted(*args: Any, **request: Any) -> ReversalReceipt:
        control(sandbox, "faults", rates_ppm={fault: 1_000_000})
        try:
            return reverse(*args, **request)
        finally:
            control(sandbox, "faults")

    with monkeypatch.context() as failing, pytest.raises((GatewayUnknown, GatewayFailed)):
        failing.setattr(gateway, "reverse_transfer", faulted)
        reverse_payout(sent.pk, gateway, AT)
    reverse_payout(sent.pk, gateway, AT)
    assert_reversed_once(sent, gateway)


def test_what_was_taken_back_in_part_at_stripe_is_recorded_and_only_the_rest_is_asked_for(
    sent: Payout, gateway: Gateway, sandbox: Sandbox
) -> None:
    transfer = sent.transfer
    call(sandbox, "POST", f"/v1/transfers/{transfer.stripe_transfer_id}/reversals", {"amount": 234})
    assert record_reversals(transfer, gateway.list_reversals(transfer.stripe_transfer_id), AT) == 1_000
    sent.refresh_from_db()
    assert sent.state == PayoutState.SENT
    assert payable_micro(sent.contributor) == 5_678 + 2_340_000
    reverse_payout(sent.pk, gateway, AT)
    assert sorted(Reversal.objects.values_list("amount_minor", flat=True)) == [234, 1_000]
    sent.refresh_from_db()
    assert sent.state == PayoutState.REVERSED
    assert payable_micro(sent.contributor) == 12_345_678


def test_what_was_not_sent_cannot_be_taken_back(run: PayoutRun, gateway: Gateway) -> None:
    payout = run.payouts.order_by("pk")[0]
    with pytest.raises(RunRefused, match=f"Payout {payout.pk} was not sent"):
        reverse_payout(payout.pk, gateway, AT)


@pytest.mark.owner
def test_a_reversal_is_never_changed(sent: Payout, gateway: Gateway) -> None:
    reverse_payout(sent.pk, gateway, AT)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Reversal.objects.update(amount_minor=1)


def test_a_payout_is_taken_back_from_the_command_line(
    sent: Payout, sandbox: Sandbox, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
    call_command("reverse_payout", sent.pk)
    assert capsys.readouterr().out == f"Payout {sent.pk} is reversed: 12.34 USD came back and Ana is owed it.\n"
    with pytest.raises(CommandError, match="Payout 4711 was not sent"):
        call_command("reverse_payout", 4711)
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="Run this again: nothing is taken back twice"):
        call_command("reverse_payout", sent.pk)
