"""Sending a payout run: exactly one transfer for each payout, whatever crashes.

Each payout takes three steps, so that a crash anywhere is resumed by sending the run again: reserve the money and write
the attempt, call Stripe outside any database transaction, record what came back.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from marketplace.core.money import Money, minor_to_micro
from payouts.core.ledger import AccountKind, payout_released, payout_reserved, payout_sent
from payouts.core.states import AttemptOutcome, PayoutState, RunState, require_transition
from payouts.gateway import Gateway, GatewayRejected, InsufficientFunds, TransferReceipt
from payouts.models import Attempt, LedgerAccount, Payout, PayoutRun, Period, Transfer
from payouts.posting import open_period, post
from payouts.runs import RunRefused

OLDEST_RESEND = timedelta(hours=23)  # Stripe may forget an idempotency key after 24 hours
PAYOUTS_AT_ONCE = 200  # at a call a second or two, well within a task's time limit
UNSENT = (PayoutState.DRAFTED, PayoutState.RESERVED)


@contextmanager
def problem_shown(run_id: int) -> Iterator[None]:
    """Whatever stops the sending of a run within is written on the run, for finance to see, and raised."""
    try:
        yield
    except Exception as error:
        PayoutRun.objects.filter(pk=run_id).update(problem=str(error) or type(error).__name__)
        raise


def send_payout_run(run_id: int, gateway: Gateway, at: datetime) -> PayoutRun:
    """Send a run to its end. Raises as `send_next_payouts` does."""
    run = send_next_payouts(run_id, gateway, at)
    while run.state != RunState.SETTLED:
        run = send_next_payouts(run_id, gateway, at)
    return run


def send_next_payouts(run_id: int, gateway: Gateway, at: datetime) -> PayoutRun:
    """Send up to 200 payouts of an approved run that are not sent yet, and settle it after the last.

    Raises `RunRefused` where the funds at Stripe do not cover the run or an answer is not what was asked for, and the
    gateway's exceptions where a transfer's fate is not known: sending again resumes the run.
    """
    run = _sending(run_id)
    unsent = run.payouts.filter(state__in=UNSENT).order_by("pk")
    _require_funds(run, sum(unsent.values_list("amount_minor", flat=True)), gateway)
    for payout_id in list(unsent.values_list("pk", flat=True)[:PAYOUTS_AT_ONCE]):
        send_payout(payout_id, gateway, at)
    return _settled_if_all_ended(run_id, at)


def _require_funds(run: PayoutRun, needed_minor: int, gateway: Gateway) -> None:
    available_minor = gateway.available_minor(run.currency.lower())
    if available_minor < needed_minor and not run.payouts.filter(state=PayoutState.RESERVED).exists():
        raise RunRefused(
            f"{run} needs {needed_minor} minor units of {run.currency} and {available_minor} are available at Stripe: "
            "top up, then send again."
        )


@transaction.atomic
def _sending(run_id: int) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state not in (RunState.SENDING, RunState.SETTLED):  # a settled run has nothing left to send
        require_transition(RunState(run.state), RunState.SENDING)
        run.state = RunState.SENDING
    run.problem = ""
    run.save(update_fields=["state", "problem"])
    return run


@transaction.atomic
def _settled_if_all_ended(run_id: int, at: datetime) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.SENDING and not run.payouts.filter(state__in=UNSENT).exists():
        run.state, run.settled_at, run.problem = RunState.SETTLED, at, ""
        run.save(update_fields=["state", "settled_at", "problem"])
    return run


def send_payout(payout_id: int, gateway: Gateway, at: datetime) -> None:
    """Send one payout: exactly one transfer, however often this is called. Raises as `send_next_payouts` does."""
    attempt = _reserve(payout_id, at)
    if attempt is None:
        return
    payout = attempt.payout
    _require_safe_to_send(attempt, at)
    try:
        receipt = gateway.create_transfer(**_request(payout), idempotency_key=attempt.idempotency_key)
    except InsufficientFunds as error:
        _reject(attempt.pk, error, at, is_final=False)
        raise RunRefused(
            f"Stripe's balance does not cover {payout.amount_minor} minor units: top up, send again."
        ) from error
    except GatewayRejected as error:
        _reject(attempt.pk, error, at, is_final=True)
    else:
        _require_as_asked(attempt, receipt)
        _confirm(attempt.pk, receipt, at)


@transaction.atomic
def _reserve(payout_id: int, at: datetime) -> Attempt | None:
    """Set the money aside and write the attempt before Stripe hears of it; None where the payout has ended."""
    payout = Payout.objects.select_for_update().get(pk=payout_id)
    if payout.state not in UNSENT:
        return None
    live = payout.attempts.exclude(outcome=AttemptOutcome.REJECTED).first()
    if live is not None:
        return live
    if payout.state == PayoutState.DRAFTED and not _set_aside(payout, open_period(at), at):
        return None
    number = payout.attempts.count() + 1
    return Attempt.objects.create(
        payout=payout,
        number=number,
        idempotency_key=f"payout:{settings.DEPLOYMENT}:{payout.run_id}:{payout.pk}:{number}",
        request_sha256=_request_sha256(payout),
        first_sent_at=at,
    )


def _set_aside(payout: Payout, period: Period, at: datetime) -> bool:
    """Take the payout out of the payable balance; end it as rejected where the balance shrank since the draft."""
    currency = payout.run.currency
    payable = LedgerAccount.objects.select_for_update(no_key=True).get(
        kind=AccountKind.PAYABLE, contributor=payout.contributor_id, currency=currency
    )
    if payable.balance_micro < minor_to_micro(payout.amount_minor, currency):
        payout.reason = "balance_changed"
        payout.explanation = (
            f"The balance fell below {Money(payout.amount_minor, currency)} after the run was drafted: "
            "what is left is carried over to the next run."
        )
        _move(payout, PayoutState.REJECTED)
        return False
    lines = payout_reserved(payout.contributor_id, payout.amount_minor, currency)
    post("payout_reserved", period, f"payout_reserved:{payout.pk}", lines, at)
    _move(payout, PayoutState.RESERVED)
    return True


def transfer_group(run_id: int) -> str:
    """The name that all transfers of a run carry at Stripe."""
    return f"payout-run:{settings.DEPLOYMENT}:{run_id}"


def _request(payout: Payout) -> dict[str, Any]:
    assert payout.connected_account is not None  # a database constraint for everything that is sent
    return {
        "amount_minor": payout.amount_minor,
        "currency": payout.run.currency.lower(),
        "stripe_account_id": payout.connected_account.stripe_account_id,
        "transfer_group": transfer_group(payout.run_id),
        "metadata": {"deployment": settings.DEPLOYMENT, "payout": str(payout.pk)},
    }


def _request_sha256(payout: Payout) -> str:
    return hashlib.sha256(json.dumps(_request(payout), sort_keys=True).encode()).hexdigest()


def _require_safe_to_send(attempt: Attempt, at: datetime) -> None:
    if at - attempt.first_sent_at > OLDEST_RESEND:
        raise RunRefused(
            f"Attempt {attempt.idempotency_key} is older than 23 hours and its outcome is not known: Stripe may have "
            "forgotten its key and would pay again. Look the transfer up at Stripe first."
        )
    if attempt.request_sha256 != _request_sha256(attempt.payout):
        raise RunRefused(
            f"Attempt {attempt.idempotency_key} would not be sent as it was the first time, and its outcome is not "
            "known: look the transfer up at Stripe and find out what changed, such as DEPLOYMENT."
        )


def _require_as_asked(attempt: Attempt, receipt: TransferReceipt) -> None:
    """Stop before anything is recorded unless Stripe moved the very money that it was asked to."""
    asked = _request(attempt.payout)
    answered = {
        "amount_minor": receipt.amount_minor,
        "currency": receipt.currency,
        "stripe_account_id": receipt.stripe_account_id,
        "metadata": dict(receipt.metadata),
    }
    differences = [f"{name} {found!r} for {asked[name]!r}" for name, found in answered.items() if found != asked[name]]
    if differences:
        raise RunRefused(
            f"Stripe answered attempt {attempt.idempotency_key} with transfer {receipt.stripe_transfer_id}, which is "
            f"not what was asked for: {', '.join(differences)}. Look it up at Stripe before sending again."
        )


@transaction.atomic
def _confirm(attempt_id: int, receipt: TransferReceipt, at: datetime) -> None:
    attempt = Attempt.objects.select_for_update().select_related("payout__run").get(pk=attempt_id)
    if attempt.outcome == AttemptOutcome.SUCCEEDED:
        return
    payout = attempt.payout
    Transfer.objects.create(
        payout=payout,
        stripe_transfer_id=receipt.stripe_transfer_id,
        amount_minor=receipt.amount_minor,
        currency=receipt.currency.upper(),
        created_at=receipt.created_at,
    )
    lines = payout_sent(payout.amount_minor, payout.run.currency)
    post("payout_sent", open_period(at), f"payout_sent:{payout.pk}", lines, at)
    _conclude(attempt, AttemptOutcome.SUCCEEDED)
    _move(payout, PayoutState.SENT)


@transaction.atomic
def _reject(attempt_id: int, error: GatewayRejected, at: datetime, *, is_final: bool) -> None:
    """Record a refusal; a final one gives the contributor the reserved money back on their balance."""
    attempt = Attempt.objects.select_for_update().select_related("payout__run").get(pk=attempt_id)
    if attempt.outcome != AttemptOutcome.PENDING:
        return
    payout = attempt.payout
    _conclude(attempt, AttemptOutcome.REJECTED)
    if is_final:
        lines = payout_released(payout.contributor_id, payout.amount_minor, payout.run.currency)
        post("payout_released", open_period(at), f"payout_released:{payout.pk}", lines, at)
        payout.reason, payout.explanation = error.code[:60], str(error)[:500]
        _move(payout, PayoutState.REJECTED)


def _conclude(attempt: Attempt, outcome: AttemptOutcome) -> None:
    attempt.outcome = outcome
    attempt.save(update_fields=["outcome"])


def _move(payout: Payout, state: PayoutState) -> None:
    payout.state = state
    payout.save(update_fields=["state", "reason", "explanation"])
