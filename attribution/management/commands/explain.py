"""Why a download was shared as it was, and whether that can be computed again."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from attribution.explain import Explanation, explain, explanation_html
from attribution.models import InspirationList
from attribution.show import as_document, as_table
from marketplace.models import Download

DIFFERS = 1


class Command(BaseCommand):
    """The exit code is 1 where the recomputed list differs from the stored one by so much as a part per million."""

    help = "Print a download's inspiration list, compute it again from the stored vectors, and say whether it agrees."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("download", type=int, help="the number of the download")
        parser.add_argument("--json", action="store_true", help="print all that it can be checked with, for programs")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write the page, with its pictures inside")

    def handle(self, *, download: int, html: Path | None, **options: Any) -> None:
        found = Download.objects.filter(pk=download).first()
        if found is None:
            raise CommandError(f"There is no download {download}.")
        try:
            explanation = explain(found)
        except InspirationList.DoesNotExist as error:
            raise CommandError(f"Download {download} is not attributed yet: let the workers finish.") from error
        if options["json"]:
            self.stdout.write(json.dumps(as_document(explanation), indent=2))
        else:
            _print(explanation)
        if html:
            html.write_text(explanation_html(explanation), encoding="utf-8")
        if not explanation.agrees:
            sys.exit(DIFFERS)


def _print(explanation: Explanation) -> None:
    stored, batch = explanation.stored, explanation.stored.batch
    console = Console(soft_wrap=True, markup=False, highlight=False)
    title = f"Download {stored.download_id} of generation {stored.download.generation_id}"
    console.print(as_table(title, explanation.inspirations, stored.unattributed_ppm))
    parameters = ", ".join(f"{name} = {value}" for name, value in batch.method.parameters.items())
    console.print(f"Method: {batch.method} ({parameters})")
    console.print(f"Encoder: {batch.encoder.name}, fingerprint {batch.encoder.fingerprint}")
    console.print(f"Training set: {batch.training_set}; batch {batch.pk}, computed at {batch.finished_at.isoformat()}")
    if explanation.agrees:
        console.print("It agrees: computed again from the stored vectors, each share is the same to the ppm.")
    for difference in explanation.differences or ():
        console.print(f"It differs. {difference}")
