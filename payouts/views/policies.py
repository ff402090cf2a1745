"""Finance tries a policy on the last closed month before it takes effect."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest, require_finance
from payouts.policy_preview import PreviewRefused, preview_policy


class PolicyForm(forms.Form):
    """What of a policy changes how a month is shared."""

    contributor_rate_ppm = forms.IntegerField(min_value=0, max_value=1_000_000, label="Contributor rate, ppm")
    threshold_minor = forms.IntegerField(min_value=0, label="Threshold, minor units")


@require_safe
def preview(request: LoggedInRequest) -> HttpResponse:
    """The last closed month as it was shared and as it would have been; nothing is written."""
    require_finance(request.user)
    form = PolicyForm(request.GET or None)
    tried = None
    if form.is_valid():
        try:
            tried = preview_policy(**form.cleaned_data)
        except PreviewRefused as error:
            messages.error(request, str(error))
    changes = [*tried.winners, *tried.losers] if tried else []
    return render(request, "payouts/policy_preview.html", {"form": form, "preview": tried, "changes": changes})
