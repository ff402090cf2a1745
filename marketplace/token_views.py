"""The reader's API tokens, and the addresses that are told of events about them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace import words
from marketplace.api_tokens import TokenRefused, make_token, revoke_token
from marketplace.core.scopes import Scope
from marketplace.core.webhooks import Event
from marketplace.models import WebhookDelivery
from marketplace.permissions import LoggedInRequest
from marketplace.webhook_outbox import EndpointRefused, add_endpoint
from marketplace.webhook_sending import require_allowed

DAYS = [(30, gettext_lazy("30 days")), (90, gettext_lazy("90 days")), (365, gettext_lazy("a year"))]
DELIVERIES_SHOWN = 50


def _scopes() -> list[tuple[str, SafeString]]:
    return [(scope, format_html("{} <code>{}</code>", words.scope(scope), scope)) for scope in Scope]


def _events() -> list[tuple[str, SafeString]]:
    return [(event, format_html("{} <code>{}</code>", words.event(event), event)) for event in Event]


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=_scopes, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(label=gettext_lazy("Good for"), choices=DAYS, coerce=int, initial=90)


class EndpointForm(forms.Form):
    """A new address that is told of events."""

    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https")
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"), choices=_events, widget=forms.CheckboxSelectMultiple
    )

    def clean_url(self) -> str:
        """Raise ValidationError for an address that may not be told."""
        url: str = self.cleaned_data["url"]
        try:
            require_allowed(url)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return url


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def api_tokens(request: LoggedInRequest) -> HttpResponse:
    """The reader's tokens, and a form for a new one, whose secret this page shows once."""
    form, secret = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        made: dict[str, Any] = form.cleaned_data
        scopes = [Scope(scope) for scope in made["scopes"]]
        try:
            _token, secret = make_token(request.user, made["name"], scopes, made["days"], timezone.now())
        except TokenRefused as error:
            form.add_error("name", str(error))
        else:
            form = TokenForm()
    tokens = request.user.api_tokens.order_by("-pk")
    context = {"form": form, "secret": secret, "tokens": tokens, "now": timezone.now()}
    return render(request, "marketplace/api_tokens.html", context, status=400 if form.errors else 200)


@require_POST
def revoke(request: LoggedInRequest, token_id: int) -> HttpResponse:
    """End one of the reader's tokens."""
    token = get_object_or_404(request.user.api_tokens, pk=token_id)
    revoke_token(token, timezone.now())
    messages.success(request, _("Token %(name)s is revoked: whoever has it can do nothing more.") % {"name": token})
    return redirect("api_tokens")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_endpoints(request: LoggedInRequest) -> HttpResponse:
    """The reader's addresses with what they were told, and a form for a new one."""
    form = EndpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        events = [Event(event) for event in form.cleaned_data["events"]]
        try:
            add_endpoint(request.user, form.cleaned_data["url"], events, timezone.now())
        except EndpointRefused as error:
            form.add_error("url", str(error))
        else:
            messages.success(request, _("The address is told from now on. Its secret is in the list below."))
            return redirect("webhook_endpoints")
    deliveries = WebhookDelivery.objects.filter(endpoint__user=request.user).select_related("endpoint")
    context = {
        "form": form,
        "endpoints": request.user.webhook_endpoints.order_by("pk"),
        "deliveries": deliveries.order_by("-pk")[:DELIVERIES_SHOWN],
    }
    return render(request, "marketplace/webhook_endpoints.html", context, status=400 if form.errors else 200)


@require_POST
def remove_endpoint(request: LoggedInRequest, endpoint_id: int) -> HttpResponse:
    """Tell one of the reader's addresses nothing more."""
    endpoint = get_object_or_404(request.user.webhook_endpoints, pk=endpoint_id)
    endpoint.delete()
    messages.success(request, _("%(url)s is told nothing more.") % {"url": endpoint.url})
    return redirect("webhook_endpoints")
