"""Finance accepts and rejects tax forms, and sees whom the last payout run left out for want of one."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from marketplace.models import Contributor
from marketplace.permissions import LoggedInRequest, require_finance
from payouts.core.eligibility import ExclusionReason
from payouts.core.tax_forms import TaxFormKind
from payouts.models import Payout, PayoutRun
from payouts.tax_forms import TaxFormRefused, record_tax_form
from payouts.views.deciding import NO_SUCH_CONTRIBUTOR

LEFT_OUT_A_PAGE = 100


class ReviewForm(forms.Form):
    """What finance thinks of a form that a contributor sent."""

    contributor = forms.ModelChoiceField(
        Contributor.objects.all(),
        widget=forms.NumberInput,
        label=_("Number of the contributor"),
        error_messages=NO_SUCH_CONTRIBUTOR,
    )
    kind = forms.ChoiceField(choices=[(kind.value, _(kind.value)) for kind in TaxFormKind], label=_("Kind"))
    received_on = forms.DateField(label=_("Received on"), widget=forms.DateInput(attrs={"type": "date"}))
    valid_until_on = forms.DateField(
        label=_("Valid until, if it ends"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    rejected_because = forms.CharField(label=_("Rejected because, which they read"), max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def tax_forms(request: LoggedInRequest) -> HttpResponse:
    """The form of a review, and everybody whom the newest run left out for their tax form."""
    require_finance(request.user)
    form = ReviewForm(request.POST or None)
    if form.is_valid():
        kind = TaxFormKind(form.cleaned_data.pop("kind"))
        try:
            review = record_tax_form(**form.cleaned_data, kind=kind, reviewed_by=request.user, at=timezone.now())
        except TaxFormRefused as error:
            messages.error(request, str(error))
        else:
            verdict = "accepted" if review.is_accepted else "rejected"
            messages.success(request, f"{review.kind} of {review.contributor} is {verdict}. It counts from now on.")
            return redirect("tax_forms")
    run = PayoutRun.objects.order_by("-drafted_at").first()
    left_out = Payout.objects.filter(run=run, reason=ExclusionReason.TAX_FORM).select_related("contributor")
    page = Paginator(left_out.order_by("contributor__name"), LEFT_OUT_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/tax_forms.html", {"form": form, "run": run, "page": page})
