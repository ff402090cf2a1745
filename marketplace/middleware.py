"""What holds for every page: where browsers may load from, who has to log in, and who needs a second factor."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from marketplace.kept_forms import keep_form
from marketplace.permissions import lacks_second_factor

OPEN_WITHOUT_SECOND_FACTOR = "accounts/"  # routes by which they set it up, change their password or log out


def content_security_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Tell browsers to load and run nothing but what we serve, so that no text of a stranger becomes a script."""

    def with_policy(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        return response

    return with_policy


class LoginRequired(LoginRequiredMiddleware):
    """Django's, and a form that comes after its session has ended is kept until its sender is back."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseBase:
        if getattr(request, "htmx", False):
            here = request.htmx.current_url_abs_path or reverse("home")  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(redirect_to_login(here, settings.LOGIN_URL).url)
        if request.method != "POST":
            return super().handle_no_permission(request, view_func)
        if keep_form(request):
            messages.info(request, _("You were logged out meanwhile. Log in: what you filled in is kept until then."))
        else:
            messages.error(
                request,
                _("You were logged out meanwhile, and nothing was recorded. Log in, and fill the form in once more."),
            )
        return redirect_to_login(reverse("kept_form"), settings.LOGIN_URL)


class SecondFactorRequired:
    """Lead whoever needs a second factor to set it up, before anything of their role opens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing happens before the view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Send them to the page of the authenticator app."""
        match = request.resolver_match
        is_open = not getattr(view_func, "login_required", True) or (
            match is not None and match.route.startswith(OPEN_WITHOUT_SECOND_FACTOR)
        )
        if is_open or not request.user.is_authenticated or not lacks_second_factor(request.user):
            return None
        messages.info(request, _("Your role needs a second factor. Set it up here, and everything opens."))
        return redirect("mfa_activate_totp")
