"""Filling the database with the demo's month, and saying what came of it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from attribution.explain import explain, explanation_html
from marketplace.catalogue import CatalogueError, read_catalogue
from marketplace.core.periods import Month
from marketplace.core.terms import Audience
from marketplace.generators.base import GeneratorUnavailable
from marketplace.generators.remix import MOST_SOURCES
from marketplace.ingest import Ingested, Outcome
from marketplace.models import Asset, Contributor, User
from marketplace.sample_catalogue import write_catalogue
from marketplace.sample_catalogue.unwelcome import write_unwelcome_uploads
from marketplace.services import NoTrainingSet
from marketplace.terms import accept_current_terms
from payouts.demo import incidents
from payouts.demo import month as stages
from payouts.demo.background import SANDBOX_KEY, Background, BackgroundFailed, sandbox, worker
from payouts.demo.database import empty_database, mark_complete
from payouts.demo.show import show
from payouts.demo.summary import Summary, most_instructive_download, summarise
from payouts.gateway import StripeGateway

WORKS_PER_CONTRIBUTOR = 18


def fill(photos: Path | None = None, json_file: Path | None = None) -> None:
    """Empty the demo's database, run the month on the photographs or the sample, and print the summary.

    Raises `CommandError` where the month cannot be run to its end or its books do not balance.
    """
    console = Console(soft_wrap=True)
    started = time.monotonic()
    try:
        if photos is not None:
            read_catalogue(photos)  # before anything is emptied
        empty_database()
        with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), console=console) as progress:
            summary = _Demo(progress).run(photos)
    except (BackgroundFailed, CatalogueError, GeneratorUnavailable, NoTrainingSet, stages.Stalled) as error:
        raise CommandError(str(error)) from error
    show(summary, console)
    explanation = settings.DATA_FOLDER / "explanation.html"
    explanation.write_text(explanation_html(explain(most_instructive_download())))
    console.print(f"Why one download paid whom: {explanation}")
    if json_file:
        json_file.write_text(json.dumps(summary.as_dict(), indent=2))
    if not summary.is_balanced:
        raise CommandError("The books do not balance: see the summary.")
    mark_complete()
    console.print(f"Done in {time.monotonic() - started:.0f} s. `make run` shows it all in a browser.")


def fill_with_people() -> None:
    """Empty the demo's database and give it logins and a policy: a marketplace that nobody has used yet."""
    empty_database()
    call_command("migrate", verbosity=0)
    month = Month.containing(timezone.now()).previous
    stages.hire(month)
    user = User.objects.create_user("contributor", "contributor@example.com")
    Contributor.objects.create(name="Helena Vasconcelos", country="PT", user=user, joined_at=month.start_at)
    accept_current_terms(user, Audience.CONTRIBUTOR, month.start_at)


class _Demo:
    """The stages in their order, with a progress bar and a stopwatch for each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}

    def run(self, photos: Path | None) -> Summary:
        with sandbox() as stripe_url:
            with self._stage("database"):  # before the worker, which connects as a role that is made here
                call_command("migrate", verbosity=0)
            with worker(stripe_url) as background:
                return self._month(photos, background, StripeGateway(SANDBOX_KEY, stripe_url))

    def _month(self, photos: Path | None, background: Background, gateway: StripeGateway) -> Summary:
        month = Month.containing(timezone.now()).previous
        staff = stages.hire(month)
        folder = photos or self._draw()
        with self._stage("import") as report:
            self._tell(stages.import_folder(folder, month.previous.start_at, report))
        _require_enough(folder)
        with self._stage("screening") as report:
            self._tell(stages.import_folder(_unwelcome(), month.previous.start_at, report))
        with self._stage("embed") as report:
            stages.embed_catalogue(background, report)
        with self._stage("generate") as report:
            stages.generate(month, report)
        with self._stage("check copies") as report:
            stages.check_copies(background, report)
        with self._stage("review"):
            stages.review(staff.reviews, month.start_at)
        with self._stage("audit"):
            stages.put_models_on_sale(month, staff)
        with self._stage("sell"):
            stages.sell(month)
            happened = [
                incidents.refuse_a_prompt(staff.buys, staff.reviews, month),
                incidents.tell_of_a_copy(),
                incidents.withdraw(incidents.image_to_withdraw(), month),
                incidents.sell_a_training_set(month),
            ]
        with self._stage("attribute") as report:
            stages.attribute(background, report)
        with self._stage("book") as report:
            stages.book(background, report)
        with self._stage("close"):
            period = stages.close(month, staff, timezone.now())
            stages.collect(period, gateway, timezone.now())
            happened.append(incidents.remove(incidents.image_to_remove(), staff.reviews, month))
            stages.report_bias(timezone.now())
        with self._stage("onboard") as report:
            stages.onboard(gateway, staff, timezone.now(), report)
        with self._stage("pay") as report:
            run = stages.pay(staff, background, timezone.now(), report)
        stages.give_logins()
        return summarise(period, run, gateway, happened, self._seconds)

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


def _require_enough(folder: Path) -> None:
    accepted = Asset.objects.count()
    if accepted < MOST_SOURCES:
        raise CommandError(
            f"The demo needs {MOST_SOURCES} images that are accepted, and of those in {folder} {accepted} were: "
            "add images, or see above why the others were refused."
        )


def _unwelcome() -> Path:
    """Uploads that screening refuses, one of them the bytes of an accepted asset."""
    folder: Path = settings.DATA_FOLDER / "unwelcome" / "Quick Pictures Ltd"
    stolen = Asset.objects.earliest("pk").submission.original
    write_unwelcome_uploads(folder, Path(stolen.path))
    return folder.parent
