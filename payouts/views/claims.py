"""Claims of a share: the contributor's form, and the reviewer's pages."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attribution.models import InspirationList
from marketplace.core.ppm import WHOLE_PPM
from marketplace.licences import ungrouped
from marketplace.models import Contributor, Delivery, Download, User
from marketplace.permissions import LoggedInRequest, contributor_of, may_see_why, require_reviewer
from payouts import claims
from payouts.earnings import sale_of
from payouts.models import ShareClaim
from payouts.views.units import percent_field, ppm_of

CLAIMS_A_PAGE = 24
LONGEST = 2_000


class ClaimForm(forms.Form):
    """Which image is missing from which download's list, and what its owner sees."""

    download = forms.CharField(
        label=gettext_lazy("Number of the download, or of the licence certificate"),
        max_length=40,
        help_text=gettext_lazy(
            "A download's number stands on its page “why”. The certificate's is found by checking the file."
        ),
    )
    image = forms.IntegerField(
        label=gettext_lazy("Number of your image"),
        min_value=1,
        help_text=gettext_lazy("It stands on the image's page."),
    )
    statement = forms.CharField(
        label=gettext_lazy("What of your image you see in the generated one"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, data: Any, contributor: Contributor, user: User, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.contributor, self.user = contributor, user

    def clean_download(self) -> Download:
        """The download, where they may see it or know a certificate of it. Raises ValidationError."""
        asked = self.cleaned_data["download"].strip()
        if asked.isdecimal():
            stored = InspirationList.objects.select_related("download__customer").filter(download=int(asked)).first()
            if stored is not None and may_see_why(self.user, stored.download, stored.contributor_ids):
                return stored.download
        delivery = Delivery.objects.filter(certificate_id=ungrouped(asked)).select_related("download").first()
        if delivery is None:
            raise forms.ValidationError(_("No download that you know of has this number."))
        return delivery.download

    def clean_image(self) -> Any:
        """Raise ValidationError for an image that is not theirs."""
        asset = self.contributor.assets.filter(pk=self.cleaned_data["image"]).select_related("contributor").first()
        if asset is None:
            raise forms.ValidationError(_("You have no image with this number."))
        return asset


class DecisionForm(forms.Form):
    """What the reviewer decides: a share in percent, or nothing."""

    outcome = forms.ChoiceField(choices=[("granted", "granted"), ("refused", "refused")])
    share_percent = percent_field(required=False)
    reason = forms.CharField(max_length=LONGEST)

    def share_ppm(self) -> int:
        """The share granted, zero where it is refused."""
        if self.cleaned_data["outcome"] == "refused":
            return 0
        return ppm_of(self.cleaned_data["share_percent"] or Decimal())


@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: LoggedInRequest) -> HttpResponse:
    """Record a claim, or say what is missing."""
    contributor = contributor_of(request.user)
    initial = {name: request.GET.get(name) for name in ("download", "image")}
    form = ClaimForm(request.POST or None, contributor, request.user, initial)
    if form.is_valid():
        filled = form.cleaned_data
        try:
            claims.claim_share(filled["download"], filled["image"], filled["statement"], request.user, timezone.now())
        except claims.ClaimRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your claim is recorded. A reviewer decides; this page then says how and why."))
            return redirect("objections")
    return render(request, "payouts/claim.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
def claim_queue(request: LoggedInRequest) -> HttpResponse:
    """The claims that wait for a decision."""
    require_reviewer(request.user)
    waiting = claims.open_claims().select_related("asset__submission", "download__generation")
    page = Paginator(waiting, CLAIMS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "payouts/claim_queue.html", {"page": page})


@require_safe
def claimed(request: LoggedInRequest, claim_id: int) -> HttpResponse:
    """One claim: both pictures, what the owner says, what a share was worth, and the decision or its form."""
    require_reviewer(request.user)
    one = get_object_or_404(
        ShareClaim.objects.select_related(
            "asset__submission", "asset__contributor", "download__generation", "decision__decided_by"
        ),
        pk=claim_id,
    )
    sale, stored = sale_of(one.download), InspirationList.objects.get(download=one.download)
    assert sale is not None  # a share is claimed of a closed month
    context = {
        "claim": one,
        "decision": getattr(one, "decision", None),
        "may_decide": claims.may_decide(request.user, one),
        "unattributed_ppm": stored.unattributed_ppm,
        "whole_micro": claims.worth_micro(one.download, sale.period, WHOLE_PPM),
        "currency": sale.period.currency,
    }
    return render(request, "payouts/claimed.html", context)


@require_POST
def decide(request: LoggedInRequest, claim_id: int) -> HttpResponse:
    """Record the reviewer's decision and show what waits next."""
    require_reviewer(request.user)
    one = get_object_or_404(ShareClaim.objects.select_related("asset__contributor", "download"), pk=claim_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was decided: write a reason, and a share of 0 to 100 percent to grant."))
        return redirect("claimed", one.pk)
    share_ppm = form.share_ppm()
    if form.cleaned_data["outcome"] == "granted" and not share_ppm:
        messages.error(request, _("Nothing was decided: say which share you grant."))
        return redirect("claimed", one.pk)
    try:
        claims.decide_claim(one, share_ppm, form.cleaned_data["reason"], request.user, timezone.now())
    except claims.ClaimRefused as error:
        messages.error(request, str(error))
        return redirect("claimed", one.pk)
    messages.success(request, _("Claim %(claim)s is decided.") % {"claim": one.pk})
    return redirect("claim_queue")
