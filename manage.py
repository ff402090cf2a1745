#!/usr/bin/env python
"""Run a management command, on embedded parts where no URL configures others."""

import fcntl
import os
import signal
import sys
from typing import Any

MAKE_THEIR_OWN_TABLES = {
    "demo",
    "fault_campaign",
    "makemigrations",
    "migrate",
    "showmigrations",
    "squashmigrations",
    "test",
}


def main() -> None:
    """Start what is not configured, run the command, stop what was started."""
    from django.core.management import execute_from_command_line

    from marketplace.embedded import PartsUnavailable, parts

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores the hang-up for us
            signal.signal(number, _leave)
    starts_database = "DATABASE_URL" not in os.environ
    try:
        with parts():
            if starts_database and MAKE_THEIR_OWN_TABLES.isdisjoint(sys.argv[1:2]):
                _migrate()
            execute_from_command_line(sys.argv)
    except PartsUnavailable as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _leave(number: int, frame: Any) -> None:
    """End as an exception, so that everything that was started is stopped on the way out."""
    raise SystemExit(128 + number)


def _migrate() -> None:
    """Bring an embedded database's tables up to date: nobody else looks after it."""
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from marketplace.embedded import data_folder

    django.setup()
    with (data_folder() / "migrate.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
