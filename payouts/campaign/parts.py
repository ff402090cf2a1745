"""Parts of the campaign's own: to be had before Django is set up."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from marketplace.embedded import embedded_postgres, parts

KEPT_FROM_OUTSIDE = ("HOME", "LANG", "PATH", "PYTHONPATH", "TMPDIR", "TZ")
TEMPLATE = "tributary"
STOP_S = 10


@contextmanager
def own_parts() -> Iterator[Path]:
    """Parts in a temporary folder, with all tables; nothing of the surroundings' settings is left, neither key nor URL.

    To be entered before Django is set up.
    """
    kept = {name: os.environ[name] for name in KEPT_FROM_OUTSIDE if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as name:
        os.environ.clear()
        os.environ |= kept | {
            "BROKER_URL": "redis://",  # never asked
            "DJANGO_SETTINGS_MODULE": "marketplace.settings",
            "LOG_LEVEL": "CRITICAL",  # what is to be told is judged
            "TRIBUTARY_DATA": name,
        }
        with parts():
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            yield Path(name)


class Postgres:
    """The campaign's database server: copies of databases, and hard stops."""

    def __init__(self, folder: Path) -> None:
        self._server = embedded_postgres(folder / "postgres")
        self._pid_file = folder / "postgres" / "postmaster.pid"
        # Its programs are stopped and not the machine, so what was written is there without waiting for the disk.
        self._do("ALTER SYSTEM SET fsync = off")
        self._do("SELECT pg_reload_conf()")

    def copy(self, database: str) -> None:
        """Make a database that is a copy of the template."""
        self._do(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE} STRATEGY file_copy")

    def drop(self, database: str) -> None:
        """Remove a database."""
        self._do(f"DROP DATABASE {database} WITH (FORCE)")

    def stop_hard(self) -> None:
        """Ask for what PostgreSQL calls an immediate shutdown: nothing is written or ended first."""
        with suppress(FileNotFoundError, ProcessLookupError):  # it may be stopping already
            os.kill(int(self._pid_file.read_text().split()[0]), signal.SIGQUIT)

    def restart_hard(self) -> None:
        """Stop it hard, unless it was, and start it again: it recovers from its log."""
        running = self._server.get_postmaster_info().process
        assert running is not None  # started with the parts
        self.stop_hard()
        with suppress(psutil.NoSuchProcess):
            running.wait(STOP_S)
        self._server.start()

    def _do(self, sql: str) -> None:
        with psycopg.connect(self._server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(sql)
