"""Finance's policies: how revenue is shared, trying other rules on the last closed month, and adding them."""

from datetime import UTC, datetime, time

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as translated
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace import formats
from marketplace.core.periods import Month
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.core.payout_day import LAST_DAY
from payouts.models import Policy
from payouts.policies import PolicyRefused, add_policy, first_sale_at
from payouts.policy_preview import PolicyPreview, PreviewRefused, preview_policy
from payouts.views.pressing import pressed
from payouts.views.units import minor_field, minor_of, percent_field, percent_of, ppm_of

POLICIES_A_PAGE = 50


class PolicyForm(forms.Form):
    """What of a policy changes how a month is shared."""

    contributor_rate = percent_field(_("Contributor rate in percent"))
    threshold = minor_field(_("Threshold for payouts"), settings.SETTLEMENT_CURRENCY, min_value=0)

    @property
    def tried(self) -> dict[str, int]:
        """The rate in ppm and the threshold in minor units."""
        return {
            "contributor_rate_ppm": ppm_of(self.cleaned_data["contributor_rate"]),
            "threshold_minor": minor_of(self.cleaned_data["threshold"], settings.SETTLEMENT_CURRENCY),
        }


class NewPolicyForm(PolicyForm):
    """All of a policy, with the day on which it takes effect, at midnight UTC."""

    fee = percent_field(_("Card fee in percent of the gross price"))
    payout_day = forms.IntegerField(
        min_value=1,
        max_value=LAST_DAY,
        label=_("Payout day"),
        help_text=_("The day of the month on which payouts for the month before are due, 1 to 28."),
    )
    effective_on = forms.DateField(
        label=_("Takes effect on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    @property
    def effective_at(self) -> datetime:
        """When it takes effect."""
        return datetime.combine(self.cleaned_data["effective_on"], time(), UTC)


@require_safe
def policies(request: LoggedInRequest) -> HttpResponse:
    """Every policy, newest first, and which of them is in force."""
    require_finance(request.user)
    now = timezone.now()
    in_force = Policy.objects.filter(effective_at__lte=now).order_by("-effective_at").first()
    context = {
        "page": Paginator(Policy.objects.order_by("-effective_at"), POLICIES_A_PAGE).get_page(request.GET.get("page")),
        "in_force": in_force,
        "now": now,
        "currency": settings.SETTLEMENT_CURRENCY,
    }
    return render(request, "payouts/policies.html", context)


@require_safe
def preview(request: LoggedInRequest) -> HttpResponse:
    """The last closed month as it was shared and as it would have been; nothing is written."""
    require_finance(request.user)
    form = PolicyForm(request.GET or None)
    tried, added = None, None
    if form.is_valid():
        try:
            tried = preview_policy(**form.tried)
        except PreviewRefused as error:
            messages.error(request, str(error))
        added = NewPolicyForm(initial=form.cleaned_data | _proposed())
    return _tried(request, form, added, tried)


def _proposed() -> dict[str, object]:
    """What is kept of the newest policy; of the first one, the month of the first sale, which it has to share."""
    newest = Policy.objects.order_by("-effective_at").first()
    if newest is not None:
        return {"fee": percent_of(newest.fee_ppm), "payout_day": newest.payout_day}
    return {"effective_on": Month.containing(first_sale_at() or timezone.now()).start_at.date()}


def _tried(
    request: LoggedInRequest, form: PolicyForm, added: NewPolicyForm | None, tried: PolicyPreview | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "preview": tried,
        "changes": [*tried.winners, *tried.losers] if tried else [],
        "added": added,
        "is_first": not Policy.objects.exists(),
    }
    return render(request, "payouts/policy_preview.html", context)


@pressed("policies")
def add(request: LoggedInRequest) -> HttpResponse:
    """Add a policy."""
    form = NewPolicyForm(request.POST)
    if not form.is_valid():
        return _tried(request, PolicyForm(request.POST), form)
    terms = {"fee_ppm": ppm_of(form.cleaned_data["fee"]), "payout_day": form.cleaned_data["payout_day"], **form.tried}
    try:
        policy = add_policy(form.effective_at, **terms, at=timezone.now())
    except PolicyRefused as error:
        messages.error(request, str(error))
        return _tried(request, PolicyForm(request.POST), form)
    if policy.effective_at <= timezone.now():
        told = translated("The policy is in force since %(time)s.")
    else:
        told = translated("The policy takes effect at %(time)s. Months that began before it stay as they are.")
    messages.success(request, told % {"time": formats.instant(policy.effective_at)})
    return redirect("policies")
