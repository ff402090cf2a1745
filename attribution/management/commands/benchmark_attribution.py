"""Measure how far inspiration estimates are from the truth, or how well copies are found, for each encoder."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from attribution.benchmark.copying_report import copying_as_markdown
from attribution.benchmark.report import (
    ABLATION,
    COPIES,
    CURVE_FILE,
    PUBLISHED_FILE,
    SHARES,
    ablation_as_markdown,
    as_markdown,
    as_svg,
    best_result,
    published,
    require_markers,
    write_between_markers,
)
from attribution.benchmark.run import run_ablation, run_benchmark, run_copying
from attribution.encoders import EncoderUnavailable

README = Path(__file__).parents[2] / "README.md"
SHARED = settings.BASE_DIR.parent / "shared"


class Command(BaseCommand):
    """`benchmark_attribution`: minutes from pixels, seconds once the pictures are embedded; safe to interrupt."""

    help = (
        "Measure every method with every encoder on pictures derived from known sources, and print the table. Without "
        "--photos, photographs are taken from the folder shared/photos beside the project or, where there is none, "
        "works are drawn; without --encoder, the shipped encoder is measured, and CLIP ViT-B/16 where shared/weights "
        "has it. --table says what else to measure."
    )
    requires_system_checks = []  # nothing stored is read

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--encoder", action="append", metavar="RECIPE", default=[], help="name or path; repeatable")
        parser.add_argument("--photos", type=Path, metavar="FOLDER", help="pictures with a manifest.csv")
        parser.add_argument(
            "--table",
            choices=(SHARES, COPIES, ABLATION),
            default=SHARES,
            help="what to measure: the methods, how well copies are found, or what each part buys (with CLIP ViT-B/16)",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure for programs")
        parser.add_argument("--write-table", action="store_true", help="rewrite the table in attribution/README.md")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(soft_wrap=True)
        progress = Progress(
            *Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
        )
        name = options["table"]
        try:
            if options["write_table"]:
                require_markers(README, name)
            with progress:
                measured = MEASURES[name](
                    options["photos"] or _if_there(SHARED / "photos"),
                    options["encoder"],
                    _if_there(SHARED / "weights" / "clip_vitb16.py"),
                    settings.DATA_FOLDER / "benchmark",
                    progress,
                )
        except (ValueError, FileNotFoundError, EncoderUnavailable) as error:
            raise CommandError(str(error)) from error
        console.print(measured.table, markup=False, highlight=False)
        if options["json"]:
            options["json"].write_text(json.dumps(measured.figures, indent=1) + "\n")
        if options["write_table"]:
            write_between_markers(README, measured.table, name)
            for file, text in measured.beside.items():
                (README.parent / "benchmark" / file).write_text(text, encoding="utf-8")


class Measured(NamedTuple):
    """A table, all figures for programs, and what goes with the table, by file name."""

    table: str
    figures: Any
    beside: dict[str, str]


def _shares(*trial: Any) -> Measured:
    benchmark = run_benchmark(*trial)
    best = best_result(benchmark.results)
    figures = [asdict(result) for result in benchmark.results]
    return Measured(
        as_markdown(benchmark),
        figures,
        {CURVE_FILE: as_svg(best.encoder, best.curve), PUBLISHED_FILE: published(benchmark)},
    )


def _copies(*trial: Any) -> Measured:
    copying = run_copying(*trial)
    return Measured(copying_as_markdown(copying), asdict(copying), {})


def _ablation(*trial: Any) -> Measured:
    rows = run_ablation(*trial)
    return Measured(ablation_as_markdown(rows), [asdict(row) for row in rows], {})


MEASURES = {SHARES: _shares, COPIES: _copies, ABLATION: _ablation}


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None
