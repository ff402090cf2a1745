"""Run today's version of the screen over what was submitted before it."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from marketplace.models import Rescreening
from marketplace.own_generations import hash_generations
from marketplace.rescreening import apply_change, changes, not_rescreened, open_incidents, rescreen_all, stands
from marketplace.screening import SCREEN_VERSION


class Command(BaseCommand):
    """Resumable: stop it at any time, and a second run goes on."""

    help = (
        "Screen all submissions with today's version of the screen, and say what would change. Nothing changes without "
        "--apply; with it, verdicts change to hold, reject or unreadable. What would be accepted is for a reviewer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--apply", action="store_true", help="make the changes")

    def handle(self, *, apply: bool, **options: Any) -> None:
        console = Console(soft_wrap=True)
        while hash_generations(timezone.now()):
            pass
        columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"Screening with version {SCREEN_VERSION}", total=not_rescreened().count())
            for _ in rescreen_all(timezone.now):
                progress.advance(task)
        without_file = not_rescreened()  # all others were screened
        for submission in without_file:
            line = f"submission {submission.pk} ({submission}): its file {submission.original.name} is missing"
            console.print(line, markup=False, highlight=False)
        if apply:
            open_incidents(timezone.now())
        counts: Counter[str] = Counter()
        for change in changes().iterator(chunk_size=1_000):
            kept = stands(change)
            if apply and not kept:
                kept = "" if apply_change(change, timezone.now()) else "a reviewer decided since"
            counts["stays" if kept else f"becomes {change.verdict}"] += 1
            console.print(_line(change, kept), markup=False, highlight=False)
        summary = ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing changes"
        console.print(f"Version {SCREEN_VERSION}: {summary}.")
        if count := len(without_file):
            console.print(f"{count} not screened: put their files back and run this again.")
        if counts and not apply:
            console.print("Nothing was changed. To change it: manage.py rescreen --apply")


def _line(change: Rescreening, kept: str) -> str:
    why = ", ".join(change.reasons) or "nothing found any more"
    submission = change.submission
    line = f"submission {submission.pk} ({submission}): {submission.verdict} -> {change.verdict}, {why}"
    return f"{line}; stays: {kept}" if kept else line
