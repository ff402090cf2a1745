"""An image that counts as a copy: the owner's page, with the contest, and the reviewer's."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from attribution import contests
from attribution.groups import links_now
from attribution.models import Contest, NearDuplicate, Outcome
from marketplace.permissions import LoggedInRequest, contributor_of, require_reviewer

CONTESTS_A_PAGE = 24
LONGEST = 2_000


class ContestForm(forms.Form):
    """What the owner says."""

    statement = forms.CharField(max_length=LONGEST)


class DecisionForm(forms.Form):
    """What the reviewer decides, and why."""

    outcome = forms.ChoiceField(choices=Outcome.choices)
    reason = forms.CharField(max_length=LONGEST)


@require_safe
def copy(request: LoggedInRequest, asset_id: int) -> HttpResponse:
    """Of which earlier picture one's own image counts as a copy, by what proof, and what one can say against it."""
    asset = get_object_or_404(contributor_of(request.user).assets.select_related("submission"), pk=asset_id)
    links = asset.copy_links.select_related("original", "contest__decision").order_by("-pk")
    context = {"asset": asset, "links": links, "counting": set(links_now().filter(asset=asset))}
    return render(request, "attribution/copy.html", context)


@require_POST
def contest(request: LoggedInRequest, asset_id: int, link_id: int) -> HttpResponse:
    """Record the owner's objection."""
    asset = get_object_or_404(contributor_of(request.user).assets, pk=asset_id)
    link = get_object_or_404(NearDuplicate.objects.select_related("asset__contributor"), pk=link_id, asset=asset)
    form = ContestForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was sent: say why it is no copy, then press the button.")
        return redirect("copy", asset.pk)
    try:
        contests.contest(link, form.cleaned_data["statement"], request.user, timezone.now())
    except contests.CannotContest as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Your contest is recorded. A reviewer decides; this page then says how and why.")
    return redirect("copy", asset.pk)


@require_safe
def contest_queue(request: LoggedInRequest) -> HttpResponse:
    """The contests that wait for a decision."""
    require_reviewer(request.user)
    waiting = contests.open_contests().select_related("near_duplicate__asset__submission")
    page = Paginator(waiting, CONTESTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "attribution/contest_queue.html", {"page": page})


@require_safe
def contested(request: LoggedInRequest, contest_id: int) -> HttpResponse:
    """One contest: both pictures with the evidence, what the owner says, and the decision or its form."""
    require_reviewer(request.user)
    one = get_object_or_404(
        Contest.objects.select_related(
            "near_duplicate__asset__submission",
            "near_duplicate__asset__contributor",
            "near_duplicate__original__submission",
            "near_duplicate__original__contributor",
            "decision__decided_by",
        ),
        pk=contest_id,
    )
    context = {
        "contest": one,
        "link": one.near_duplicate,
        "may_decide": contests.may_decide(request.user, one),
        "outcomes": Outcome,
    }
    return render(request, "attribution/contest.html", context)


@require_POST
def decide(request: LoggedInRequest, contest_id: int) -> HttpResponse:
    """Record the reviewer's decision and show what waits next."""
    require_reviewer(request.user)
    one = get_object_or_404(Contest, pk=contest_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was decided: write a reason, then press one of the buttons.")
        return redirect("contested", one.pk)
    outcome = Outcome(form.cleaned_data["outcome"])
    try:
        contests.decide_contest(one, outcome, form.cleaned_data["reason"], request.user, timezone.now())
    except contests.CannotDecide as error:
        messages.error(request, str(error))
        return redirect("contested", one.pk)
    messages.success(request, f"Contest {one.pk} is decided: {outcome.label.lower()}.")
    return redirect("contest_queue")
