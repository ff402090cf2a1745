"""One payout run: its steps, how it differs from the last, whom it pays and leaves out, and how far its sending is."""

from decimal import Decimal
from typing import NamedTuple

from django.core.paginator import Paginator
from django.db.models import Count, Max, Prefetch, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace import charts
from marketplace.core.money import exponent_of
from marketplace.permissions import LoggedInRequest, require_finance
from payouts import run_figures
from payouts.core.states import AttemptOutcome, PayoutState, RunState
from payouts.models import Attempt, Payout, PayoutRun, Reconciliation
from payouts.runs import worse_since_draft

PAYOUTS_A_PAGE = 100
ENDED = (PayoutState.SENT, PayoutState.REVERSED, PayoutState.REJECTED)


class Progress(NamedTuple):
    """How far the sending of a run is, in payouts and in minor units."""

    ended_count: int
    payout_count: int
    sent_minor: int
    total_minor: int


@require_safe
def run(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """What somebody has to know before they approve or send, then every payout with its transfer or its reason."""
    require_finance(request.user)
    one = _run_or_404(run_id)
    unknown = Max("attempts__unknown_since_at", filter=Q(attempts__outcome=AttemptOutcome.UNKNOWN))
    payouts = one.payouts.select_related("contributor", "transfer").annotate(unknown_since_at=unknown)
    by_state = one.payouts.values("state").annotate(
        payout_count=Count("pk"), total_minor=Sum("amount_minor"), payable_micro=Sum("payable_micro")
    )
    bars = run_figures.histogram(one)
    context = {
        "run": one,
        "progress": _progress(one),
        "funds": run_figures.funds(one) if one.state in (RunState.DRAFT, RunState.APPROVED, RunState.PAUSED) else None,
        "reconciled": Reconciliation.objects.filter(currency=one.currency).order_by("-pk").first(),
        "worse_count": worse_since_draft(one, timezone.now()) if one.state == RunState.DRAFT else 0,
        "difference": run_figures.difference(one),
        "bars": bars,
        "chart": _histogram(bars, one.currency),
        "exclusions": run_figures.exclusions(one),
        "failures": payouts.filter(state=PayoutState.REJECTED).order_by("contributor__name"),
        "states": by_state.order_by("state"),
        "page": Paginator(payouts.order_by("contributor__name"), PAYOUTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/run.html", context)


@require_safe
def progress(request: LoggedInRequest, run_id: int) -> HttpResponse:
    """The part of a run's page that shows how far it is; the whole page is loaded anew once nothing is being sent."""
    require_finance(request.user)
    one = _run_or_404(run_id)
    response = render(request, "payouts/_progress.html", {"run": one, "progress": _progress(one)})
    if one.state != RunState.SENDING:
        response.headers["HX-Refresh"] = "true"
    return response


@require_safe
def payout(request: LoggedInRequest, payout_id: int) -> HttpResponse:
    """One contributor in one run: where the balance came from, month by month, and every attempt to send it."""
    require_finance(request.user)
    attempts = Prefetch("attempts", Attempt.objects.order_by("number"))
    known = Payout.objects.select_related("run", "contributor", "connected_account", "transfer")
    one = get_object_or_404(known.prefetch_related(attempts, "transfer__reversals"), pk=payout_id)
    parts = run_figures.made_of(one)
    context = {
        "payout": one,
        "run": one.run,
        "parts": parts,
        "sum_micro": sum(part["total_micro"] for part in parts),
        "others": one.contributor.payouts.exclude(pk=one.pk).select_related("run").order_by("-pk")[:12],
    }
    return render(request, "payouts/payout.html", context)


def _run_or_404(run_id: int) -> PayoutRun:
    return get_object_or_404(PayoutRun.objects.select_related("drafted_by", "approved_by"), pk=run_id)


def _progress(one: PayoutRun) -> Progress:
    sums = one.payouts.exclude(state=PayoutState.EXCLUDED).aggregate(
        ended_count=Count("pk", Q(state__in=ENDED)),
        payout_count=Count("pk"),
        sent_minor=Sum("amount_minor", filter=Q(state__in=[PayoutState.SENT, PayoutState.REVERSED]), default=0),
        total_minor=Sum("amount_minor", default=0),
    )
    return Progress(**sums)


def _histogram(bars: list[run_figures.Bar], currency: str) -> SafeString | None:
    """How many payouts are of which amount; None where there are none."""
    marks = [charts.Mark(_whole(bar.from_minor, currency), bar.payout_count, str(bar.payout_count)) for bar in bars]
    return charts.histogram(marks, _("Payouts by their amount")) if marks else None


def _whole(amount_minor: int, currency: str) -> str:
    """As short as the axis needs it: 100, or 0.5."""
    return f"{Decimal(amount_minor).scaleb(-exponent_of(currency)).normalize():f}"
