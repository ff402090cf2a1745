"""Report who is represented in a training set, and who is resembled and paid beside that."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from attribution.encoders import EncoderUnavailable
from attribution.reader import load_reader
from attribution.recipes import find_recipe
from marketplace.generating import generator_of
from marketplace.generator_models import record_bias_report
from marketplace.generators.base import GenerationFailed, GeneratorUnavailable
from marketplace.models import GeneratorModel, TrainingSet
from payouts.bias import NothingToReport, bias_figures, find_subject
from payouts.bias_report import HTML_FILE, JSON_FILE, PICTURES, card_summary, write_report
from payouts.probes import ProbeSet, find_probe_set
from payouts.probing import probe, probe_figures, training_images


class Command(BaseCommand):
    """`bias_report MODEL_OR_SET --output FOLDER [--probes SET [--reader RECIPE]] [--on-card]`: of the newest version.

    Pictures of probe prompts are kept in the folder: who interrupts and runs it again goes on where it was.
    """

    help = "Write a report on representation, skew and their trend, as HTML with charts and as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subject", metavar="MODEL_OR_SET", help="name of a generator model or of a training set")
        parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
        parser.add_argument(
            "--probes", metavar="SET", help="generate with these prompts and read the pictures: everyday, or a file"
        )
        parser.add_argument(
            "--reader", metavar="RECIPE", default="vit-b-16", help="an encoder that reads text too; default: vit-b-16"
        )
        parser.add_argument(
            "--on-card", action="store_true", help="put its skew and hash on the generator model's card"
        )

    def handle(
        self, *, subject: str, output: Path, probes: str | None, reader: str, on_card: bool, **options: Any
    ) -> None:
        at = timezone.now()
        try:
            found = find_subject(subject)
            if found.model is None and (on_card or probes):
                raise NothingToReport(f"{found} is no generator model: only those have cards and answer prompts.")
            figures = bias_figures(found)
            if found.model and probes:
                figures["probes"] = _probe(found.model, found.training_set, find_probe_set(probes), reader, output)
            write_report(figures, output, at)
            if found.model and on_card:
                record_bias_report(found.model, card_summary(figures, output), at.date())
        except (ValueError, EncoderUnavailable, GeneratorUnavailable, GenerationFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Report: {output / HTML_FILE}\nFigures: {output / JSON_FILE}")


def _probe(
    model: GeneratorModel, training_set: TrainingSet, probe_set: ProbeSet, recipe: str, output: Path
) -> dict[str, Any]:
    reader, generator = load_reader(find_recipe(recipe)), generator_of(model)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        generating = progress.add_task("Generating", total=None)
        probed = probe(
            generator,
            probe_set,
            reader,
            output / PICTURES,
            lambda done, total: progress.update(generating, completed=done, total=total),
        )
        reading = progress.add_task("Reading training images", total=None)
        training = training_images(
            training_set, reader, lambda done, total: progress.update(reading, completed=done, total=total)
        )
    return probe_figures(probe_set, reader, probed, training)
