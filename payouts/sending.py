"""Sending a payout run: exactly one transfer for each payout, whatever crashes.

Each payout takes three steps, so that a crash anywhere is resumed by sending the run again: reserve the money and write
the attempt, call Stripe outside any database transaction, record what came back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from marketplace.core.money import Money
from payouts import attempts
from payouts.attempts import UNSENT, request_of, transfer_group
from payouts.calls import TRIES, Calls, Pace
from payouts.core.outcomes import SETTLING_TIME, Step, next_step
from payouts.core.states import AttemptOutcome, PayoutState, RunState, require_transition
from payouts.gateway import (
    Gateway,
    GatewayBusy,
    GatewayFailed,
    GatewayMisused,
    GatewayRejected,
    GatewayUnknown,
    InsufficientFunds,
)
from payouts.models import Attempt, Payout, PayoutRun
from payouts.runs import RunRefused, pause_payout_run

PAYOUTS_AT_ONCE = 200  # at a call a second or two, well within a task's time limit
STANDSTILL = timedelta(minutes=10)
PACE = Pace()


@contextmanager
def problem_shown(run_id: int) -> Iterator[None]:
    """Whatever stops the sending of a run within is written on the run, for finance to see, and raised.

    What needs a person, such as a top-up or another key, pauses the run. A busy or failing Stripe does not.
    """
    try:
        yield
    except (RunRefused, GatewayMisused) as error:
        pause_payout_run(run_id, str(error))
        raise
    except Exception as error:
        PayoutRun.objects.filter(pk=run_id).update(problem=str(error) or type(error).__name__)
        raise


def send_payout_run(run_id: int, gateway: Gateway, at: datetime, pace: Pace = PACE) -> PayoutRun:
    """Send a run to its end, or until nothing is left but transfers of unknown fate that must wait.

    Raises as `send_next_payouts` does.
    """
    calls = Calls(gateway, at, pace)
    run = _send_next(run_id, calls)
    while sendable(run, calls.now()).exists():
        run = _send_next(run_id, calls)
    return run


def send_next_payouts(run_id: int, gateway: Gateway, at: datetime, pace: Pace = PACE) -> PayoutRun:
    """Send up to 200 payouts of an approved run that are not sent yet, and settle it after the last.

    Raises `RunRefused` where the funds at Stripe do not cover the run, an answer is not what was asked for or the run
    is paused, and the gateway's exceptions where it cannot go on: sending again resumes the run.
    """
    return _send_next(run_id, Calls(gateway, at, pace))


def _send_next(run_id: int, calls: Calls) -> PayoutRun:
    run = _sending(run_id)
    with problem_shown(run_id):
        _require_funds(run, calls)
        for payout_id in list(sendable(run, calls.now()).values_list("pk", flat=True)[:PAYOUTS_AT_ONCE]):
            send_payout(payout_id, calls)
        return _settled_if_all_ended(run_id, calls.now())


def sendable(run: PayoutRun, at: datetime) -> QuerySet[Payout]:
    """The payouts of a run with which something can be done now, in their order."""
    waiting = Attempt.objects.filter(
        payout=OuterRef("pk"), outcome=AttemptOutcome.UNKNOWN, unknown_since_at__gt=at - SETTLING_TIME
    )
    return _unsent(run).filter(~Exists(waiting)).order_by("pk")


def standing_still(at: datetime) -> list[int]:
    """Runs under way with something to send, or only to settle, for which no attempt was written for ten minutes.

    No worker is at them.
    """
    under_way = PayoutRun.objects.filter(state=RunState.SENDING)
    recent = Attempt.objects.filter(payout__run=OuterRef("pk"), first_sent_at__gt=at - STANDSTILL)
    waited = under_way.filter(~Exists(recent)).order_by("pk")
    return [run.pk for run in waited if sendable(run, at).exists() or not _unsent(run).exists()]


def _unsent(run: PayoutRun) -> QuerySet[Payout]:
    return run.payouts.filter(state__in=UNSENT)


def _require_funds(run: PayoutRun, calls: Calls) -> None:
    if run.payouts.filter(state=PayoutState.RESERVED).exists():
        return  # part of what is needed may have left already
    needed_minor = sum(run.payouts.filter(state=PayoutState.DRAFTED).values_list("amount_minor", flat=True))
    if not needed_minor:
        return
    available_minor = calls.read(lambda gateway: gateway.available_minor(run.currency.lower()))
    if available_minor < needed_minor:
        needed, available = Money(needed_minor, run.currency), Money(available_minor, run.currency)
        raise RunRefused(f"{run} needs {needed} and {available} are available at Stripe: top up, then send again.")


@transaction.atomic
def _sending(run_id: int) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.PAUSED:
        raise RunRefused(f"{run} is paused, resume it to go on: {run.problem}")
    if run.state not in (RunState.SENDING, RunState.SETTLED):  # a settled run has nothing left to send
        require_transition(RunState(run.state), RunState.SENDING)
        run.state = RunState.SENDING
    run.problem = ""
    run.save(update_fields=["state", "problem"])
    return run


@transaction.atomic
def _settled_if_all_ended(run_id: int, at: datetime) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.SENDING and not _unsent(run).exists():
        run.state, run.settled_at, run.problem = RunState.SETTLED, at, ""
        run.save(update_fields=["state", "settled_at", "problem"])
    return run


def send_payout(payout_id: int, calls: Calls) -> None:
    """Send one payout: exactly one transfer, however often this is called. Raises as `send_next_payouts` does."""
    attempt = attempts.reserve(payout_id, calls.now())
    if attempt is None:
        return
    attempts.require_same_request(attempt)
    match next_step(attempt.first_sent_at, attempt.unknown_since_at, calls.now()):
        case Step.SEND:
            _send(attempt, calls)
        case Step.LOOK_THEN_WAIT:
            _mark_unknown_unless_found(attempt, calls)
        case Step.LOOK_THEN_RENEW:
            if not _found(attempt, calls):
                renewed = attempts.renew(attempt.pk, calls.now())
                if renewed is not None:
                    _send(renewed, calls)
        case Step.WAIT:
            pass


def _send(attempt: Attempt, calls: Calls) -> None:
    """Call Stripe under the attempt's key until the outcome is known, or raise what stands in the way."""
    for tried in range(TRIES):
        gateway = calls.next()
        if next_step(attempt.first_sent_at, attempt.unknown_since_at, calls.now()) is not Step.SEND:
            return None  # this worker stood still until the key may be forgotten: whoever comes next looks first
        try:
            receipt = gateway.create_transfer(**request_of(attempt.payout), idempotency_key=attempt.idempotency_key)
        except GatewayBusy:  # not executed: 429, or 409 while the key is in flight
            if tried + 1 == TRIES:
                raise
            calls.pause(tried)
        except GatewayFailed:  # remembered under the key, whether or not it had an effect
            return _mark_unknown_unless_found(attempt, calls)
        except GatewayUnknown:  # the key still protects: where nothing was made it goes out again
            if _found(attempt, calls):
                return None
            if tried + 1 == TRIES:
                raise
        except InsufficientFunds as error:
            attempts.reject(attempt.pk, error, calls.now(), is_final=False)
            needed = Money(attempt.payout.amount_minor, attempt.payout.run.currency)
            raise RunRefused(f"Stripe's balance does not cover {needed}: top up, send again.") from error
        except GatewayRejected as error:
            return attempts.reject(attempt.pk, error, calls.now(), is_final=True)
        else:
            return attempts.confirm(attempt.pk, receipt, calls.now())
    return None


def _mark_unknown_unless_found(attempt: Attempt, calls: Calls) -> None:
    if not _found(attempt, calls):
        attempts.mark_unknown(attempt.pk, calls.now())


def _found(attempt: Attempt, calls: Calls) -> bool:
    """Look for the payout's transfer in Stripe's list and record it. Raises `RunRefused` for several, or for no list.

    One of which all came back counts only where there is no other: the contributor does not have its money.
    """
    payout = attempt.payout
    assert payout.connected_account is not None
    group, account_id = transfer_group(payout.run_id), payout.connected_account.stripe_account_id
    try:
        listed = calls.read(lambda gateway: gateway.list_transfers(transfer_group=group, stripe_account_id=account_id))
    except GatewayRejected as error:
        raise RunRefused(
            f"Whether payout {payout.pk} was sent is not known, and Stripe does not list it: {error}"
        ) from error
    found = [receipt for receipt in listed if receipt.metadata == attempts.metadata_of(payout.pk)]
    found = [receipt for receipt in found if receipt.reversed_minor < receipt.amount_minor] or found[:1]
    if len(found) > 1:
        ids = ", ".join(receipt.stripe_transfer_id for receipt in found)
        raise RunRefused(f"Stripe lists {len(found)} transfers of payout {payout.pk}, {ids}: reverse all but one.")
    if found:
        attempts.confirm(attempt.pk, found[0], calls.now())
    return bool(found)
