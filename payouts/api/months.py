"""Months in addresses of the API."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from marketplace.core.periods import Month

PATTERN = "[0-9]{4}-[0-9]{2}"
SCHEMA = {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$", "example": "2026-10"}
IN_PATH = OpenApiParameter("month", SCHEMA, OpenApiParameter.PATH, description="A UTC month.")


@extend_schema_field(SCHEMA)
class MonthField(serializers.DateField):
    """The month that a date begins, as addresses have it."""

    def __init__(self) -> None:
        super().__init__(source="month_on", format="%Y-%m", read_only=True)


class ByMonth:
    """For resources of which there is one for each month."""

    lookup_field = "month"
    lookup_value_regex = PATTERN
    kwargs: dict[str, Any]

    @property
    def month(self) -> Month:
        """The one that is asked for. Raises `Http404` for one that no calendar has."""
        try:
            return Month.parse(self.kwargs["month"])
        except ValueError as error:
            raise Http404("No such month.") from error
