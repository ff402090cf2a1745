"""What every button of finance shares: only finance has it, and its address by itself does nothing and says so."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.permissions import LoggedInRequest, require_finance

View = Callable[..., HttpResponse]


def pressed(page: str, *named: str) -> Callable[[View], View]:
    """A view that is a button on `page`, whose arguments are `named`.

    A browser that comes here by its history or a bookmark has no form with it: nothing is done then, and the page with
    the button says so.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def pressed_view(request: LoggedInRequest, **kwargs: Any) -> HttpResponse:
            require_finance(request.user)
            if request.method != "POST":
                messages.error(request, _("Nothing was done: an address alone presses no button. Press it here."))
                return redirect(reverse(page, kwargs={name: kwargs[name] for name in named}))
            return view(request, **kwargs)

        return pressed_view

    return decorate
