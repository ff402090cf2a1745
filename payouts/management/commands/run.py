"""The demo's shop kept running: web server, worker, beat and sandbox, until Ctrl-C."""

import secrets
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from marketplace.models import User
from payouts.demo.background import SANDBOX_KEY, BackgroundFailed, running, sandbox, worker

LOGINS = ("contributor", "customer", "finance", "finance-second")
CHECK_SECONDS = 1.0


class Command(BaseCommand):
    """`run`: fills the database with the demo where it is empty, then serves it on the loopback address."""

    help = "Keep the demo's parts running with the web server; prints the URL and logins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, port: int, **options: Any) -> None:
        if not settings.EMBEDDED_DATABASE:
            raise CommandError("This is for embedded parts: see the README for running on services of your own.")
        if not connection.introspection.table_names():
            call_command("demo")
        call_command("check", databases=["default"])
        connection.close()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with sandbox() as stripe_url, worker(stripe_url, with_beat=True) as background:
            address = f"127.0.0.1:{port}"
            arguments = ["-m", "gunicorn", "marketplace.wsgi", "--bind", address, "--workers", "1", "--threads", "4"]
            with running("web", arguments, STRIPE_API_KEY=SANDBOX_KEY, STRIPE_API_BASE=stripe_url) as web:
                self._print_logins(f"http://{address}/")
                while not stop.wait(CHECK_SECONDS):
                    try:
                        web.require_running()
                        background.require_running()
                    except BackgroundFailed as error:
                        raise CommandError(str(error)) from error

    def _print_logins(self, url: str) -> None:
        self.stdout.write(f"Tributary runs at {url}; Ctrl-C stops everything. Logins, new at each start:")
        for name in LOGINS:
            password = secrets.token_urlsafe(9)
            user = User.objects.get(username=name)
            user.set_password(password)
            user.save(update_fields=["password"])
            self.stdout.write(f"  {name:<16} {password}")
        self.stdout.flush()
