"""Errors as problem details (RFC 9457): what was wrong, and for each field what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.http import Http404
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import exception_handler
from drf_standardized_errors.types import ErrorResponse
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"


class Conflict(APIException):
    """What is asked for does not fit the present state; the detail says why and what to do."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


class RecordedConflict(Conflict):
    """A refusal that was written down: what was recorded of it stays."""


class OtherRequest(APIException):
    """An idempotency key that was used for another request."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "key_of_another_request"


@contextmanager
def as_conflict(*refusals: type[Exception], problem: type[Conflict] = Conflict) -> Iterator[None]:
    """What a service refuses becomes a 409 with its sentence."""
    try:
        yield
    except refusals as refused:
        raise problem(str(refused)) from refused


class Formatter(ExceptionFormatter):
    """The body of a problem; `type` stays `about:blank`, as RFC 9457 has it where the status says enough."""

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        """Errors have a code, a sentence and, where they are of a field, its path."""
        status = HTTPStatus(self.exc.status_code)
        errors = [{"code": one.code, "detail": one.detail, "field": one.attr} for one in error_response.errors]
        one_sentence = errors[0]["detail"] if len(errors) == 1 else f"{len(errors)} fields are not as they must be."
        return {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": one_sentence,
            "errors": errors,
        }


def handle(error: Exception, context: Any) -> Response | None:
    """What the framework calls with whatever a view raised."""
    if isinstance(error, Http404):
        error = NotFound()  # and not the name of a class of ours
    response = exception_handler(error, context)
    if response is not None:
        response.content_type = MEDIA_TYPE
    return response


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One thing that was wrong."""

    code = serializers.CharField()
    detail = serializers.CharField()
    field = serializers.CharField(allow_null=True)


class ProblemSerializer(serializers.Serializer[Any]):
    """Problem details, as https://www.rfc-editor.org/rfc/rfc9457 defines them."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]
