"""Export a training set for a dataset deal."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from marketplace.models import TrainingSet
from payouts.exporting import LEFT_OUT, ExportRefused, export_training_set, find_deal


class Command(BaseCommand):
    """`export_training_set NAME VERSION FOLDER --deal KEY --terms FILE`: safe to interrupt, goes on where it was."""

    help = (
        "Write a new folder with the pictures of a training set, its manifest as CSV and Parquet, checksums, the "
        "deal's terms and who is paid. Images whose consent ended since the set was frozen are left out and listed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("set_version", metavar="VERSION")
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--deal", required=True, metavar="KEY", help="the key of record_dataset_deal")
        parser.add_argument(
            "--terms", required=True, type=Path, metavar="FILE", help="what the buyer agreed to, as text"
        )

    def handle(self, *, name: str, set_version: str, folder: Path, deal: str, terms: Path, **options: Any) -> None:
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            training_set = TrainingSet.objects.get(name=name, version=set_version)
            found = find_deal(training_set, deal)
            with Progress(*columns, console=Console(stderr=True)) as progress:
                task = progress.add_task("Copying pictures", total=None)
                exported = export_training_set(
                    found,
                    terms.read_text(encoding="utf-8"),
                    folder,
                    timezone.now,
                    lambda done, total: progress.update(task, completed=done, total=total),
                )
        except TrainingSet.DoesNotExist as error:
            raise CommandError(f"There is no training set {name} {set_version}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{terms} is no text in UTF-8.") from error
        except (ExportRefused, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{exported.images} images of {training_set} are in {folder}.")
        if exported.left_out:
            self.stdout.write(f"{len(exported.left_out)} were left out, see {LEFT_OUT} there.")
