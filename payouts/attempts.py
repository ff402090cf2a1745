"""What is written of an attempt at a transfer, each step in a transaction of its own and none of them calls Stripe."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from marketplace.core.money import Money, minor_to_micro
from payouts import mail_events
from payouts.core.ledger import AccountKind, payout_released, payout_reserved, payout_sent
from payouts.core.states import AttemptOutcome, PayoutState, RunState
from payouts.gateway import GatewayRejected, TransferReceipt
from payouts.models import Attempt, LedgerAccount, Payout, Period, Transfer
from payouts.payees import not_ready_now
from payouts.posting import open_period, post
from payouts.runs import RunRefused
from payouts.telling import tell_held, tell_sent

UNSENT = (PayoutState.DRAFTED, PayoutState.RESERVED)


def transfer_group(run_id: int) -> str:
    """The name that all transfers of a run carry at Stripe."""
    return f"payout-run:{settings.DEPLOYMENT}:{run_id}"


def metadata_of(payout_id: int) -> dict[str, str]:
    """What a transfer carries at Stripe, by which it is found again."""
    return {"deployment": settings.DEPLOYMENT, "payout": str(payout_id)}


def request_of(payout: Payout) -> dict[str, Any]:
    """The request for a payout's transfer: always the same one."""
    assert payout.connected_account is not None  # a database constraint for everything that is sent
    return {
        "amount_minor": payout.amount_minor,
        "currency": payout.run.currency.lower(),
        "stripe_account_id": payout.connected_account.stripe_account_id,
        "transfer_group": transfer_group(payout.run_id),
        "metadata": metadata_of(payout.pk),
    }


def _request_sha256(payout: Payout) -> str:
    return hashlib.sha256(json.dumps(request_of(payout), sort_keys=True).encode()).hexdigest()


@transaction.atomic
def reserve(payout_id: int, at: datetime) -> Attempt | None:
    """Set the money aside and write the attempt before Stripe hears of it; None where the payout has ended.

    Raises `RunRefused` where somebody has paused the run.
    """
    payout = Payout.objects.select_for_update(of=("self",)).select_related("run").get(pk=payout_id)
    if payout.state not in UNSENT:
        return None
    if payout.run.state == RunState.PAUSED:
        raise RunRefused(f"{payout.run} is paused: {payout.run.problem or 'resume it'}")
    live = payout.attempts.exclude(outcome=AttemptOutcome.REJECTED).first()
    if live is not None:
        return live
    if payout.state == PayoutState.DRAFTED and not _set_aside(payout, open_period(at), at):
        return None
    return _new_attempt(payout, at)


def _new_attempt(payout: Payout, at: datetime) -> Attempt:
    number = payout.attempts.count() + 1
    return Attempt.objects.create(
        payout=payout,
        number=number,
        idempotency_key=f"payout:{settings.DEPLOYMENT}:{payout.run_id}:{payout.pk}:{number}",
        request_sha256=_request_sha256(payout),
        first_sent_at=at,
    )


def _set_aside(payout: Payout, period: Period, at: datetime) -> bool:
    """Take the payout out of the payable balance.

    End it as rejected where the balance shrank since the draft, or the contributor cannot be paid any more.
    """
    currency = payout.run.currency
    payable = LedgerAccount.objects.select_for_update(no_key=True).get(
        kind=AccountKind.PAYABLE, contributor=payout.contributor_id, currency=currency
    )
    excluded = not_ready_now(payout, at)
    if excluded is not None:
        return _held_back(payout, excluded.reason, excluded.sentence, at)
    if payable.balance_micro < minor_to_micro(payout.amount_minor, currency):
        explanation = (
            f"The balance fell below {Money(payout.amount_minor, currency)} after the run was drafted: "
            "what is left is carried over to the next run."
        )
        return _held_back(payout, "balance_changed", explanation, at)
    lines = payout_reserved(payout.contributor_id, payout.amount_minor, currency)
    post("payout_reserved", period, f"payout_reserved:{payout.pk}", lines, at)
    _move(payout, PayoutState.RESERVED)
    return True


def _held_back(payout: Payout, reason: str, explanation: str, at: datetime) -> bool:
    """End a payout before anything is set aside: what is payable stays so."""
    payout.reason, payout.explanation = reason, explanation[:500]
    _move(payout, PayoutState.REJECTED)
    tell_held(Payout.objects.filter(pk=payout.pk), at)
    return False


def require_same_request(attempt: Attempt) -> None:
    """Raise `RunRefused` unless the attempt would go out, and be looked up, as it was the first time."""
    if attempt.request_sha256 != _request_sha256(attempt.payout):
        raise RunRefused(
            f"Attempt {attempt.idempotency_key} would not be sent as it was the first time, and its outcome is not "
            "known: look the transfer up at Stripe and find out what changed, such as DEPLOYMENT."
        )


def _require_as_asked(attempt: Attempt, receipt: TransferReceipt) -> None:
    """Stop before anything is recorded unless Stripe moved the very money that it was asked to."""
    asked = request_of(attempt.payout)
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
def confirm(attempt_id: int, receipt: TransferReceipt, at: datetime) -> None:
    """Record the transfer that Stripe made, once. Raises `RunRefused` where it is not what was asked for."""
    attempt = _locked(attempt_id)
    _require_as_asked(attempt, receipt)
    payout = attempt.payout
    known = Transfer.objects.filter(payout=payout).first()
    if known is not None and known.stripe_transfer_id == receipt.stripe_transfer_id:
        return
    if known is not None or attempt.outcome == AttemptOutcome.REJECTED:
        raise RunRefused(
            f"Stripe made transfer {receipt.stripe_transfer_id} for attempt {attempt.idempotency_key}, which had "
            "ended: reverse it at Stripe, and find out who sent it."
        )
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
    mail_events.payout_sent(payout, at)
    tell_sent(Payout.objects.filter(pk=payout.pk), at)


@transaction.atomic
def reject(attempt_id: int, error: GatewayRejected, at: datetime, *, is_final: bool) -> None:
    """Record a refusal; a final one gives the contributor the reserved money back on their balance."""
    attempt = _locked(attempt_id)
    if attempt.outcome not in (AttemptOutcome.PENDING, AttemptOutcome.UNKNOWN):
        return
    payout = attempt.payout
    _conclude(attempt, AttemptOutcome.REJECTED)
    if is_final:
        lines = payout_released(payout.contributor_id, payout.amount_minor, payout.run.currency)
        post("payout_released", open_period(at), f"payout_released:{payout.pk}", lines, at)
        payout.reason, payout.explanation = error.code[:60], str(error)[:500]
        _move(payout, PayoutState.REJECTED)
        mail_events.payout_refused(payout, at)
        tell_held(Payout.objects.filter(pk=payout.pk), at)


@transaction.atomic
def mark_unknown(attempt_id: int, at: datetime) -> None:
    """Record that the key is used up and Stripe lists no transfer of it yet."""
    attempt = _locked(attempt_id)
    if attempt.outcome == AttemptOutcome.PENDING:
        attempt.unknown_since_at = at
        _conclude(attempt, AttemptOutcome.UNKNOWN)


@transaction.atomic
def renew(attempt_id: int, at: datetime) -> Attempt | None:
    """End an unknown attempt of which Stripe still lists no transfer and write the next.

    None where another worker has done so: the attempt is then that one's.
    """
    attempt = _locked(attempt_id)
    if attempt.outcome != AttemptOutcome.UNKNOWN:
        return None
    _conclude(attempt, AttemptOutcome.REJECTED)
    return _new_attempt(attempt.payout, at)


def _locked(attempt_id: int) -> Attempt:
    """The attempt with its payout locked: what is written of one payout is written one after another."""
    Payout.objects.select_for_update(of=("self",)).get(attempts=attempt_id)
    return Attempt.objects.select_related("payout__run", "payout__connected_account").get(pk=attempt_id)


def _conclude(attempt: Attempt, outcome: AttemptOutcome) -> None:
    attempt.outcome = outcome
    attempt.save(update_fields=["outcome", "unknown_since_at"])


def _move(payout: Payout, state: PayoutState) -> None:
    payout.state = state
    payout.save(update_fields=["state", "reason", "explanation"])
