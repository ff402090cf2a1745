"""Payout runs: drafted by one person, with a reason for everyone left out, and approved by another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, Sum

from marketplace.models import User
from payouts.booking import policy_at
from payouts.core.eligibility import ConnectedAccount as AccountState
from payouts.core.eligibility import Excluded, decide_payout
from payouts.core.ledger import AccountKind
from payouts.core.states import ENDED_RUNS, PayoutState, RunState, require_transition
from payouts.findings import blocked_by_findings
from payouts.models import ConnectedAccount, LedgerAccount, Payout, PayoutRun

_OWED = (AccountKind.PAYABLE, AccountKind.HELD)


class RunRefused(ValueError):
    """The payout run cannot take this step; the message says why and what to do."""


@transaction.atomic
def draft_payout_run(drafted_by: User, at: datetime) -> PayoutRun:
    """Decide for every contributor with a payable or held balance what they are sent, or why nothing is.

    Raises `RunRefused` while another run is not settled or a finding is open.
    """
    currency = settings.SETTLEMENT_CURRENCY
    unsettled = PayoutRun.objects.filter(currency=currency).exclude(state__in=ENDED_RUNS).first()
    if unsettled is not None:
        raise RunRefused(f"{unsettled} is still {unsettled.state}: settle or cancel it before drafting another.")
    _require_no_open_findings()
    threshold_minor = policy_at(at).threshold_minor
    run = _begun(currency, drafted_by, at)
    accounts = {account.contributor_id: account for account in ConnectedAccount.objects.all()}
    owed = LedgerAccount.objects.filter(kind__in=_OWED, currency=currency, balance_micro__gt=0)
    by_contributor = owed.order_by("contributor_id").values("contributor_id")
    balances = by_contributor.annotate(
        payable_micro=Sum("balance_micro", filter=Q(kind=AccountKind.PAYABLE), default=0),
        held_micro=Sum("balance_micro", filter=Q(kind=AccountKind.HELD), default=0),
    )
    Payout.objects.bulk_create(
        [_drafted(run, row, accounts.get(row["contributor_id"]), threshold_minor) for row in balances]
    )
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


def _drafted(run: PayoutRun, owed: Mapping[str, Any], account: ConnectedAccount | None, threshold_minor: int) -> Payout:
    state = AccountState(account.transfers_enabled, tuple(account.requirements)) if account else None
    payable_micro = owed["payable_micro"]
    decision = decide_payout(payable_micro, owed["held_micro"], run.currency, threshold_minor, state)
    payout = Payout(
        run=run, contributor_id=owed["contributor_id"], connected_account=account, payable_micro=payable_micro
    )
    if isinstance(decision, Excluded):
        payout.state, payout.amount_minor = PayoutState.EXCLUDED, 0
        payout.reason, payout.explanation = decision.reason, decision.sentence
    else:
        payout.state, payout.amount_minor = PayoutState.DRAFTED, decision.amount_minor
    return payout


@transaction.atomic
def approve_payout_run(run_id: int, approved_by: User, at: datetime) -> PayoutRun:
    """Approve a drafted run. Raises `RunRefused` for the person who drafted it, and while findings are open."""
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    require_transition(RunState(run.state), RunState.APPROVED)
    if run.drafted_by_id == approved_by.pk:
        raise RunRefused(f"{approved_by} drafted {run}: somebody else must approve it.")
    _require_no_open_findings()
    run.state, run.approved_by, run.approved_at = RunState.APPROVED, approved_by, at
    run.save(update_fields=["state", "approved_by", "approved_at"])
    return run


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
def resume_payout_run(run_id: int) -> PayoutRun:
    """Let a paused run be sent again; any other stays as it is."""
    run = PayoutRun.objects.select_for_update().get(pk=run_id)
    if run.state == RunState.PAUSED:
        run.state, run.problem = RunState.SENDING, ""
        run.save(update_fields=["state", "problem"])
    return run
