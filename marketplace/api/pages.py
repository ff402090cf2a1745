"""Lists in pages that follow one another by a cursor: what is added meanwhile neither repeats nor hides a row."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

MOST_ON_A_PAGE = 200


class ByCursor(CursorPagination):
    """The newest first, or in the order that the view names; 50 a page unless `page_size` asks for up to 200."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MOST_ON_A_PAGE
    ordering = "-pk"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Raise `NotFound` for a cursor that is none of ours, whatever is written in it."""
        try:
            with transaction.atomic():
                return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError, DataError) as error:
            raise NotFound(self.invalid_cursor_message) from error

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        """The view's."""
        return tuple(getattr(view, "ordering", (self.ordering,)))
