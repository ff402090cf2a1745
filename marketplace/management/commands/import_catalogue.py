"""Import a folder or a CSV of contributors' images."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress

from marketplace.catalogue import CatalogueError, read_catalogue
from marketplace.ingest import Outcome, ingest

SOME_REFUSED = 1


class Command(BaseCommand):
    """Resumable: a second run changes nothing. The exit code is 1 where files were refused, 2 where none was read."""

    help = (
        "Import images: a folder with one sub-folder per contributor, or a CSV with the columns file, contributor, "
        "title, keywords (separated by ;), licence and optionally captured_at, country, training_consent (yes or no; "
        "yes where absent: import only what its contributors agreed to). "
        "A folder with a manifest.csv is read through it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="FOLDER_OR_CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listed = read_catalogue(options["source"])
        except CatalogueError as error:
            raise CommandError(str(error), returncode=2) from error
        counts = dict.fromkeys(Outcome, 0)
        console = Console(soft_wrap=True)
        with Progress(console=console) as progress:
            task = progress.add_task("Importing", total=len(listed))
            for item in listed:
                result = ingest(item, timezone.now())
                counts[result.outcome] += 1
                if result.sentence:
                    path = os.fsencode(item.path).decode(errors="backslashreplace")
                    console.print(f"refused {path}: {result.sentence}", markup=False, highlight=False)
                progress.advance(task)
        console.print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
        if counts[Outcome.REFUSED]:
            sys.exit(SOME_REFUSED)
