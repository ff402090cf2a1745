"""A month from pictures to contributors paid, on the parts that are configured or embedded."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from payouts.demo.database import only_one
from payouts.demo.fill import fill


class Command(BaseCommand):
    """`demo`: empties the demo's database, fills it with a month, and says what came of it."""

    help = "Run a sample month end to end, from import to payout. Empties the demo's database first."
    requires_system_checks = ()  # what an older version left in the database is no matter; migrate checks the new one

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--photos", type=Path, help="a folder or CSV as for import_catalogue, in place of the sample"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        with only_one("demo"):
            fill(options["photos"], options["json"])
