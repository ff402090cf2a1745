"""The reviewers' pages of removal cases: what is open, one case with what it touches, and the decision."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attribution.removals import affected_downloads, decide_and_tell
from marketplace import removals
from marketplace.core.removals import (
    Opener,
    RemovalKind,
    RemovalOutcome,
    RemovalRefused,
    takes_earnings_back,
    tells_customers,
)
from marketplace.models import Asset, GeneratorModel, RemovalCase
from marketplace.permissions import LoggedInRequest, require_reviewer

CASES_A_PAGE = 24
DECIDED_SHOWN = 50
LONGEST = 2_000
KINDS = [(kind.value, kind.value) for kind in RemovalKind]


class CaseForm(forms.Form):
    """A case that a reviewer opens."""

    asset = forms.IntegerField(min_value=1)
    kind = forms.ChoiceField(choices=KINDS)
    statement = forms.CharField(max_length=LONGEST)


class NameForm(forms.Form):
    """Which image a report is about."""

    asset = forms.IntegerField(min_value=1)


class DecisionForm(forms.Form):
    """What the reviewer decides, and why."""

    outcome = forms.ChoiceField(choices=[(outcome.value, outcome.value) for outcome in RemovalOutcome])
    reason = forms.CharField(max_length=LONGEST)


@require_http_methods(["GET", "HEAD", "POST"])
def removal_queue(request: LoggedInRequest) -> HttpResponse:
    """The open cases, those that are due first before others, what was decided, and a form for a new case."""
    require_reviewer(request.user)
    form = CaseForm(request.POST or None)
    if request.method == "POST":
        asset = Asset.objects.filter(pk=form.cleaned_data["asset"]).first() if form.is_valid() else None
        if asset is None:
            messages.error(request, _("Nothing was opened: give the number of an image, the kind and what is wrong."))
            return redirect("removal_queue")
        try:
            kind = RemovalKind(form.cleaned_data["kind"])
            case = removals.open_case(asset, kind, form.cleaned_data["statement"], request.user, timezone.now())
        except RemovalRefused as error:
            messages.error(request, str(error))
            return redirect("removal_queue")
        messages.success(request, _("Case %(number)d is open, and the image is withheld.") % {"number": case.pk})
        return redirect("removal_case", case.pk)
    decided = RemovalCase.objects.filter(decision__isnull=False).select_related("decision__decided_by")
    context = {
        "page": Paginator(removals.open_cases(), CASES_A_PAGE).get_page(request.GET.get("page")),
        "decided": decided.order_by("-decision__pk")[:DECIDED_SHOWN],
        "kinds": KINDS,
        "now": timezone.now(),
    }
    return render(request, "attribution/removal_queue.html", context)


@require_safe
def removal_case(request: LoggedInRequest, case_id: int) -> HttpResponse:
    """One case: the image, who says what, which models and licences it touches, and the decision or its form."""
    require_reviewer(request.user)
    case = _case(case_id)
    asset = case.asset
    kind, opener = RemovalKind(case.kind), Opener(case.opener)
    trained = GeneratorModel.objects.filter(training_set__members__asset=asset) if asset else []
    context = {
        "case": case,
        "decision": getattr(case, "decision", None),
        "cannot_decide": removals.why_they_cannot_decide(case, request.user),
        "models": trained,
        "affected": affected_downloads(asset) if asset else [],
        "takes_back": takes_earnings_back(kind, opener),
        "tells": tells_customers(kind, opener),
        "notices": case.notices.select_related("customer").order_by("pk"),
        "now": timezone.now(),
    }
    return render(request, "attribution/removal_case.html", context)


@require_POST
def name_image(request: LoggedInRequest, case_id: int) -> HttpResponse:
    """Say which image a report is about."""
    require_reviewer(request.user)
    case, form = _case(case_id), NameForm(request.POST)
    asset = Asset.objects.filter(pk=form.cleaned_data["asset"]).first() if form.is_valid() else None
    if asset is None:
        messages.error(request, _("There is no image with this number: look it up in the admin, under assets."))
        return redirect("removal_case", case.pk)
    try:
        removals.name_image(case, asset, request.user)
    except RemovalRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The image is withheld until the case is decided."))
    return redirect("removal_case", case.pk)


@require_POST
def decide(request: LoggedInRequest, case_id: int) -> HttpResponse:
    """Record the reviewer's decision, with the notices that follow from it."""
    require_reviewer(request.user)
    case, form = _case(case_id), DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: write a reason, then press one of the buttons."))
        return redirect("removal_case", case.pk)
    outcome = RemovalOutcome(form.cleaned_data["outcome"])
    try:
        decide_and_tell(case, outcome, form.cleaned_data["reason"], request.user, timezone.now())
    except RemovalRefused as error:
        messages.error(request, str(error))
        return redirect("removal_case", case.pk)
    messages.success(request, _("Case %(number)d is decided.") % {"number": case.pk})
    return redirect("removal_queue")


def _case(case_id: int) -> RemovalCase:
    cases = RemovalCase.objects.select_related(
        "asset__submission", "asset__contributor", "opened_by", "decision__decided_by"
    )
    return get_object_or_404(cases, pk=case_id)
