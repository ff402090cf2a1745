"""Prompts: the customer's page that checks one and says why it is refused, the contest, and the reviewers' pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.core.prompts import MAY_GENERATE, WAITS, PromptDecision, PromptState, pieces
from marketplace.models import PromptCheck
from marketplace.permissions import LoggedInRequest, customer_of, require_reviewer
from marketplace.prompts.base import ClassifierUnavailable
from marketplace.prompts.checking import LONGEST_PROMPT, PromptUnusable, check_prompt, findings_of, state_of
from marketplace.prompts.deciding import (
    CannotContest,
    CannotDecide,
    contest_prompt,
    decide_prompt,
    waiting_prompts,
    why_they_cannot_decide,
)
from marketplace.prompts.reasons import WHAT_NEXT, reason_of
from marketplace.request_views import NOT_CHECKED

CHECKS_A_PAGE = 24
LONGEST = 2_000


class ContestForm(forms.Form):
    """What whoever asked says, if they want to."""

    statement = forms.CharField(required=False, max_length=LONGEST)


class DecisionForm(forms.Form):
    """What the reviewer decides, and why."""

    decision = forms.ChoiceField(choices=[(decision.value, decision.value) for decision in PromptDecision])
    reason = forms.CharField(max_length=LONGEST)


@require_http_methods(["GET", "HEAD", "POST"])
def prompts(request: LoggedInRequest) -> HttpResponse:
    """Check a prompt for the customer, or show the form and what was checked before."""
    customer_of(request.user)
    prompt = request.POST.get("prompt", "").replace("\r\n", "\n")
    error = ""
    if request.method == "POST":
        try:
            return redirect("prompt", check_prompt(prompt, request.user, timezone.now()).pk)
        except PromptUnusable as unusable:
            error = str(unusable)
        except ClassifierUnavailable:
            error = str(NOT_CHECKED)
    mine = request.user.prompt_checks.select_related("kept_text", "contest").prefetch_related("reviews").order_by("-pk")
    page = Paginator(mine, CHECKS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(check, state_of(check)) for check in page],
        "prompt": prompt,
        "error": error,
        "longest": LONGEST_PROMPT,
        "kept_days": settings.PROMPT_RETENTION_DAYS,
    }
    return render(request, "marketplace/prompts.html", context, status=400 if error else 200)


def own_check(request: LoggedInRequest, check_id: int) -> PromptCheck:
    """The reader's own prompt check. Raises `Http404`."""
    return get_object_or_404(request.user.prompt_checks.select_related("kept_text"), pk=check_id)


@require_safe
def prompt(request: LoggedInRequest, check_id: int) -> HttpResponse:
    """What was found in a prompt, where, what follows, and what can be done."""
    check = own_check(request, check_id)
    context = _in_words(check)
    context["may_contest"] = context["state"] is PromptState.REFUSED
    return render(request, "marketplace/prompt.html", context)


@require_POST
def contest(request: LoggedInRequest, check_id: int) -> HttpResponse:
    """Record that whoever asked contests the refusal."""
    check = own_check(request, check_id)
    form = ContestForm(request.POST)
    if not form.is_valid():
        messages.error(
            request, _("Nothing was contested: a statement has at most %(most)s characters.") % {"most": LONGEST}
        )
        return redirect("prompt", check.pk)
    try:
        contest_prompt(check, form.cleaned_data["statement"], request.user, timezone.now())
    except CannotContest as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Your contest is recorded. A reviewer decides; this page then says how and why."))
    return redirect("prompt", check.pk)


@require_safe
def prompt_queue(request: LoggedInRequest) -> HttpResponse:
    """Prompts that wait for a reviewer, those who wait longest first."""
    require_reviewer(request.user)
    waiting = waiting_prompts().select_related("kept_text", "contest")
    page = Paginator(waiting, CHECKS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "marketplace/prompt_queue.html", {"page": page})


@require_safe
def prompt_review(request: LoggedInRequest, check_id: int) -> HttpResponse:
    """One prompt with its evidence, all that was said and decided, and the form to decide."""
    require_reviewer(request.user)
    check = get_object_or_404(PromptCheck.objects.select_related("kept_text", "asked_by"), pk=check_id)
    context = _in_words(check) | {"why_not": why_they_cannot_decide(check, request.user)}
    return render(request, "marketplace/prompt_review.html", context | {"waits": context["state"] in WAITS})


@require_POST
def decide(request: LoggedInRequest, check_id: int) -> HttpResponse:
    """Record the reviewer's decision and show what waits next."""
    require_reviewer(request.user)
    check = get_object_or_404(PromptCheck, pk=check_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: write a reason, then press one of the two buttons."))
        return redirect("prompt_review", check.pk)
    decision = PromptDecision(form.cleaned_data["decision"])
    try:
        decide_prompt(check, decision, form.cleaned_data["reason"], request.user, timezone.now())
    except CannotDecide as error:
        messages.error(request, str(error))
        return redirect("prompt_review", check.pk)
    messages.success(request, _("Prompt check %(number)s is decided.") % {"number": check.pk})
    return redirect("prompt_queue")


def _in_words(check: PromptCheck) -> dict[str, Any]:
    """What both pages of a prompt say."""
    findings, state = findings_of(check), state_of(check)
    text = check.kept_text.text if hasattr(check, "kept_text") else ""
    return {
        "check": check,
        "state": state,
        "is_good": state in MAY_GENERATE,
        "what_next": WHAT_NEXT[state],
        "pieces": pieces(text, [span for finding in findings for span in finding.spans]),
        "findings": [(finding, reason_of(finding)) for finding in findings],
        "contest": getattr(check, "contest", None),
        "reviews": check.reviews.select_related("decided_by").order_by("pk"),
    }
