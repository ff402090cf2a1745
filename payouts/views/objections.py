"""The page of everything that a contributor objected to."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.objections import objections_of

OBJECTIONS_A_PAGE = 50


@require_safe
def objections(request: LoggedInRequest) -> HttpResponse:
    """Appeals, contests and claims with their state, deadline, outcome and adjusting entry."""
    found = objections_of(contributor_of(request.user), timezone.now())
    page = Paginator(found, OBJECTIONS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/objections.html", {"page": page})
