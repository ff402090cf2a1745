"""Attribute every download that has no inspiration list yet."""

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from attribution.batches import attribute_downloads, pending_downloads
from attribution.embed import current_encoder
from attribution.models import AttributionFailure

SOME_FAILED = 1


class Command(BaseCommand):
    """Resumable: what a batch has written is there for good. Run it on several machines to share the work."""

    help = (
        "Write inspiration lists, batch by batch, until no download waits for one; generations that failed before are "
        "tried again. The exit code is 1 where some fail."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        encoder = current_encoder(timezone.now())
        failures = AttributionFailure.objects.filter(encoder=encoder)
        failures.delete()
        console = Console(soft_wrap=True)
        columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
        try:
            with Progress(*columns, console=console) as progress:
                task = progress.add_task("Attributing", total=pending_downloads(encoder).count())
                while attribute_downloads(timezone.now(), lambda done: progress.advance(task, done)):
                    pass
        except KeyboardInterrupt:
            console.print("Stopped. The batches that were finished stay; run it again to go on.")
            raise
        for failure in failures.order_by("generation_id"):
            console.print(f"{failure} cannot be attributed: {failure.reason}", markup=False, highlight=False)
        if failures.exists():
            sys.exit(SOME_FAILED)
