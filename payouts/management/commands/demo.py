"""A month from pictures to contributors paid, on the parts that are configured or embedded."""

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from attribution.explain import explanation_html
from marketplace.catalogue import CatalogueError
from marketplace.core.periods import Month
from marketplace.ingest import Ingested, Outcome
from marketplace.models import Asset
from marketplace.sample_catalogue import write_catalogue
from marketplace.sample_catalogue.unwelcome import write_unwelcome_uploads
from payouts.demo import month as stages
from payouts.demo.background import SANDBOX_KEY, sandbox, worker
from payouts.demo.show import show
from payouts.demo.summary import Summary, most_instructive_download, summarise
from payouts.gateway import StripeGateway

MARKER = "holds-a-demo"
WORKS_PER_CONTRIBUTOR = 18


class Command(BaseCommand):
    """`demo`: empties the demo's database, fills it with a month, and says what came of it."""

    help = "Run a sample month end to end, from import to payout. Empties the demo's database first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--photos", type=Path, help="a folder or CSV as for import_catalogue, in place of the sample"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(soft_wrap=True)
        folder = options["photos"]
        if folder is not None and not folder.exists():
            raise CommandError(f"{folder} does not exist: name a folder of images or a CSV.")
        started = time.monotonic()
        _empty_database()
        try:
            with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=console) as progress:
                summary = _Demo(progress).run(folder)
        except CatalogueError as error:
            raise CommandError(str(error)) from error
        show(summary, console)
        explanation = settings.DATA_FOLDER / "explanation.html"
        explanation.write_text(explanation_html(most_instructive_download()))
        console.print(f"Why one download paid whom: {explanation}")
        console.print(f"Done in {time.monotonic() - started:.0f} s. `make run` shows it all in a browser.")
        if options["json"]:
            options["json"].write_text(json.dumps(summary.as_dict(), indent=2))
        if not summary.is_balanced:
            raise CommandError("The books do not balance: see the summary.")


class _Demo:
    """The stages in their order, with a progress bar and a stopwatch for each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}

    def run(self, photos: Path | None) -> Summary:
        month = Month.containing(timezone.now()).previous
        with sandbox() as stripe_url, worker(stripe_url) as background:
            gateway = StripeGateway(SANDBOX_KEY, stripe_url)
            with self._stage("database"):
                call_command("migrate", verbosity=0)
                staff = stages.hire(month)
            folder = photos or self._draw()
            with self._stage("import") as report:
                self._tell(stages.import_folder(folder, month.previous.start_at, report))
            with self._stage("screening") as report:
                self._tell(stages.import_folder(_unwelcome(), month.previous.start_at, report))
            with self._stage("embed") as report:
                stages.embed_catalogue(background, report)
            with self._stage("generate") as report:
                stages.generate(month, report)
            with self._stage("sell"):
                stages.sell(month)
            with self._stage("attribute") as report:
                stages.attribute(background, report)
            with self._stage("book") as report:
                stages.book(background, report)
            with self._stage("close"):
                period = stages.close(month, staff, timezone.now())
                stages.collect(period, gateway, timezone.now())
            with self._stage("onboard") as report:
                stages.onboard(gateway, timezone.now(), report)
            with self._stage("pay") as report:
                run = stages.pay(staff, background, timezone.now(), report)
            stages.give_logins()
            return summarise(period, run, gateway, self._seconds)

    def _draw(self) -> Path:
        folder: Path = settings.DATA_FOLDER / "sample-catalogue"
        with self._stage("draw") as report:
            write_catalogue(folder, WORKS_PER_CONTRIBUTOR, report=report)
        return folder

    def _tell(self, outcomes: list[tuple[Any, Ingested]]) -> None:
        for item, ingested in outcomes:
            if ingested.outcome is Outcome.REFUSED:
                self._progress.console.print(f"refused {item.path.name}: {ingested.sentence}", markup=False)

    @contextmanager
    def _stage(self, name: str) -> Iterator[stages.Report]:
        task = self._progress.add_task(name, total=None)
        started = time.monotonic()
        yield lambda done, total: self._progress.update(task, completed=done, total=total)
        self._seconds[name] = round(time.monotonic() - started, 2)
        total = self._progress.tasks[task].total or 1
        self._progress.update(task, total=total, completed=total)


def _unwelcome() -> Path:
    """Uploads that screening refuses, one of them the bytes of an accepted asset."""
    folder: Path = settings.DATA_FOLDER / "unwelcome" / "Quick Pictures Ltd"
    stolen = Asset.objects.earliest("pk").submission.original
    write_unwelcome_uploads(folder, Path(stolen.path))
    return folder.parent


def _empty_database() -> None:
    """Empty the database, if it is new or a demo filled it. Raises `CommandError` for any other."""
    marker = settings.DATA_FOLDER / MARKER
    tables = connection.introspection.table_names()
    if tables and not (settings.EMBEDDED_DATABASE and marker.exists()):
        raise CommandError(
            "The demo starts from an empty database, and this one is not empty and was not filled by a demo. "
            "Use `make demo`, or set TRIBUTARY_DATA to a new folder (or DATABASE_URL to a new database)."
        )
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    (settings.DATA_FOLDER / "sandbox.sqlite3").unlink(missing_ok=True)
    marker.touch()
