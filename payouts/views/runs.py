"""Finance's payout runs: the list, and every button of a run."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace import formats
from marketplace.permissions import LoggedInRequest, require_finance
from payouts import tasks, words
from payouts.booking import NoPolicy
from payouts.core.states import RunState, TransitionRefused
from payouts.models import PayoutRun
from payouts.runs import (
    RunRefused,
    approve_payout_run,
    begin_sending,
    cancel_payout_run,
    draft_payout_run,
    pause_payout_run,
)
from payouts.views.pressing import pressed

RUNS_A_PAGE = 50


@require_safe
def runs(request: LoggedInRequest) -> HttpResponse:
    """All payout runs, newest first."""
    require_finance(request.user)
    newest = PayoutRun.objects.select_related("drafted_by", "approved_by").order_by("-drafted_at", "-pk")
    summed = newest.annotate(payout_count=Count("payouts"), total_minor=Sum("payouts__amount_minor", default=0))
    page = Paginator(summed, RUNS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/runs.html", {"page": page})


@pressed("runs")
def draft(request: LoggedInRequest) -> HttpResponse:
    """Draft a payout run of everybody who has a balance."""
    try:
        drafted = draft_payout_run(request.user, timezone.now())
    except (RunRefused, NoPolicy) as error:
        messages.error(request, str(error))
        return redirect("runs")
    messages.success(
        request, _("Payout run %(number)s is drafted. Somebody else must approve it.") % {"number": drafted.pk}
    )
    return redirect("run", drafted.pk)


@pressed("run", "run_id")
def approve(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """The second person approves."""
    get_object_or_404(PayoutRun, pk=run_id)
    try:
        approve_payout_run(run_id, request.user, timezone.now())
    except RunRefused as error:
        messages.error(request, str(error))
    except TransitionRefused:
        messages.error(request, _as_it_stands(run_id))
    else:
        messages.success(request, _("Payout run %(number)s is approved and can be sent.") % {"number": run_id})
    return redirect("run", run_id)


@pressed("run", "run_id")
def cancel(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Give up a draft."""
    get_object_or_404(PayoutRun, pk=run_id)
    try:
        cancel_payout_run(run_id)
    except TransitionRefused:
        messages.error(request, _as_it_stands(run_id))
    else:
        messages.success(request, _("Payout run %(number)s is cancelled. Nothing was sent.") % {"number": run_id})
    return redirect("run", run_id)


@pressed("run", "run_id")
def send(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Hand an approved run to the worker; a run that stopped half-way or was paused is resumed."""
    get_object_or_404(PayoutRun, pk=run_id)
    try:
        was = begin_sending(run_id)
    except RunRefused as error:
        messages.error(request, str(error))
        return redirect("run", run_id)
    # robust: without a broker it is logged, and the schedule goes on with the run
    transaction.on_commit(lambda: tasks.send_payout_run.delay(run_id), robust=True)
    if was is RunState.SENDING:
        told = _("Payout run %(number)s is being sent already, and goes on. Nobody is paid twice.")
    else:
        told = _("Payout run %(number)s is to be sent: the worker begins within minutes. Below you see how far it is.")
    messages.success(request, told % {"number": run_id})
    return redirect("run", run_id)


@pressed("run", "run_id")
def pause(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """Stop sending after the transfer under way."""
    get_object_or_404(PayoutRun, pk=run_id)
    paused = pause_payout_run(run_id, f"{request.user} paused it.")
    if paused.state == RunState.PAUSED:
        told = _("Payout run %(number)s is paused: nothing more is sent until somebody resumes it.")
        messages.success(request, told % {"number": run_id})
    else:
        told = _("Payout run %(number)s is %(state)s: only a run that is being sent can be paused.")
        messages.error(request, told % {"number": run_id, "state": words.state(paused.state)})
    return redirect("run", run_id)


def _as_it_stands(run_id: int) -> str:
    """What somebody reads whose page was older than the run: how it stands now, and by whom."""
    run = PayoutRun.objects.select_related("approved_by").get(pk=run_id)
    told = _("Payout run %(number)s is %(state)s already, so nothing was changed.") % {
        "number": run_id,
        "state": words.state(run.state),
    }
    if run.approved_by is None or run.approved_at is None:
        return told
    who = {"name": run.approved_by, "time": formats.instant(run.approved_at)}
    return f"{told} {_('%(name)s approved it at %(time)s.') % who}"
