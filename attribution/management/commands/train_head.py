"""Train a head for an encoder's tiles, and keep it only where it is better than the plain encoder."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from attribution.benchmark.embedding import KeptEncoder
from attribution.benchmark.head import Lessons, Verdict, judge, judged_pictures, lesson_count, trained_head
from attribution.benchmark.photographs import deal_parts, read_folder
from attribution.encoders import EncoderUnavailable, find_recipe
from attribution.recipes import Recipe, write_recipe

LESSONS = Lessons()


class Command(BaseCommand):
    """`train_head RECIPE --output FILE.json`: writes a recipe, or says why not and exits with 1."""

    help = (
        "Train a projection of the tiles on pictures derived from known sources, and compare it with the recipe as it "
        "is on other families of derived pictures, by other authors. Writes the recipe with its head only where that "
        "is better by more than chance. It can be stopped and run again."
    )
    requires_system_checks = []  # nothing stored is read

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recipe", help="a fitted one: a name in attribution/recipes, or a recipe file")
        parser.add_argument("--output", type=Path, metavar="FILE.json", required=True)
        parser.add_argument(
            "--photos",
            type=Path,
            metavar="FOLDER",
            default=settings.BASE_DIR.parent / "shared" / "photos",
            help="pictures with a manifest.csv; without it, those of shared/photos beside the project",
        )

    def handle(self, *, recipe: str, output: Path, photos: Path, **options: Any) -> None:
        if output.suffix != ".json" or output.exists():
            raise CommandError(f"{output} must be a new file that ends in .json.")
        progress = Progress(
            *Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True)
        )
        try:
            with progress:
                verdict = _train(find_recipe(recipe), output, photos, progress)
        except (ValueError, OSError, EncoderUnavailable) as error:
            raise CommandError(str(error)) from error
        for name, errors in (("plain", verdict.plain), ("head", verdict.head)):
            families = ", ".join(f"{family} {error:.3f}" for family, error in errors.items())
            self.stdout.write(f"Share error, {name}: {families}")
        gain = f"The head's gain, mean over these families, is {verdict.gain:+.4f} ± {verdict.error:.4f}"
        if not verdict.wins:
            raise CommandError(
                f"{gain}: it is not better by more than chance. Nothing was written; the plain encoder stays."
            )
        self.stdout.write(
            f"{gain}. Set ENCODER_RECIPE={output.resolve()} in a new installation; "
            f"a running one is changed by manage.py reembed {output.resolve()}"
        )


def _train(recipe: Recipe, output: Path, photos: Path, progress: Progress) -> Verdict:
    parts = deal_parts(read_folder(photos))
    catalogue, queries = judged_pictures(parts, LESSONS)
    task = progress.add_task("Embedding", total=lesson_count(parts, LESSONS) + len(catalogue) + len(queries))
    encoder = KeptEncoder(
        recipe, settings.DATA_FOLDER / "benchmark" / "embeddings", lambda pictures: progress.advance(task, pictures)
    )
    if encoder.statistics is None:
        raise ValueError(f"Recipe {recipe.name} has no statistics: fit it first with manage.py fit_encoder.")
    head = trained_head(encoder, encoder.statistics, parts, LESSONS)
    verdict = judge(encoder, encoder.statistics, head, catalogue, queries)
    if verdict.wins:
        output.parent.mkdir(parents=True, exist_ok=True)
        head.write(output.with_suffix(".npz"))
        write_recipe(replace(recipe, statistics=output.with_suffix(".npz").name), output)
    return verdict
