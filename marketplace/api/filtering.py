"""Filters that several resources have."""

from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField


class _InstantField(IsoDateTimeField):
    def to_python(self, value: Any) -> Any:
        """In UTC: the database takes fewer offsets than Python does."""
        instant = super().to_python(value)
        try:
            return instant and instant.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise ValidationError(_("There is no such time in UTC.")) from error


class InstantFilter(filters.IsoDateTimeFilter):
    """An ISO 8601 time such as 2026-10-14T12:00:00Z."""

    field_class = _InstantField
