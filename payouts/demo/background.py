"""The programs that work beside a command: each in a group of its own, which ends with the command whatever happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from marketplace.embedded import as_role
from payouts.database_role import ROLE

LEASH = Path(__file__).with_name("leash.py")
STOP_SECONDS = 20
START_SECONDS = 30
SANDBOX_KEY = "sk_test_sandbox"  # the sandbox takes any test key; it is no secret


class BackgroundFailed(RuntimeError):
    """A program ended or did not start; the message names its log."""


class Background:
    """One running program and its log."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        self.name, self.log = name, log
        self._child = child

    def require_running(self) -> None:
        """Raise `BackgroundFailed` where the program has ended."""
        if self._child.poll() is not None:
            raise BackgroundFailed(f"The {self.name} ended with code {self._child.returncode}; its log: {self.log}")


@contextmanager
def running(name: str, arguments: list[str], **environment: str) -> Iterator[Background]:
    """Run a Python program of ours until the block or this command ends; then its whole group is stopped."""
    log = settings.DATA_FOLDER / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-I", LEASH, sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ | _restricted() | environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as child,
    ):
        try:
            yield Background(name, child, log)
        finally:
            _stop_group(child)


def _restricted() -> dict[str, str]:
    """Programs beside us change no books; an embedded database lets them in as the role that cannot."""
    if not settings.EMBEDDED_DATABASE:
        return {}
    return {"DATABASE_URL": as_role(os.environ["DATABASE_URL"], ROLE)}


def _stop_group(child: subprocess.Popen[bytes]) -> None:
    """Ask the program to stop, then end what is left of its group: an orphan would take the next run's work."""
    child.terminate()
    with suppress(subprocess.TimeoutExpired):
        child.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def sandbox() -> Iterator[str]:
    """The Stripe sandbox; yields its base URL. Its state is kept in the data folder."""
    ready, state = settings.DATA_FOLDER / "sandbox.url", settings.DATA_FOLDER / "sandbox.sqlite3"
    ready.unlink(missing_ok=True)
    arguments = ["manage.py", "stripe_sandbox", "--state", str(state), "--ready-file", str(ready)]
    with running("sandbox", arguments) as background:
        waited_until = time.monotonic() + START_SECONDS
        while not ready.exists():
            background.require_running()
            if time.monotonic() > waited_until:
                raise BackgroundFailed(f"The sandbox did not start; its log: {background.log}")
            time.sleep(0.05)
        yield ready.read_text().strip()


@contextmanager
def worker(stripe_url: str, *, with_beat: bool = False) -> Iterator[Background]:
    """A Celery worker for all queues; with beat it also looks for new work by itself."""
    arguments = ["-m", "celery", "--app", "marketplace.celery", "worker", "--queues", "ingest,generate,attribute,money"]
    # One child: it keeps the one model that this machine needs in memory.
    arguments += ["--concurrency", "1", "--loglevel", "INFO"]
    if with_beat:
        arguments += ["--beat", "--schedule", str(settings.DATA_FOLDER / "beat-schedule")]
    with running("worker", arguments, STRIPE_API_KEY=SANDBOX_KEY, STRIPE_API_BASE=stripe_url) as background:
        yield background
