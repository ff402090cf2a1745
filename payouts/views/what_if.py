"""A contributor moves a rule, or takes an image back, and reads what the last closed month would have been."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.core.money import exponent_of
from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, contributor_of
from payouts.models import Policy
from payouts.own_preview import OwnPreview, Withdrawal, preview_policy_for
from payouts.policy_preview import PreviewRefused, last_closed_month
from payouts.views.deciding import in_currency

PPM_PER_PERCENT = 10_000


class WhatIfForm(forms.Form):
    """What is moved. A rate in percent, a threshold in whole units, and one image by its number."""

    rate_percent = forms.DecimalField(
        label=gettext_lazy("Contributor rate in percent"), min_value=0, max_value=100, decimal_places=4
    )
    threshold = forms.DecimalField(
        label=in_currency(gettext_lazy("Threshold for payouts"), settings.SETTLEMENT_CURRENCY),
        min_value=0,
        max_value=1_000_000,
    )
    image = forms.IntegerField(
        label=gettext_lazy("Number of an image that you take back, if any"), min_value=1, required=False
    )
    withdrawn_on = forms.DateField(
        label=gettext_lazy("Consent withdrawn on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, data: Any, contributor: Contributor, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.contributor = contributor

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError for an image that is not theirs, or without a day."""
        filled = super().clean() or {}
        filled["withdrawal"] = None
        if (number := filled.get("image")) is not None:
            asset = self.contributor.assets.filter(pk=number).select_related("submission").first()
            if asset is None:
                self.add_error("image", _("You have no image with this number: it stands on the image's page."))
            elif filled.get("withdrawn_on") is None:
                self.add_error("withdrawn_on", _("Say on which day you would have withdrawn your consent."))
            else:
                filled["withdrawal"] = Withdrawal(asset, datetime.combine(filled["withdrawn_on"], time(), UTC))
        return filled


@require_safe
def what_if(request: LoggedInRequest) -> HttpResponse:
    """The last closed month as it was for the reader, and as it would have been; nothing is written."""
    contributor = contributor_of(request.user)
    month = last_closed_month()
    initial = _as_it_is(month.policy, month.currency) if month else {}
    form = WhatIfForm(request.GET if "rate_percent" in request.GET else None, contributor, initial)
    tried: OwnPreview | None = None
    if month and form.is_valid():
        filled = form.cleaned_data
        rate_ppm = int(filled["rate_percent"] * PPM_PER_PERCENT)
        threshold_minor = int(filled["threshold"].scaleb(exponent_of(month.currency)))
        try:
            tried = preview_policy_for(contributor, rate_ppm, threshold_minor, filled["withdrawal"])
        except PreviewRefused as error:
            messages.error(request, str(error))
    withdrawal = form.cleaned_data["withdrawal"] if tried else None
    context = {"form": form, "month": month, "tried": tried, "withdrawal": withdrawal}
    return render(request, "payouts/what_if.html", context)


def _as_it_is(policy: Policy, currency: str) -> dict[str, Any]:
    return {
        "rate_percent": Decimal(policy.contributor_rate_ppm) / PPM_PER_PERCENT,
        "threshold": Decimal(policy.threshold_minor).scaleb(-exponent_of(currency)),
    }
