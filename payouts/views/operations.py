"""The operator's page: what waits, whether workers are at it, and what failed."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.health import database_answers, queue_lengths
from marketplace.models import User
from marketplace.permissions import LoggedInRequest, lacks_second_factor, require_operator
from payouts.metrics import CONTENT_TYPE, exposition
from payouts.operations import (
    are_silent,
    beat_tasks,
    failed_webhooks,
    failure_counts,
    ledger_check,
    stages,
    workers_heard_at,
)


@require_safe
def operations(request: LoggedInRequest) -> HttpResponse:
    """Stages with the age of their oldest work, broker and workers, tasks by the clock, and failures."""
    require_operator(request.user)
    now, heard_at = timezone.now(), workers_heard_at()
    context = {
        "now": now,
        "database": database_answers(),
        "queues": queue_lengths(),
        "heard_at": heard_at,
        "are_silent": are_silent(heard_at, now),
        "stages": [(stage, stage.is_late(now)) for stage in stages()],
        "tasks": [(task, task.is_late(now)) for task in beat_tasks()],
        "ledger_check": ledger_check(),
        "webhooks": failed_webhooks(now),
        "failures": failure_counts(),
    }
    return render(request, "payouts/operations.html", context)


@never_cache
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The same figures for Prometheus, for whoever sends the token of the settings; else for operators alone."""
    authorization = request.headers.get("Authorization")
    if authorization is not None and not _is_token(authorization):
        told = "Send the METRICS_TOKEN of the settings: Authorization: Bearer ….\n"
        return HttpResponse(told, "text/plain; charset=utf-8", 401, headers={"WWW-Authenticate": "Bearer"})
    if authorization is None:
        if not isinstance(request.user, User) or lacks_second_factor(request.user):
            raise Http404("Only operators have this page.")
        require_operator(request.user)
    return HttpResponse(exposition(timezone.now()), CONTENT_TYPE)


def _is_token(authorization: str) -> bool:
    expected = f"Bearer {settings.METRICS_TOKEN}"
    return bool(settings.METRICS_TOKEN) and constant_time_compare(authorization, expected)
