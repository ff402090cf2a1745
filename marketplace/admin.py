"""The admin: people and generator models can be edited, records of what happened can only be read."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import BooleanField, CharField, DateField, ForeignKey, IntegerField, Model, UUIDField
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from marketplace.core.model_states import ModelState
from marketplace.generator_models import save_generator_model
from marketplace.models import (
    Appeal,
    Asset,
    Contributor,
    Customer,
    CustomerNotice,
    Delivery,
    Download,
    Generation,
    GeneratorModel,
    HumanEdit,
    Invitation,
    ModelAudit,
    ModelCard,
    ModelStateChange,
    OutputCheck,
    OutputDecision,
    PeopleCheck,
    PromptCheck,
    PromptContest,
    PromptReview,
    RegisterEntry,
    RemovalCase,
    RemovalDecision,
    RemovalReport,
    ScreeningResult,
    SignedDeclaration,
    StrikesPolicy,
    Submission,
    SubmissionDecision,
    TaskRun,
    TermsAcceptance,
    TrainingConsent,
    TrainingSet,
    User,
)
from marketplace.prompts.register import record_entry


def log_in(request: HttpRequest, extra_context: object = None) -> HttpResponse:
    """Let people log in where the second factor is asked, which the admin's own page knows nothing of."""
    if request.user.is_authenticated:
        raise Http404("Only staff has the admin.")
    return redirect_to_login(request.GET.get("next", reverse("admin:index")), settings.LOGIN_URL)


admin.site.login = login_not_required(log_in)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "Tributary"

SHORT = (BooleanField, CharField, DateField, ForeignKey, IntegerField, UUIDField)
MOST_COLUMNS = 8


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows records that nobody may add, change or delete by hand, in lists by what is short in them."""

    def get_list_display(self, request: HttpRequest) -> Any:
        """What else a record names is shown by its number, which takes no query for each row."""
        if self.list_display != ("__str__",):
            return self.list_display
        return [field.attname for field in self.opts.concrete_fields if isinstance(field, SHORT)][:MOST_COLUMNS]

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


@admin.register(RegisterEntry)
class RegisterEntryAdmin(ReadOnlyAdmin):
    """Entries are added and replaced, and never changed: a change records a new one, and the earlier one stays."""

    list_display = ("term", "kind", "valid_from_on", "valid_until_on", "recorded_by", "recorded_at")
    list_filter = ("kind", ("replaced_by", admin.EmptyFieldListFilter))
    search_fields = ("term", "aliases")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("marketplace.add_registerentry")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_current = not isinstance(obj, RegisterEntry) or not hasattr(obj, "replaced_by")
        return is_current and request.user.has_perm("marketplace.change_registerentry")

    def save_model(self, request: HttpRequest, obj: RegisterEntry, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        record_entry(obj, request.user, timezone.now())


@admin.register(GeneratorModel)
class GeneratorModelAdmin(admin.ModelAdmin[GeneratorModel]):
    """Set up and edited here until it is retired; its page puts it on sale."""

    readonly_fields = ("state", "changed_at")
    list_display = ("__str__", "provider", "state")

    def has_change_permission(self, request: HttpRequest, obj: GeneratorModel | None = None) -> bool:
        is_final = obj is not None and obj.state == ModelState.RETIRED
        return not is_final and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: GeneratorModel | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: GeneratorModel, form: ModelForm[Any], change: bool) -> None:
        save_generator_model(obj, timezone.now())


admin.site.register([Contributor, Customer])
admin.site.register(
    [
        Appeal,
        Asset,
        CustomerNotice,
        Delivery,
        Download,
        Generation,
        HumanEdit,
        ModelAudit,
        ModelCard,
        ModelStateChange,
        Invitation,
        OutputCheck,
        OutputDecision,
        PeopleCheck,
        RemovalCase,
        RemovalDecision,
        RemovalReport,
        PromptCheck,
        PromptContest,
        PromptReview,
        ScreeningResult,
        SignedDeclaration,
        Submission,
        SubmissionDecision,
        TermsAcceptance,
        TaskRun,
        TrainingConsent,
        TrainingSet,
    ],
    ReadOnlyAdmin,
)
