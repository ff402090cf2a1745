"""`manage.py stripe_sandbox`: the local stand-in for Stripe, until it is told to stop."""

import os
import signal
import sqlite3
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from payouts.sandbox import serve


class Command(BaseCommand):
    help = "Runs a local server that speaks the part of Stripe's API that we use. No money moves."
    # It must run where no database is, so that the demo can start everything at once.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
        parser.add_argument("--state", type=Path, required=True, help="the SQLite file that keeps its state")
        parser.add_argument("--ready-file", type=Path, help="written with the base URL once it listens")

    def handle(self, *, port: int, state: Path, ready_file: Path | None, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        try:
            sandbox = serve(state, port)
        except sqlite3.Error as error:
            raise CommandError(f"{state} cannot be used as the sandbox's state: {error}. Name another file.") from error
        except OSError as error:
            raise CommandError(f"cannot listen on port {port}: {error}. Name another port, or 0 for any.") from error
        with sandbox:
            if ready_file is not None:
                _write_whole(ready_file, sandbox.url)
            self.stdout.write(f"Stripe sandbox at {sandbox.url}, state in {state}; Ctrl-C stops it")
            stop.wait()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def _write_whole(path: Path, text: str) -> None:
    """Write so that a reader sees either no file or all of it."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text)
    os.replace(partial, path)
