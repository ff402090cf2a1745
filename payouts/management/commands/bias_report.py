"""Report who is represented in a training set, and who is resembled and paid beside that."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payouts.bias import NothingToReport, bias_figures, find_subject
from payouts.bias_report import HTML_FILE, JSON_FILE, write_report


class Command(BaseCommand):
    """`bias_report MODEL_OR_SET --output FOLDER`: of the newest version; changes nothing."""

    help = "Write a report on representation, skew and their trend, as HTML with charts and as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subject", metavar="MODEL_OR_SET", help="name of a generator model or of a training set")
        parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")

    def handle(self, *, subject: str, output: Path, **options: Any) -> None:
        try:
            write_report(bias_figures(find_subject(subject)), output, timezone.now())
        except (NothingToReport, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Report: {output / HTML_FILE}\nFigures: {output / JSON_FILE}")
