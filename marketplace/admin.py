"""The admin: people and generator models can be edited, records of what happened can only be read."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest

from marketplace.models import (
    Appeal,
    Asset,
    Contributor,
    Customer,
    Delivery,
    Download,
    Generation,
    GeneratorModel,
    HumanEdit,
    OutputCheck,
    OutputDecision,
    ScreeningResult,
    SignedDeclaration,
    StrikesPolicy,
    Submission,
    SubmissionDecision,
    TaskRun,
    TrainingConsent,
    TrainingSet,
    User,
)


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows records that nobody may add, change or delete by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(User)
class LoginAdmin(UserAdmin[User]):
    """Django's, with the e-mail address that every login needs."""

    add_fieldsets = ((None, {"classes": ["wide"], "fields": ["username", "email", "password1", "password2"]}),)


@admin.register(StrikesPolicy)
class StrikesPolicyAdmin(ReadOnlyAdmin):
    """Policies are added and never changed."""

    list_display = ("effective_at", "strikes", "within_days", "suspended_days")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("marketplace.add_strikespolicy")


admin.site.register([Contributor, Customer, GeneratorModel])
admin.site.register(
    [
        Appeal,
        Asset,
        Delivery,
        Download,
        Generation,
        HumanEdit,
        OutputCheck,
        OutputDecision,
        ScreeningResult,
        SignedDeclaration,
        Submission,
        SubmissionDecision,
        TaskRun,
        TrainingConsent,
        TrainingSet,
    ],
    ReadOnlyAdmin,
)
