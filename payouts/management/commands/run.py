"""The demo's shop kept running: web server, worker, beat and sandbox, until Ctrl-C."""

import secrets
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from attribution.checks import OTHER_ENCODER, check_encoder
from marketplace.logins import give_second_factor
from marketplace.models import User
from payouts.demo.background import SANDBOX_KEY, BackgroundFailed, running, sandbox, worker
from payouts.demo.database import is_complete, only_one
from payouts.demo.fill import fill, fill_with_people
from payouts.sandbox.levers import pull

LOGINS = ("contributor", "customer", "finance", "finance-second", "reviewer")
WITH_SECOND_FACTOR = ("finance", "finance-second", "reviewer")
CODES_SHOWN = 3
CHECK_SECONDS = 1.0


class Command(BaseCommand):
    """Fills the database with the demo, unless a complete one of this encoder is there; serves it on loopback."""

    help = "Keep the demo's parts running with the web server; prints the URL and logins."
    requires_system_checks = ()  # they run once the database is filled

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--empty", action="store_true", help="empty the demo's database, and serve it with logins and nothing else"
        )

    def handle(self, *, port: int, empty: bool, **options: Any) -> None:
        if not settings.EMBEDDED_DATABASE:
            raise CommandError("This is for embedded parts: see the README for running on services of your own.")
        with only_one("run"):
            if empty:
                fill_with_people()
            elif not is_complete() or any(problem.id == OTHER_ENCODER for problem in check_encoder(None)):
                fill()
            call_command("check", databases=["default"])
            connection.close()
            try:
                self._serve(port)
            except BackgroundFailed as error:
                raise CommandError(str(error)) from error

    def _serve(self, port: int) -> None:
        with sandbox() as stripe_url, worker(stripe_url, with_beat=True) as background:
            address, secret = f"127.0.0.1:{port}", f"whsec_{secrets.token_hex(16)}"
            arguments = ["-m", "gunicorn", "marketplace.wsgi", "--bind", address, "--workers", "1", "--threads", "4"]
            stripe = {"STRIPE_API_KEY": SANDBOX_KEY, "STRIPE_API_BASE": stripe_url, "STRIPE_WEBHOOK_SECRET": secret}
            with running("web", arguments, **stripe) as web:
                pull(stripe_url, "webhooks", url=f"http://{address}/webhooks/stripe/", secret=secret)
                self._print_logins(f"http://{address}/")
                with suppress(KeyboardInterrupt):
                    while True:
                        web.require_running()
                        background.require_running()
                        time.sleep(CHECK_SECONDS)

    def _print_logins(self, url: str) -> None:
        self.stdout.write(f"Tributary runs at {url}; Ctrl-C stops everything. Logins, new at each start:")
        self.stdout.write(f"  {'username':<16} {'password':<14} one-time codes, each for one login")
        for name in LOGINS:
            password = secrets.token_urlsafe(9)
            user = User.objects.get(username=name)
            user.set_password(password)
            user.save(update_fields=["password"])
            codes = give_second_factor(user)[:CODES_SHOWN] if name in WITH_SECOND_FACTOR else ["none is asked"]
            self.stdout.write(f"  {name:<16} {password:<14} {' '.join(codes)}")
        self.stdout.flush()
