"""Finance's payout runs: draft, a second person's approval, sending, and what became of each payout."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts import tasks
from payouts.booking import NoPolicy
from payouts.core.states import AttemptOutcome, RunState, TransitionRefused
from payouts.models import PayoutRun
from payouts.runs import (
    SENDABLE,
    RunRefused,
    approve_payout_run,
    cancel_payout_run,
    draft_payout_run,
    pause_payout_run,
    resume_payout_run,
)

PAYOUTS_A_PAGE = 100


@require_safe
def runs(request: LoggedInRequest) -> HttpResponse:
    """All payout runs, newest first."""
    require_finance(request.user)
    newest = PayoutRun.objects.select_related("drafted_by", "approved_by").order_by("-drafted_at")
    summed = newest.annotate(payout_count=Count("payouts"), total_minor=Sum("payouts__amount_minor", default=0))
    return render(request, "payouts/runs.html", {"runs": summed})


@require_safe
def run(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """One payout run: sums by state, then every payout with its transfer or the reason why there is none."""
    require_finance(request.user)
    one = get_object_or_404(PayoutRun.objects.select_related("drafted_by", "approved_by"), pk=run_id)
    unknown = Max("attempts__unknown_since_at", filter=Q(attempts__outcome=AttemptOutcome.UNKNOWN))
    payouts = one.payouts.select_related("contributor", "transfer").annotate(unknown_since_at=unknown)
    by_state = one.payouts.values("state").annotate(
        payout_count=Count("pk"), total_minor=Sum("amount_minor"), payable_micro=Sum("payable_micro")
    )
    context = {
        "run": one,
        "states": by_state.order_by("state"),
        "page": Paginator(payouts.order_by("contributor__name"), PAYOUTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/run.html", context)


@require_POST
def draft(request: LoggedInRequest) -> HttpResponse:
    """Draft a payout run of everybody who has a balance."""
    require_finance(request.user)
    try:
        drafted = draft_payout_run(request.user, timezone.now())
    except (RunRefused, NoPolicy) as error:
        messages.error(request, str(error))
        return redirect("runs")
    messages.success(request, f"Payout run {drafted.pk} is drafted. Somebody else must approve it.")
    return redirect("run", drafted.pk)


@require_POST
def approve(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """The second person approves."""
    require_finance(request.user)
    get_object_or_404(PayoutRun, pk=run_id)
    try:
        approve_payout_run(run_id, request.user, timezone.now())
    except (RunRefused, TransitionRefused) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Payout run {run_id} is approved and can be sent.")
    return redirect("run", run_id)


@require_POST
def cancel(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Give up a draft."""
    require_finance(request.user)
    get_object_or_404(PayoutRun, pk=run_id)
    try:
        cancel_payout_run(run_id)
    except TransitionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Payout run {run_id} is cancelled. Nothing was sent.")
    return redirect("run", run_id)


@require_POST
def send(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Hand an approved run to the worker; a run that stopped half-way or was paused is resumed."""
    require_finance(request.user)
    one = get_object_or_404(PayoutRun, pk=run_id)
    if one.state not in SENDABLE:
        messages.error(request, f"Payout run {run_id} is {one.state}: only an approved run is sent. Nothing was sent.")
        return redirect("run", run_id)
    resume_payout_run(run_id)
    tasks.send_payout_run.delay(run_id)
    messages.success(request, f"Payout run {run_id} is being sent. Load this page again to see how far it is.")
    return redirect("run", run_id)


@require_POST
def pause(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Stop sending after the transfer under way."""
    require_finance(request.user)
    get_object_or_404(PayoutRun, pk=run_id)
    paused = pause_payout_run(run_id, f"{request.user} paused it.")
    if paused.state == RunState.PAUSED:
        messages.success(request, f"Payout run {run_id} is paused: nothing more is sent until somebody resumes it.")
    else:
        messages.error(request, f"Payout run {run_id} is {paused.state}: only a run that is being sent can be paused.")
    return redirect("run", run_id)
