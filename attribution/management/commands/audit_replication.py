"""Audit how often a generator model copies its training set."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.text import slugify
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from attribution.audit import NotAuditable, audit_model
from attribution.audit_report import HTML_FILE, JSON_FILE, write_report
from attribution.core.copies import Tier
from attribution.embed import EncoderNotHere
from attribution.encoders import EncoderUnavailable
from attribution.sscd import SscdUnavailable
from marketplace.models import GeneratorModel


class Command(BaseCommand):
    """`audit_replication MODEL`: the newest version of the model; safe to interrupt, and checks nothing twice."""

    help = (
        "Compare everything that a generator model has generated with its training set, and write a report with the "
        "pictures. A model can only be put on sale after it: make it on as many generations as the interval asks for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="name of a generator model")
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="default: a new folder below the data folder")

    def handle(self, *, model: str, out: Path | None, **options: Any) -> None:
        newest = GeneratorModel.objects.filter(name=model).order_by("-created_at", "-pk").first()
        if newest is None:
            known = ", ".join(GeneratorModel.objects.values_list("name", flat=True).distinct()) or "none"
            raise CommandError(f"There is no generator model {model!r}. Known: {known}.")
        at = timezone.now()
        folder = out or settings.DATA_FOLDER / "audits" / f"{slugify(str(newest))}-{at:%Y%m%d-%H%M%S}"
        console = Console(soft_wrap=True)
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=Console(stderr=True)) as progress:
                task = progress.add_task("Checking for copies", total=None)
                audit = audit_model(
                    newest, timezone.now, lambda done, total: progress.update(task, completed=done, total=total)
                )
            write_report(audit, newest, folder, at)
        except (NotAuditable, EncoderUnavailable, EncoderNotHere, SscdUnavailable, OSError) as error:
            raise CommandError(str(error)) from error
        _show(audit.figures, console)
        console.print(f"Report: {folder / HTML_FILE}\nFigures: {folder / JSON_FILE}", highlight=False)


def _show(figures: dict[str, Any], console: Console) -> None:
    table = Table(title=f"Replication audit of {figures['model']['name']} {figures['model']['version']}")
    for heading in ("", "Count", "Rate", "95 % interval", "Flagged of unrelated"):
        table.add_column(heading, justify="right" if heading else "left")
    for tier in Tier:
        rate, false = figures["tiers"][tier], figures["unrelated"]["tiers"][tier]
        table.add_row(
            tier.replace("_", " "),
            f"{rate['count']} of {rate['n']}",
            f"{rate['rate']:.2%}",
            f"{rate['low']:.2%} to {rate['high']:.2%}",
            f"{false['count']} of {false['n']}",
        )
    console.print(table)
    for name, key in (
        ("Nearest training image", "similarity"),
        ("… normalised", "normalised_similarity"),
        ("Training images among themselves", "background_similarity"),
    ):
        spread = ", ".join(f"{percentile} {value:.2f}" for percentile, value in figures[key].items())
        console.print(f"{name}: {spread}", highlight=False)
    console.print(f"Unrelated: {figures['unrelated']['pictures']}", highlight=False)
