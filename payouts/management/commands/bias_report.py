"""Report who is represented in a training set, and who is resembled and paid beside that."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.model_states import ModelRefused
from marketplace.generator_models import record_bias_report
from payouts.bias import NothingToReport, bias_figures, find_subject
from payouts.bias_report import HTML_FILE, JSON_FILE, card_summary, write_report


class Command(BaseCommand):
    """`bias_report MODEL_OR_SET --output FOLDER [--on-card]`: of the newest version."""

    help = "Write a report on representation, skew and their trend, as HTML with charts and as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subject", metavar="MODEL_OR_SET", help="name of a generator model or of a training set")
        parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
        parser.add_argument(
            "--on-card", action="store_true", help="put its skew and hash on the generator model's card"
        )

    def handle(self, *, subject: str, output: Path, on_card: bool, **options: Any) -> None:
        at = timezone.now()
        try:
            found = find_subject(subject)
            figures = bias_figures(found)
            write_report(figures, output, at)
            if on_card and found.model is None:
                raise NothingToReport(f"{found} is no generator model: only those have cards.")
            if on_card and found.model:
                record_bias_report(found.model, card_summary(figures, output), at.date())
        except (NothingToReport, ModelRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Report: {output / HTML_FILE}\nFigures: {output / JSON_FILE}")
