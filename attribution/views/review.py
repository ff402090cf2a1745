"""The reviewer's pages: generations that are held as possible copies, with the evidence, and what was decided."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.core.release import Decision
from marketplace.models import OutputCheck
from marketplace.output_checks import copy_incidents, decide_output, sale_states, waiting_for_review
from marketplace.permissions import LoggedInRequest, is_reviewer, require_reviewer, require_reviewer_or_finance
from marketplace.said import said

WAITING_A_PAGE = 24
INCIDENTS_SHOWN = 50


class DecisionForm(forms.Form):
    """What the reviewer decides, and why."""

    decision = forms.ChoiceField(choices=[(decision.value, decision.value) for decision in Decision])
    reason = forms.CharField(max_length=2_000)


@require_safe
def review_queue(request: LoggedInRequest) -> HttpResponse:
    """What waits for a decision, and the copy incidents."""
    require_reviewer_or_finance(request.user)
    page = Paginator(waiting_for_review(), WAITING_A_PAGE).get_page(request.GET.get("page"))
    incidents = copy_incidents()
    context = {"page": page, "incidents": incidents[:INCIDENTS_SHOWN], "incident_count": incidents.count()}
    return render(request, "attribution/review_queue.html", context)


@require_safe
def review(request: LoggedInRequest, output_check_id: int) -> HttpResponse:
    """One finding: the generation beside each matched image, and with each mark and face that it shows."""
    require_reviewer_or_finance(request.user)
    found = get_object_or_404(OutputCheck.objects.select_related("generation__generator_model"), pk=output_check_id)
    copy_checks = found.generation.copy_checks.select_related("method", "encoder").filter(output_check__lte=found.pk)
    copy_check = copy_checks.order_by("-pk").first()
    context = {
        "found": found,
        "copy_check": copy_check,
        "matches": copy_check.matches.select_related("asset__contributor", "asset__submission").order_by("pk")
        if copy_check
        else [],
        "marks": found.marks.select_related("known_mark").order_by("pk"),
        "people_check": found.generation.people_checks.filter(output_check__lte=found.pk).order_by("-pk").first(),
        "decisions": found.decisions.select_related("decided_by").order_by("pk"),
        "state": sale_states([found.generation])[found.generation_id],
        "may_decide": is_reviewer(request.user),
        "waiting_count": waiting_for_review().count(),
    }
    return render(request, "attribution/review.html", context)


@require_POST
def decide(request: LoggedInRequest, output_check_id: int) -> HttpResponse:
    """Record the reviewer's decision and show what waits next."""
    require_reviewer(request.user)
    found = get_object_or_404(OutputCheck, pk=output_check_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: write a reason, then press one of the two buttons."))
        return redirect("review", found.pk)
    decision = Decision(form.cleaned_data["decision"])
    decide_output(found, decision, form.cleaned_data["reason"], request.user, timezone.now())
    messages.success(
        request,
        _("Generation %(number)s is %(decision)s.") % {"number": found.generation_id, "decision": said(decision)},
    )
    following = waiting_for_review().first()
    return redirect("review", following.pk) if following else redirect("review_queue")
