"""Finance's holds: what is kept from being paid out, by whom and why; placing one, and ending it."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from marketplace.permissions import LoggedInRequest, require_finance
from payouts import words
from payouts.holds import HoldRefused, end_hold, place_hold
from payouts.models import Hold, HoldEnd
from payouts.views import deciding
from payouts.views.pressing import pressed
from payouts.views.units import micro_of, minor_field

HOLDS_A_PAGE = 50


class HoldForm(deciding.ContributorForm):
    """What to keep from being paid out."""

    amount = minor_field(_("Amount"), settings.SETTLEMENT_CURRENCY)
    reason = forms.CharField(label=_("Why, which the contributor reads"), max_length=deciding.REASON_LETTERS)


class EndForm(forms.Form):
    """How a hold ends."""

    outcome = forms.ChoiceField(choices=[(HoldEnd.RELEASED, _("Release it")), (HoldEnd.TAKEN, _("Take it"))])
    reason = forms.CharField(max_length=deciding.REASON_LETTERS)


@require_http_methods(["GET", "HEAD", "POST"])
def holds(request: LoggedInRequest) -> HttpResponse:
    """Holds, open ones first; a form that places one, after a look at what that posts."""
    require_finance(request.user)

    def place(filled: dict[str, Any], key: str, at: datetime) -> Hold:
        amount_micro = micro_of(filled["amount"])
        return place_hold(filled["contributor"], amount_micro, filled["reason"], request.user, key, at)

    form = HoldForm(request.POST or None, initial={"contributor": request.GET.get("contributor")})
    done = translated("It is on hold. The contributor reads why on their page.")
    came_of_it = deciding.press(request, form, place, HoldRefused, done)
    if came_of_it.is_done:
        return redirect("holds")
    every = Hold.objects.select_related("contributor", "placed_by", "end__ended_by", "dispute")
    newest = every.order_by(F("end__ended_at").desc(nulls_first=True), "-placed_at", "-pk")
    context = {
        "form": form,
        "currency": settings.SETTLEMENT_CURRENCY,
        "previewed": came_of_it.previewed,
        "repeated": came_of_it.repeated,
        "page": Paginator(newest, HOLDS_A_PAGE).get_page(request.GET.get("page")),
        "open_count": Hold.objects.filter(end=None).count(),
    }
    return render(request, "payouts/holds.html", context)


@pressed("holds")
def end(request: LoggedInRequest, hold_id: int) -> HttpResponse:
    """Release a hold, or take what is held."""
    hold = get_object_or_404(Hold, pk=hold_id)
    form = EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, translated("Nothing was changed: choose how the hold ends and write why."))
        return redirect("holds")
    outcome = form.cleaned_data["outcome"]
    try:
        end_hold(hold, outcome, form.cleaned_data["reason"], request.user, timezone.now())
    except HoldRefused as error:
        messages.error(request, str(error))
    else:
        told = translated("Hold %(number)s is %(outcome)s.")
        messages.success(request, told % {"number": hold.pk, "outcome": words.kind(outcome)})
    return redirect("holds")
