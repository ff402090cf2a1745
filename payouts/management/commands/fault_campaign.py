"""Try to make payout runs pay twice."""

import subprocess
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from payouts.campaign.plan import seeds_of


def seeds(text: str) -> str:
    """Seeds such as 17 or 1-200, as an argument's type."""
    try:
        seeds_of(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    return text


class Command(BaseCommand):
    """`fault_campaign --seeds 1-200`: the exit code is 1 where a seed went wrong.

    It runs in a program of its own, which makes its own database and sandbox in a temporary folder and sees neither the
    key nor the database of this one.
    """

    help = "Pay made-up runs under crashes and faults, in a temporary database, and check that each is paid once."
    requires_system_checks = ()  # nothing of this deployment is used

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seeds", type=seeds, required=True, help="such as 17 or 1-200")

    def handle(self, *, seeds: str, **options: Any) -> None:
        # A session of its own: a signal reaches it once, from here, and it can stop what it started.
        program = subprocess.Popen(
            [sys.executable, "-m", "payouts.campaign", seeds], cwd=settings.BASE_DIR, start_new_session=True
        )
        try:
            code = program.wait()
        finally:
            program.terminate()
            program.wait()
        sys.exit(code)
