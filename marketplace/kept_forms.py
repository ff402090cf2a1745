"""A form that arrives after its session has ended: it is kept in the visitor's next session, and sent when they say so.

Forms with files, secrets, very much text or what somebody says of themselves are not kept: their sender is told that
nothing was recorded.
"""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.permissions import LoggedInRequest

KEY = "kept_form"
MOST_CHARACTERS = 100_000
SECRET = ("password", "code", "gender")
OUR_OWN = "csrfmiddlewaretoken"


def keep_form(request: HttpRequest) -> bool:
    """Keep what was posted; returns whether it could be. It passed the check against forged requests before."""
    fields = [(name, value) for name, values in request.POST.lists() if name != OUR_OWN for value in values]
    has_secret = any(word in str(name).lower() for name, _value in fields for word in SECRET)
    kept: dict[str, Any] = {"path": request.get_full_path(), "fields": fields}
    if request.FILES or has_secret or len(json.dumps(kept)) > MOST_CHARACTERS:
        return False
    request.session[KEY] = kept
    return True


@require_safe
@never_cache
def kept_form(request: LoggedInRequest) -> HttpResponse:
    """What was filled in before the login, to be sent now; shown once."""
    kept = request.session.pop(KEY, None)
    if kept is None:
        messages.info(request, _("No form of yours is waiting here."))
        return redirect("home")
    return render(request, "marketplace/kept_form.html", kept)
