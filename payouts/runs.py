"""Payout runs: drafted by one person, with a reason for everyone left out, and approved by another."""

from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import IntegrityError, transaction

from marketplace.models import User
from payouts.core.eligibility import Excluded, Payable
from payouts.core.states import ENDED_RUNS, PayoutState, RunState, require_transition
from payouts.findings import blocked_by_findings
from payouts.mail_events import payouts_waiting
from payouts.models import Payout, PayoutRun
from payouts.payees import Decided, decide_all
from payouts.telling import tell_held


class RunRefused(ValueError):
    """The payout run cannot take this step; the message says why and what to do."""


@transaction.atomic
def draft_payout_run(drafted_by: User, at: datetime) -> PayoutRun:
    """Decide for every contributor with a payable or held balance what they are sent, or why nothing is.

    Raises `RunRefused` while another run is not settled or a finding is open, and `NoPolicy`.
    """
    currency = settings.SETTLEMENT_CURRENCY
    unsettled = PayoutRun.objects.filter(currency=currency).exclude(state__in=ENDED_RUNS).first()
    if unsettled is not None:
        raise RunRefused(f"{unsettled} is still {unsettled.state}: settle or cancel it before drafting another.")
    _require_no_open_findings()
    run = _begun(currency, drafted_by, at)
    for decided in decide_all(currency, at):
        Payout.objects.bulk_create([_drafted(run, one) for one in decided])
    return run


def _require_no_open_findings() -> None:
    blocked = blocked_by_findings()
    if blocked:
        raise RunRefused(blocked)


def _begun(currency: str, drafted_by: User, at: datetime) -> PayoutRun:
    try:
        with transaction.atomic():
            return PayoutRun.objects.create(currency=currency, drafted_by=drafted_by, drafted_at=at)
    except IntegrityError as error:
        raise RunRefused("Somebody else drafted a payout run at the same moment: look at that one.") from error


def _drafted(run: PayoutRun, decided: Decided) -> Payout:
    payout = Payout(
        run=run,
        contributor_id=decided.contributor_id,
        connected_account=decided.account,
        payable_micro=decided.payable_micro,
    )
    if isinstance(decided.decision, Excluded):
        payout.state, payout.amount_minor = PayoutState.EXCLUDED, 0
        payout.reason, payout.explanation = decided.decision.reason, decided.decision.sentence
    else:
        payout.state, payout.amount_minor = PayoutState.DRAFTED, decided.decision.amount_minor
    return payout


@transaction.atomic
def approve_payout_run(run_id: int, approved_by: User, at: datetime) -> PayoutRun:
    """Approve a drafted run.

    Raises `RunRefused` for the person who drafted it, while findings are open, and where somebody whom it pays could
    not be paid as much any more.
    """
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    require_transition(RunState(run.state), RunState.APPROVED)
    if run.drafted_by_id == approved_by.pk:
        raise RunRefused(f"{approved_by} drafted {run}: somebody else must approve it.")
    _require_no_open_findings()
    worse = worse_since_draft(run, at)
    if worse:
        raise RunRefused(
            f"Since {run} was drafted, {worse} contributors cannot be paid any more what it sends them: cancel it and "
            "draft another, which says why."
        )
    run.state, run.approved_by, run.approved_at = RunState.APPROVED, approved_by, at
    run.save(update_fields=["state", "approved_by", "approved_at"])
    payouts_waiting(run, at)
    tell_held(run.payouts.filter(state=PayoutState.EXCLUDED), at)
    return run


def worse_since_draft(run: PayoutRun, at: datetime) -> int:
    """How many contributors would now be sent less than a draft sends them, or nothing.

    Their balance fell, or their account, tax form or the rules do not let them be paid any more.
    """
    drafted_minor = dict(run.payouts.filter(state=PayoutState.DRAFTED).values_list("contributor_id", "amount_minor"))
    for one in chain.from_iterable(decide_all(run.currency, at)):
        if isinstance(one.decision, Payable) and one.decision.amount_minor >= drafted_minor.get(one.contributor_id, 0):
            drafted_minor.pop(one.contributor_id, None)
    return len(drafted_minor)


@transaction.atomic
def cancel_payout_run(run_id: int) -> PayoutRun:
    """Give up a drafted run, so that another can be drafted. Raises `TransitionRefused` once it is approved."""
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    require_transition(RunState(run.state), RunState.CANCELLED)
    run.state = RunState.CANCELLED
    run.save(update_fields=["state"])
    return run


@transaction.atomic
def pause_payout_run(run_id: int, why: str) -> PayoutRun:
    """Stop a run that is being sent after the transfer under way, until somebody resumes it; else do nothing."""
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.SENDING:
        run.state, run.problem = RunState.PAUSED, why
        run.save(update_fields=["state", "problem"])
    return run


@transaction.atomic
def begin_sending(run_id: int) -> RunState:
    """Let an approved or paused run be sent, and return the state that it was in: one is being sent already.

    Of two people who press at once, the second finds it being sent. Raises `RunRefused` for any other run.
    """
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    was = RunState(run.state)
    if was in (RunState.APPROVED, RunState.PAUSED):
        run.state, run.problem = RunState.SENDING, ""
        run.save(update_fields=["state", "problem"])
    elif was is not RunState.SENDING:
        raise RunRefused(f"Payout run {run.pk} is {was}: only an approved run is sent. Nothing was sent.")
    return was


@transaction.atomic
def resume_payout_run(run_id: int) -> PayoutRun:
    """Let a paused run be sent again; any other stays as it is."""
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.PAUSED:
        run.state, run.problem = RunState.SENDING, ""
        run.save(update_fields=["state", "problem"])
    return run
