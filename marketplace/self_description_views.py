"""The page on which contributors say something of themselves, if they want to, and take it back."""

from collections.abc import Iterable
from enum import StrEnum

from django import forms
from django.contrib import messages
from django.forms.models import model_to_dict
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketplace.core.self_descriptions import Gender, Region
from marketplace.models import SelfDescription
from marketplace.permissions import LoggedInRequest, contributor_of
from marketplace.self_descriptions import describe_oneself

UNKNOWN = {"invalid_choice": gettext_lazy("Nothing was changed: choose one of the answers below.")}


def _answers(known: Iterable[StrEnum]) -> list[tuple[str, str | Promise]]:
    return [("", gettext_lazy("I do not say")), *((one.value, gettext_lazy(one.value)) for one in known)]


class SelfDescriptionForm(forms.Form):
    """What somebody says of themselves: each may stay unsaid."""

    gender = forms.ChoiceField(
        label=gettext_lazy("Gender"),
        choices=_answers(Gender),
        required=False,
        widget=forms.RadioSelect,
        error_messages=UNKNOWN,
    )
    region = forms.ChoiceField(
        label=gettext_lazy("Region where you work"),
        choices=_answers(Region),
        required=False,
        widget=forms.RadioSelect,
        error_messages=UNKNOWN,
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def about_you(request: LoggedInRequest) -> HttpResponse:
    """Show what the reader says of themselves, and put what they send in its place."""
    contributor = contributor_of(request.user)
    description = SelfDescription.objects.filter(contributor=contributor).first()
    form = SelfDescriptionForm(
        request.POST if request.method == "POST" else None, initial=model_to_dict(description) if description else None
    )
    if form.is_valid():
        filled = form.cleaned_data
        describe_oneself(contributor, filled["gender"], filled["region"], timezone.now())
        if any(filled.values()):
            messages.success(request, _("Recorded. You can change it or take it back here at any time."))
        else:
            messages.success(request, _("Nothing is recorded about you here."))
        return redirect("about_you")
    context = {"form": form, "description": description}
    return render(request, "marketplace/about_you.html", context, status=400 if form.errors else 200)
