"""What holds for every page: where browsers may load from, who has to log in, and who needs a second factor."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from marketplace.kept_forms import keep_form
from marketplace.permissions import lacks_second_factor

Handler = Callable[[HttpRequest], HttpResponse]
ACCOUNT_PAGES = "accounts/"  # where a second factor is set up, a password changed, and people log out


def content_security_policy(get_response: Handler) -> Handler:
    """Tell browsers to load and run nothing but what we serve, so that no text of a stranger becomes a script."""

    def with_policy(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        return response

    return with_policy


class LoginRequired(LoginRequiredMiddleware):
    """Django's, and a form that comes after its session has ended is kept until its sender is back."""

    def handle_no_permission(  # type: ignore[override]  # a redirect of the whole page, for htmx
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
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


def second_factor_required(get_response: Handler) -> Handler:
    """Lead whoever needs a second factor to set it up, before anything of their role opens."""

    def with_second_factor(request: HttpRequest) -> HttpResponse:
        if _is_open_without(request.path_info) or not lacks_second_factor(request.user):
            return get_response(request)
        messages.info(request, _("Your role needs a second factor. Set it up here, and everything opens."))
        return redirect("mfa_activate_totp")

    return with_second_factor


def own_not_found(get_response: Handler) -> Handler:
    """Say what is not there by our own page where DEBUG is on, too: Django's lists every address of the site."""

    def with_own_page(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.DEBUG and response.status_code == HTTPStatus.NOT_FOUND and b"DEBUG = True" in response.content:
            return HttpResponse(render_to_string("404.html", request=request), status=HTTPStatus.NOT_FOUND)
        return response

    return with_own_page


def _is_open_without(path: str) -> bool:
    """Whether an address is for everybody, or one by which a second factor is set up."""
    try:
        match = resolve(path)
    except Resolver404:
        return True
    return match.route.startswith(ACCOUNT_PAGES) or not getattr(match.func, "login_required", True)
