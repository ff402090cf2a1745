"""Known marks, which are added with their picture, and the records of attribution, to be read only."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from attribution.marks import store_mark
from attribution.models import (
    AttributionBatch,
    AttributionFailure,
    Contest,
    ContestDecision,
    CopyCheck,
    CopyMatch,
    DailyShare,
    DuplicateCheck,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    KnownMark,
    MarkSearch,
    Method,
    NearDuplicate,
    PreviewRecall,
    ReplicationAudit,
)
from marketplace.admin import ReadOnlyAdmin

RECORDS = [
    AttributionBatch,
    AttributionFailure,
    Contest,
    ContestDecision,
    CopyCheck,
    CopyMatch,
    DailyShare,
    DuplicateCheck,
    EmbeddingFailure,
    Encoder,
    InspirationList,
    MarkSearch,
    Method,
    NearDuplicate,
    PreviewRecall,
    ReplicationAudit,
]
admin.site.register(RECORDS, ReadOnlyAdmin)


class NewMarkForm(forms.ModelForm[KnownMark]):
    """A mark with its picture, which is given once."""

    upload = forms.FileField(
        label="Picture", help_text="The mark alone, cropped, on plain ground that it stands out from."
    )

    class Meta:
        model = KnownMark
        fields = ("name", "upload", "note", "is_looked_for")

    def clean(self) -> dict[str, Any] | None:
        """Keep the picture's bytes, or say why they cannot be looked for."""
        cleaned = super().clean()
        if upload := self.cleaned_data.get("upload"):
            try:
                self.instance.picture.name = store_mark(upload.read())
            except ValueError as error:
                self.add_error("upload", str(error))
        return cleaned


@admin.register(KnownMark)
class KnownMarkAdmin(admin.ModelAdmin[KnownMark]):
    """Marks are added with their picture; afterwards note and whether it is looked for can be changed."""

    list_display = ("name", "is_looked_for", "recorded_at")

    def get_form(
        self, request: HttpRequest, obj: KnownMark | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[KnownMark]]:
        return super().get_form(request, obj, change, **kwargs) if obj else NewMarkForm

    def get_fields(self, request: HttpRequest, obj: KnownMark | None = None) -> Any:
        return ("name", "note", "is_looked_for") if obj else ("name", "upload", "note", "is_looked_for")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: KnownMark, form: Any, change: bool) -> None:
        if not change:
            obj.recorded_at = timezone.now()
        obj.save()
