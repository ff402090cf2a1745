"""Finance's inbox: what a reconciliation found different, whose it is, and how it was cleared up."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace.models import User
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.findings import assign_finding, finance_people, resolve_finding
from payouts.models import Finding
from payouts.views.pressing import pressed

FINDINGS_A_PAGE = 50


class FilterForm(forms.Form):
    """Which findings to show; whatever cannot be understood narrows nothing."""

    state = forms.ChoiceField(
        choices=[("open", _("Open")), ("resolved", _("Resolved")), ("all", _("All"))], label=_("State"), required=False
    )
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False, empty_label=_("Everybody"))

    def found(self) -> QuerySet[Finding]:
        """Open ones, unless others are asked for: oldest first, and after them resolved ones, newest first."""
        self.full_clean()
        findings = Finding.objects.select_related("owner", "resolved_by", "run")
        state = self.cleaned_data.get("state") or "open"
        if state != "all":
            findings = findings.filter(resolved_at__isnull=state == "open")
        if owner := self.cleaned_data.get("owner"):
            findings = findings.filter(owner=owner)
        return findings.order_by(F("resolved_at").desc(nulls_first=True), "opened_at", "pk")


@require_safe
def findings(request: LoggedInRequest) -> HttpResponse:
    """The inbox, by state and owner."""
    require_finance(request.user)
    people = finance_people()
    form = FilterForm({"state": "open"} | request.GET.dict())
    form.fields["owner"].queryset = people  # type: ignore[attr-defined]
    counts = Finding.objects.filter(resolved_at=None).aggregate(
        open=Count("pk"), own=Count("pk", Q(owner=request.user))
    )
    context = {
        "form": form,
        "people": list(people),
        "open_count": counts["open"],
        "own_count": counts["own"],
        "page": Paginator(form.found(), FINDINGS_A_PAGE).get_page(request.GET.get("page")),
        "now": timezone.now(),
    }
    return render(request, "payouts/findings.html", context)


@pressed("findings")
def assign(request: LoggedInRequest, finding_id: int) -> HttpResponse:
    """Give a finding to somebody in finance, who may be oneself."""
    get_object_or_404(Finding, pk=finding_id)
    chosen = request.POST.get("owner", "")
    owner = User.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
    if owner is None:
        messages.error(request, translated("Choose who is to clear it up: nothing was changed."))
        return redirect("findings")
    try:
        assign_finding(finding_id, owner)
    except ValueError as error:
        messages.error(request, str(error))
    else:
        told = translated("Finding %(number)s belongs to %(name)s now.")
        messages.success(request, told % {"number": finding_id, "name": owner})
    return redirect("findings")


@pressed("findings")
def resolve(request: LoggedInRequest, finding_id: int) -> HttpResponse:
    """Close a finding with what was found out about it."""
    get_object_or_404(Finding, pk=finding_id)
    try:
        resolve_finding(finding_id, request.user, request.POST.get("resolution", ""), timezone.now())
    except ValueError as error:
        messages.error(request, str(error))
    else:
        told = translated("Finding %(number)s is resolved. It opens again if it is found again.")
        messages.success(request, told % {"number": finding_id})
    return redirect("findings")
