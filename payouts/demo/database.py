"""Whose database the demo fills: one command's at a time, and only one that is empty or was filled by a demo."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from marketplace.models import Contributor, User

MARKER = "holds-a-demo"
BEGUN, COMPLETE = "begun", "complete"


@contextmanager
def only_one(command: str) -> Iterator[None]:
    """Hold the data folder's demo for one command. Raises `CommandError` that names the command which holds it."""
    with (settings.DATA_FOLDER / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise CommandError(
                f"`{lock.read()}` is running on {settings.DATA_FOLDER}: stop it first, "
                "or set TRIBUTARY_DATA to another folder."
            ) from error
        lock.truncate(0)
        lock.write(f"manage.py {command}, pid {os.getpid()}")
        lock.flush()
        yield


def empty_database() -> None:
    """Leave a database without tables and a sandbox without accounts.

    Raises `CommandError` for a database that holds anything but a demo, and for one of others' that is not empty.
    """
    if not _is_ours():
        raise CommandError(
            "The demo starts from an empty database, and this one is not empty and was not filled by a demo. "
            "Use `make demo`, or set TRIBUTARY_DATA to a new folder (or DATABASE_URL to a new database)."
        )
    (settings.DATA_FOLDER / MARKER).write_text(BEGUN)
    if settings.EMBEDDED_DATABASE:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    (settings.DATA_FOLDER / "sandbox.sqlite3").unlink(missing_ok=True)


def _is_ours() -> bool:
    tables = connection.introspection.table_names()
    if not tables or not settings.EMBEDDED_DATABASE:
        return not tables
    return (settings.DATA_FOLDER / MARKER).exists() or not (Contributor.objects.exists() or User.objects.exists())


def mark_complete() -> None:
    """Record that a demo ran to its end."""
    (settings.DATA_FOLDER / MARKER).write_text(COMPLETE)


def is_complete() -> bool:
    """Whether a demo with today's tables ran to its end here."""
    marker = settings.DATA_FOLDER / MARKER
    return marker.exists() and marker.read_text() == COMPLETE and not _missing_migrations()


def _missing_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
