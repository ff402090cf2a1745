"""Sending a payout run: exactly one transfer for each payout, whatever crashes.

Each payout takes three steps, so that a crash anywhere is resumed by sending the run again: reserve the money and write
the attempt, call Stripe outside any database transaction, record what came back.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from marketplace.core.periods import Month
from payouts.core.ledger import PostingLine, payout_released, payout_reserved, payout_sent
from payouts.core.states import AttemptOutcome, PayoutState, RunState, require_transition
from payouts.gateway import Gateway, GatewayRejected, InsufficientFunds, TransferReceipt
from payouts.models import Attempt, Payout, PayoutRun, Transfer
from payouts.posting import period_of, post
from payouts.runs import RunRefused

OLDEST_RESEND = timedelta(hours=23)  # Stripe may forget an idempotency key after 24 hours
UNSENT = (PayoutState.DRAFTED, PayoutState.RESERVED)


def send_payout_run(run_id: int, gateway: Gateway, at: datetime) -> PayoutRun:
    """Send every payout of an approved run that is not sent yet, then settle it; after a crash, call it again.

    Raises `RunRefused` where the funds at Stripe do not cover the run, and the gateway's exceptions where a transfer's
    fate is not known: the run stays as it is and sending again resumes it.
    """
    run = _sending(run_id)
    unsent = run.payouts.filter(state__in=[PayoutState.DRAFTED, PayoutState.RESERVED]).order_by("pk")
    needed_minor = sum(unsent.values_list("amount_minor", flat=True))
    available_minor = gateway.available_minor(run.currency.lower())
    if available_minor < needed_minor and not run.payouts.filter(state=PayoutState.RESERVED).exists():
        raise RunRefused(
            f"{run} needs {needed_minor} minor units of {run.currency} and {available_minor} are available at Stripe: "
            "top up, then send again."
        )
    for payout_id in list(unsent.values_list("pk", flat=True)):
        send_payout(payout_id, gateway, at)
    return _settled(run_id, at)


@transaction.atomic
def _sending(run_id: int) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state not in (RunState.SENDING, RunState.SETTLED):  # a settled run has nothing left to send
        require_transition(RunState(run.state), RunState.SENDING)
        run.state = RunState.SENDING
        run.save(update_fields=["state"])
    return run


@transaction.atomic
def _settled(run_id: int, at: datetime) -> PayoutRun:
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    open_payouts = run.payouts.filter(state__in=[PayoutState.DRAFTED, PayoutState.RESERVED]).exists()
    if run.state == RunState.SENDING and not open_payouts:
        run.state, run.settled_at = RunState.SETTLED, at
        run.save(update_fields=["state", "settled_at"])
    return run


def send_payout(payout_id: int, gateway: Gateway, at: datetime) -> None:
    """Send one payout: exactly one transfer, however often this is called. Raises as `send_payout_run` does."""
    attempt = _reserve(payout_id, at)
    if attempt is None:
        return
    payout = attempt.payout
    if at - attempt.first_sent_at > OLDEST_RESEND:
        raise RunRefused(
            f"Attempt {attempt.idempotency_key} is older than 23 hours and its outcome is not known: Stripe may have "
            "forgotten its key and would pay again. Look the transfer up at Stripe first."
        )
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
    if payout.state == PayoutState.DRAFTED:
        lines = payout_reserved(payout.contributor_id, payout.amount_minor, payout.run.currency)
        _post("payout_reserved", payout, lines, at)
        _move(payout, PayoutState.RESERVED)
    number = payout.attempts.count() + 1
    return Attempt.objects.create(
        payout=payout,
        number=number,
        idempotency_key=f"payout:{payout.run_id}:{payout.pk}:{number}",
        request_sha256=hashlib.sha256(json.dumps(_request(payout), sort_keys=True).encode()).hexdigest(),
        first_sent_at=at,
    )


def _request(payout: Payout) -> dict[str, Any]:
    assert payout.connected_account is not None  # a database constraint for everything that is sent
    return {
        "amount_minor": payout.amount_minor,
        "currency": payout.run.currency.lower(),
        "stripe_account_id": payout.connected_account.stripe_account_id,
        "transfer_group": f"payout-run-{payout.run_id}",
        "metadata": {"payout": str(payout.pk)},
    }


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
    _post("payout_sent", payout, payout_sent(payout.amount_minor, payout.run.currency), at)
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
        _post("payout_released", payout, lines, at)
        payout.reason, payout.explanation = error.code[:60], str(error)[:500]
        _move(payout, PayoutState.REJECTED)


def _post(kind: str, payout: Payout, lines: Iterable[PostingLine], at: datetime) -> None:
    post(kind, period_of(Month.containing(at)), f"{kind}:{payout.pk}", lines, at)


def _conclude(attempt: Attempt, outcome: AttemptOutcome) -> None:
    attempt.outcome = outcome
    attempt.save(update_fields=["outcome"])


def _move(payout: Payout, state: PayoutState) -> None:
    payout.state = state
    payout.save(update_fields=["state", "reason", "explanation"])
