"""The operator's page: what waits, whether workers are at it, and what failed."""

from celery import current_app
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from marketplace.health import database_answers, queue_lengths
from marketplace.permissions import LoggedInRequest, require_operator
from payouts.operations import beat_tasks, failed_webhooks, failure_counts, stages

PING_SECONDS = 0.5


@require_safe
def operations(request: LoggedInRequest) -> HttpResponse:
    """Stages with the age of their oldest work, broker and workers, tasks by the clock, and failures."""
    require_operator(request.user)
    now, queues = timezone.now(), queue_lengths()
    context = {
        "now": now,
        "database": database_answers(),
        "queues": queues,
        "workers": _workers() if queues is not None else [],
        "stages": [(stage, stage.is_late(now)) for stage in stages()],
        "tasks": [(task, task.is_late(now)) for task in beat_tasks()],
        "webhooks": failed_webhooks(now),
        "failures": failure_counts(),
    }
    return render(request, "payouts/operations.html", context)


def _workers() -> list[str]:
    """The names of the workers that answer at once."""
    try:
        answers = current_app.control.ping(timeout=PING_SECONDS) or []
    except (OperationalError, OSError):
        return []
    return sorted(name for answer in answers for name in answer)
