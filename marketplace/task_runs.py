"""When each task ran last and whether it failed: written by the worker itself, for the operator to see."""

import logging
from datetime import datetime
from typing import Any

from celery.signals import task_postrun, task_prerun
from django.db import DatabaseError, transaction
from django.utils import timezone

from marketplace.models import TaskRun

logger = logging.getLogger(__name__)

PROBLEM_LETTERS = 500
SUCCESS = "SUCCESS"
_started_at: dict[str, datetime] = {}  # by the id of the run, in this worker


@task_prerun.connect
def note_start(task_id: str, **kwargs: Any) -> None:
    """Remember when it began."""
    _started_at[task_id] = timezone.now()


@task_postrun.connect
def note_end(task_id: str, task: Any, state: str, retval: Any, **kwargs: Any) -> None:
    """Write down how it ended; a database that is away must not make a second failure of the first."""
    at = timezone.now()
    started_at = _started_at.pop(task_id, at)
    try:
        record_run(task.name, started_at, at, "" if state == SUCCESS else str(retval) or type(retval).__name__)
    except DatabaseError:
        logger.exception("The run of %s could not be recorded.", task.name)


def record_run(name: str, started_at: datetime, ended_at: datetime, problem: str) -> None:
    """Keep the last run of a task; `problem` is what made it fail, empty where it did not."""
    values: dict[str, Any] = {"started_at": started_at, "ended_at": ended_at, "problem": problem[:PROBLEM_LETTERS]}
    if problem:
        values["failed_at"] = ended_at
    with transaction.atomic():
        TaskRun.objects.update_or_create(name=name, defaults=values)
