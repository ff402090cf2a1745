"""Finance's reconciliation: whether Stripe's books and ours agree, and what is open."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts import tasks
from payouts.findings import resolve_finding
from payouts.models import Finding, Reconciliation

FINDINGS_A_PAGE = 50


@require_safe
def reconciliation(request: LoggedInRequest) -> HttpResponse:
    """The equation as it was last, and every finding, open ones first."""
    require_finance(request.user)
    findings = Finding.objects.select_related("owner", "resolved_by", "run")
    findings = findings.order_by(F("resolved_at").desc(nulls_first=True), "-opened_at", "-pk")
    context = {
        "last": Reconciliation.objects.select_related("run").order_by("-pk").first(),
        "open_count": Finding.objects.filter(resolved_at=None).count(),
        "page": Paginator(findings, FINDINGS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "payouts/reconciliation.html", context)


@require_POST
def reconcile(request: LoggedInRequest) -> HttpResponse:
    """Let the worker compare now."""
    require_finance(request.user)
    tasks.reconcile.delay()
    messages.success(request, "The worker is comparing. Load this page again to see what it finds.")
    return redirect("reconciliation")


@require_POST
def resolve(request: LoggedInRequest, finding_id: int) -> HttpResponse:
    """Close a finding with what was found out about it."""
    require_finance(request.user)
    get_object_or_404(Finding, pk=finding_id)
    try:
        resolve_finding(finding_id, request.user, request.POST.get("resolution", ""), timezone.now())
    except ValueError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Finding {finding_id} is resolved. It opens again if it is found again.")
    return redirect("reconciliation")
