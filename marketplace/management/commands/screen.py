"""Screen files of which nothing is recorded."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from marketplace.images import sha256_hex
from marketplace.ingest import CannotRead, read_picture
from marketplace.own_generations import find_own, judge
from marketplace.screening import confined, unreadable
from marketplace.screening.report import Report


class Command(BaseCommand):
    """Prints a line for each file, whatever is in it."""

    help = (
        "Say what the screening of uploads finds in files: verdict, reason codes and evidence, without recording "
        "anything. Our own generations are found too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="a JSON object a line")

    def handle(self, *, files: list[Path], json: bool, **options: Any) -> None:
        for file in files:
            report = _screen(file, timezone.now())
            self.stdout.write(_as_json(file, report) if json else _in_words(file, report))


def _screen(file: Path, at: datetime) -> Report:
    try:
        data = read_picture(file)
        report = confined.screen(data)
        return report.with_signals(judge(find_own(sha256_hex(data), report.picture), at))
    except CannotRead as error:
        return unreadable("cannot_be_read", f"The file is {error}.")


def _as_json(file: Path, report: Report) -> str:
    return json.dumps(
        {
            "file": str(file),
            "verdict": report.verdict,
            "reasons": report.reasons,
            "evidence": [asdict(signal) for signal in report.signals],
            "version": report.version,
        }
    )


def _in_words(file: Path, report: Report) -> str:
    grounds = (
        f"{signal.reason} ({signal.evidence['field']}: {' '.join(signal.evidence['value'].split())})"
        for signal in report.signals
    )
    return f"{file}: {report.verdict} {', '.join(grounds)}".rstrip()
