"""Pages on which anybody reports an image and confirms that, and contributors ask for one of theirs to be removed."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketplace.core.removals import RemovalKind, RemovalRefused
from marketplace.formats import instant
from marketplace.models import Asset, RemovalCase, RemovalReport
from marketplace.permissions import LoggedInRequest, contributor_of
from marketplace.removals import open_case
from marketplace.reports import Reporter, confirm_report, expires_at, find_report, report_image
from marketplace.selectors import is_withheld

LONGEST = 2_000
KINDS = [
    (RemovalKind.PRIVACY.value, gettext_lazy("It shows me, or somebody I speak for, without consent")),
    (RemovalKind.RIGHTS.value, gettext_lazy("It is my work, or that of somebody I speak for")),
    (RemovalKind.TAKEDOWN.value, gettext_lazy("It is unlawful for another reason")),
]
OWN_KINDS = [
    (RemovalKind.TAKEDOWN.value, gettext_lazy("I want to take it away")),
    (RemovalKind.PRIVACY.value, gettext_lazy("Somebody whom it shows does not agree")),
]
NO_NUMBER = gettext_lazy("The number of an image has digits only, at most 18.")


class ReportForm(forms.Form):
    """A third party's report."""

    email = forms.EmailField(
        error_messages={
            "required": gettext_lazy("Give your e-mail address, so that we can answer."),
            "invalid": gettext_lazy("This is no e-mail address."),
        }
    )
    kind = forms.ChoiceField(choices=KINDS, error_messages={"required": gettext_lazy("Choose what is wrong.")})
    asset = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=10**18 - 1,
        error_messages=dict.fromkeys(("invalid", "max_value"), NO_NUMBER),
    )
    seen_at = forms.CharField(
        required=False,
        max_length=450,  # what is stored has the number behind it
        error_messages={"max_length": gettext_lazy("Say in at most %(limit_value)d characters where you saw it.")},
    )
    statement = forms.CharField(
        max_length=LONGEST, error_messages={"required": gettext_lazy("Say what is wrong with the image.")}
    )

    def clean(self) -> None:
        """Raise ValidationError where nobody could find the image."""
        if not self.cleaned_data.get("asset") and not self.cleaned_data.get("seen_at") and not self.errors:
            raise forms.ValidationError(_("Say which image it is: its number, or where you saw it."))


class OwnForm(forms.Form):
    """A contributor's request."""

    kind = forms.ChoiceField(choices=OWN_KINDS)
    statement = forms.CharField(max_length=LONGEST)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """The public form: whether an image exists or not, the answer is the same."""
    login = request.user
    form = ReportForm(request.POST or None, initial={"email": login.email if login.is_authenticated else ""})
    if request.method == "POST" and form.is_valid():
        filled = form.cleaned_data
        seen_at = _where(filled["seen_at"], filled["asset"])
        by = Reporter(filled["email"], login, get_language() or settings.LANGUAGE_CODE)
        asset = Asset.objects.filter(pk=filled["asset"]).first() if filled["asset"] else None
        try:
            made = report_image(asset, RemovalKind(filled["kind"]), filled["statement"], seen_at, by, timezone.now())
        except RemovalRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _thanks(made.case) if made.case else _what_to_do(made))
            return redirect("report")
    context = {"form": form, "kinds": KINDS}
    return render(request, "marketplace/report.html", context, status=400 if form.errors else 200)


def _thanks(case: RemovalCase) -> str:
    told = _("Thank you. Your report has the number %(number)d, and a reviewer decides by %(time)s.")
    return told % {"number": case.pk, "time": instant(case.due_at)}


def _what_to_do(made: RemovalReport) -> str:
    told = _(
        "One step is left: we sent a mail to %(email)s. Open the link in it by %(time)s and confirm your report. Only "
        "then is the image withheld, and a reviewer looks at it. If no mail comes, look for it among the unwanted "
        "ones, or send the report again with another address."
    )
    return told % {"email": made.email, "time": instant(expires_at(made))}


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What was reported, to whoever has the link in the mail; a button confirms it."""
    now = timezone.now()
    try:
        found = find_report(token, now)
    except RemovalRefused as refused:
        return render(request, "marketplace/confirm_report.html", {"refused": str(refused)}, status=404)
    if request.method == "POST":
        confirm_report(found, now)
        return redirect("confirm_report", token)
    context = {"report": found, "thanks": _thanks(found.case) if found.case else "", "expires_at": expires_at(found)}
    return render(request, "marketplace/confirm_report.html", context)


def _where(seen_at: str, number: int | None) -> str:
    """Where the image was seen, with the number that was given, which may be none of ours."""
    return f"{seen_at} (number {number})".strip() if number else seen_at


@require_http_methods(["GET", "HEAD", "POST"])
def removal(request: LoggedInRequest, asset_id: int) -> HttpResponse:
    """The cases of one of the contributor's images, and a form to ask for its removal where none stands."""
    asset = get_object_or_404(contributor_of(request.user).assets.select_related("submission"), pk=asset_id)
    form = OwnForm(request.POST or None)
    if request.method == "POST":
        if form.is_valid():
            kind = RemovalKind(form.cleaned_data["kind"])
            open_case(asset, kind, form.cleaned_data["statement"], request.user, timezone.now())
            messages.success(request, _("Your request is recorded, and others are not shown the image any more."))
        else:
            messages.error(request, _("Nothing was sent: choose a reason and say why."))
        return redirect("removal", asset.pk)
    cases = RemovalCase.objects.filter(asset=asset).select_related("decision").order_by("-pk")
    context = {"asset": asset, "cases": cases, "kinds": OWN_KINDS, "is_withheld": is_withheld(asset)}
    return render(request, "marketplace/removal.html", context)
