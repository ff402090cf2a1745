"""Measure how far inspiration estimates are from the truth, for each encoder and method."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from attribution.benchmark.report import (
    ABLATION,
    CURVE_FILE,
    TABLE,
    ablation_as_markdown,
    as_markdown,
    as_svg,
    best_result,
    require_markers,
    write_between_markers,
)
from attribution.benchmark.run import run_ablation, run_benchmark
from attribution.encoders import EncoderUnavailable

README = Path(__file__).parents[2] / "README.md"
SHARED = settings.BASE_DIR.parent / "shared"


class Command(BaseCommand):
    """`benchmark_attribution`: minutes from pixels, seconds once the pictures are embedded; safe to interrupt."""

    help = (
        "Measure every method with every encoder on pictures derived from known sources, and print the table. Without "
        "--photos, photographs are taken from the folder shared/photos beside the project or, where there is none, "
        "works are drawn; without --encoder, the shipped encoder is measured, and CLIP ViT-B/16 where shared/weights "
        "has it."
    )
    requires_system_checks = []  # nothing stored is read

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--encoder", action="append", metavar="RECIPE", default=[], help="name or path; repeatable")
        parser.add_argument("--photos", type=Path, metavar="FOLDER", help="pictures with a manifest.csv")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure for programs")
        parser.add_argument("--write-table", action="store_true", help="rewrite the table in attribution/README.md")
        parser.add_argument(
            "--ablate", action="store_true", help="measure what each part buys instead, with CLIP ViT-B/16"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(soft_wrap=True)
        progress = Progress(
            *Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
        )
        name = ABLATION if options["ablate"] else TABLE
        try:
            if options["write_table"]:
                require_markers(README, name)
            with progress:
                report = _ablation(options, progress) if options["ablate"] else _benchmark(options, progress)
        except (ValueError, FileNotFoundError, EncoderUnavailable) as error:
            raise CommandError(str(error)) from error
        console.print(report.table, markup=False, highlight=False)
        if options["json"]:
            options["json"].write_text(json.dumps(report.figures, indent=1) + "\n")
        if options["write_table"]:
            write_between_markers(README, report.table, name)
            if report.curve:
                (README.parent / "benchmark" / CURVE_FILE).write_text(report.curve, encoding="utf-8")


class _Report(NamedTuple):
    table: str
    figures: list[dict[str, Any]]
    curve: str = ""


def _benchmark(options: dict[str, Any], progress: Progress) -> _Report:
    benchmark = run_benchmark(_photos(options), options["encoder"], _clip_loader(), _folder(), progress)
    best = best_result(benchmark.results)
    figures = [asdict(result) for result in benchmark.results]
    return _Report(as_markdown(benchmark), figures, as_svg(best.encoder, best.curve))


def _ablation(options: dict[str, Any], progress: Progress) -> _Report:
    rows = run_ablation(_photos(options), _clip_loader(), _folder(), progress)
    return _Report(ablation_as_markdown(rows), [asdict(row) for row in rows])


def _photos(options: dict[str, Any]) -> Path | None:
    return options["photos"] or _if_there(SHARED / "photos")


def _clip_loader() -> Path | None:
    return _if_there(SHARED / "weights" / "clip_vitb16.py")


def _folder() -> Path:
    return Path(settings.DATA_FOLDER) / "benchmark"


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None
