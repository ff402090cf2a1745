"""The id of a request, in every line of the log that it causes, also by the tasks that it starts.

A caller or a proxy may send one as X-Request-ID; every answer says which it was.
"""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
IN_TASKS = "request_id"
NONE = "-"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")  # whatever else somebody sends does not get into the log

_current: ContextVar[str] = ContextVar("request_id", default=NONE)


def current_request_id() -> str:
    """The id of the request that this thread works for, or `-`."""
    return _current.get()


class RequestIdMiddleware:
    """Give every request its id, and say it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.headers.get(HEADER, "")
        token = _current.set(sent if WELL_FORMED.fullmatch(sent) else uuid4().hex)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = current_request_id()
            return response
        finally:
            _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Adds the id to each line of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True


@before_task_publish.connect
def pass_on(headers: dict[str, Any], **kwargs: Any) -> None:
    """A task works for the request that sent it."""
    headers[IN_TASKS] = current_request_id()


@task_prerun.connect
def take_over(task: Any, **kwargs: Any) -> None:
    """In the worker, until the task has ended."""
    _current.set(str(getattr(task.request, IN_TASKS, None) or NONE))


@task_postrun.connect
def forget(**kwargs: Any) -> None:
    """The next task of this worker may be another request's."""
    _current.set(NONE)
