"""The terms of use: the texts that concern the reader, and accepting them."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.core.terms import Audience
from marketplace.permissions import LoggedInRequest
from marketplace.terms import TermsChanged, accept_terms, audiences_of, current_terms


class AcceptanceForm(forms.Form):
    """Which text somebody accepts, and where they go on afterwards."""

    audience = forms.ChoiceField(choices=[(audience.value, audience.value) for audience in Audience])
    sha256 = forms.CharField()
    accepted = forms.BooleanField()


@require_http_methods(["GET", "HEAD", "POST"])
def terms(request: LoggedInRequest) -> HttpResponse:
    """Show the terms that concern the reader, and record what they accept."""
    next_page = request.GET.get("next", "")
    if request.method == "POST":
        form = AcceptanceForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Nothing was recorded: tick the box, then press the button."))
        else:
            try:
                accept_terms(
                    request.user,
                    Audience(form.cleaned_data["audience"]),
                    form.cleaned_data["sha256"],
                    timezone.now(),
                )
            except TermsChanged as error:
                messages.error(request, str(error))
            else:
                messages.success(request, _("You accepted the terms. Version and time are recorded."))
                is_ours = url_has_allowed_host_and_scheme(next_page, {request.get_host()}, request.is_secure())
                return redirect(next_page if is_ours else "terms")
    accepted = {one.sha256: one for one in request.user.terms_acceptances.all()}
    texts = [current_terms(audience) for audience in audiences_of(request.user)]
    context = {"texts": [(text, accepted.get(text.sha256)) for text in texts]}
    return render(request, "marketplace/terms.html", context)
