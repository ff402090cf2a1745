"""Records of the money, to be read only; a new policy can be added, since that is how rules change."""

from django.contrib import admin
from django.http import HttpRequest

from marketplace.admin import ReadOnlyAdmin
from payouts.models import (
    Attempt,
    ConnectedAccount,
    Earning,
    Entry,
    LedgerAccount,
    Payout,
    PayoutRun,
    Period,
    Policy,
    Posting,
    RevenueEvent,
    Statement,
    Transfer,
)


class PolicyAdmin(ReadOnlyAdmin):
    """Policies are added and never changed: months that were closed under one stay as they are."""

    list_display = ("effective_at", "contributor_rate_ppm", "fee_ppm", "threshold_minor")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("payouts.add_policy")


admin.site.register(Policy, PolicyAdmin)
admin.site.register(
    [
        Attempt,
        ConnectedAccount,
        Earning,
        Entry,
        LedgerAccount,
        Payout,
        PayoutRun,
        Period,
        Posting,
        RevenueEvent,
        Statement,
        Transfer,
    ],
    ReadOnlyAdmin,
)
