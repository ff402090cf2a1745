"""Everything that we know of the reader, to take along; and the end of their login."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.permissions import LoggedInRequest
from payouts.erasing import CannotErase, erase_person, why_not_erase
from payouts.personal_data import export_person


@require_safe
def personal_data(request: LoggedInRequest) -> HttpResponse:
    """What can be done with it."""
    return render(request, "payouts/personal_data.html")


@require_safe
@never_cache
def export(request: LoggedInRequest) -> FileResponse:
    """All of it as one ZIP."""
    return FileResponse(export_person(request.user), as_attachment=True, filename="tributary-data.zip")


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
def erase(request: LoggedInRequest) -> HttpResponse:
    """Say what goes and what stays, and erase the reader once they confirm with their username."""
    why_not, mistyped = why_not_erase(request.user), False
    if request.method == "POST" and not why_not:
        mistyped = request.POST.get("username") != request.user.username
        if not mistyped:
            try:
                erase_person(request.user, timezone.now())
            except CannotErase as refused:
                messages.error(request, str(refused))
                return redirect("erase_person")
            logout(request)
            messages.success(request, _("You are erased here, and logged out. Nobody can log in as you any more."))
            return redirect("login")
    return render(request, "payouts/erase_person.html", {"why_not": why_not, "mistyped": mistyped})
