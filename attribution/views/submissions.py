"""The reviewer's pages of uploads: what is held or appealed, with the picture, its evidence and its neighbours."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from attribution.duplicates import earlier_by_hash
from attribution.same_picture import open_preview, perceptual_hashes
from marketplace import appeals
from marketplace.core.appeals import WAITING, Decision
from marketplace.models import Asset, Submission
from marketplace.permissions import LoggedInRequest, require_reviewer
from marketplace.said import said

WAITING_A_PAGE = 24
LONGEST = 2_000
AFTER_ALL_ASSETS = 2**63 - 1


class DecisionForm(forms.Form):
    """What the reviewer decides, and why."""

    decision = forms.ChoiceField(choices=[(decision.value, decision.value) for decision in Decision])
    reason = forms.CharField(max_length=LONGEST)


@require_safe
def submission_queue(request: LoggedInRequest) -> HttpResponse:
    """Held uploads and appeals, those who wait longest first."""
    require_reviewer(request.user)
    waiting = appeals.waiting_submissions().select_related("contributor", "appeal")
    page = Paginator(waiting, WAITING_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "attribution/submission_queue.html", {"page": page})


@require_safe
def submission_review(request: LoggedInRequest, submission_id: int) -> HttpResponse:
    """One upload: picture, evidence, neighbours, all that was said and decided, and the form to decide."""
    require_reviewer(request.user)
    one = get_object_or_404(Submission.objects.select_related("contributor", "appeal", "declaration"), pk=submission_id)
    state = appeals.state_of(one, timezone.now())
    waiting = list(appeals.waiting_submissions().values_list("pk", flat=True))
    place = waiting.index(one.pk) if one.pk in waiting else None
    context = {
        "submission": one,
        "results": one.screening_results.order_by("-pk"),
        "decisions": one.decisions.select_related("decided_by").order_by("pk"),
        "appeal": getattr(one, "appeal", None),
        "declaration": getattr(one, "declaration", None),
        "neighbours": _neighbours(one),
        "state": state,
        "waits": state in WAITING,
        "why_not": appeals.why_they_cannot_decide(one, request.user),
        "choices": [(Decision.ACCEPTED, "a"), (Decision.GENERATED, "r"), (Decision.OTHER, "o")],
        "waiting_count": len(waiting),
        "previous": waiting[place - 1] if place else None,
        "following": waiting[place + 1] if place is not None and place + 1 < len(waiting) else None,
    }
    return render(request, "attribution/submission_review.html", context)


def _neighbours(submission: Submission) -> list[tuple[Asset, int]]:
    """The assets that look nearest to it, turned or mirrored too, and how many bits of their hash differ."""
    if not submission.preview:
        return []
    near = earlier_by_hash(perceptual_hashes(open_preview(str(submission.preview.name))), AFTER_ALL_ASSETS)
    others = Asset.objects.exclude(submission=submission).select_related("submission", "contributor").in_bulk(near)
    return [(others[asset_id], distance) for asset_id, distance in near.items() if asset_id in others]


@require_POST
def decide(request: LoggedInRequest, submission_id: int) -> HttpResponse:
    """Record the reviewer's decision and show what waits next."""
    require_reviewer(request.user)
    one = get_object_or_404(Submission, pk=submission_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: choose one of the decisions and write a reason."))
        return redirect("submission_review", one.pk)
    decision = Decision(form.cleaned_data["decision"])
    try:
        appeals.decide_submission(one, decision, form.cleaned_data["reason"], request.user, timezone.now())
    except appeals.CannotDecide as error:
        messages.error(request, str(error))
        return redirect("submission_review", one.pk)
    messages.success(
        request, _("Submission %(number)s is %(decision)s.") % {"number": one.pk, "decision": said(decision)}
    )
    following = appeals.waiting_submissions().first()
    return redirect("submission_review", following.pk) if following else redirect("submission_queue")
