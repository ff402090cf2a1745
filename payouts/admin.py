"""Records of the money, to be read only; a new policy can be added, since that is how rules change."""

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from marketplace.admin import ReadOnlyAdmin
from payouts.models import Policy


class PolicyAdmin(ReadOnlyAdmin):
    """Policies are added and never changed: months that were closed under one stay as they are."""

    list_display = ("effective_at", "contributor_rate_ppm", "fee_ppm", "threshold_minor", "payout_day")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payouts.add_policy")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Show why the database refuses a policy, such as one that would change what was booked."""
        try:
            with transaction.atomic():
                return super().add_view(request, form_url, extra_context)
        except DatabaseError as error:
            messages.error(request, str(error).partition("\n")[0])
            return redirect(request.path)


admin.site.register(Policy, PolicyAdmin)
admin.site.register(
    [model for model in apps.get_app_config("payouts").get_models() if model is not Policy], ReadOnlyAdmin
)
