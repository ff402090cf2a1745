"""Change the encoder without downtime."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from attribution.encoders import EncoderUnavailable, find_recipe
from attribution.models import EmbeddingFailure
from attribution.reembed import NotReady, begin, catch_up, finish


class Command(BaseCommand):
    """Resumable: stop it at any time, and a second run goes on. Run it on several machines to share the work."""

    help = (
        "Build another encoder beside the current one: embed all assets and generations, build the index, verify it, "
        "and only then switch. Lists of the past stay as they are. The recipe's files must be at the same path for "
        "every worker, or ENCODER_RECIPE name them there."
    )
    requires_system_checks = ()  # the way out where the current encoder's files are lost

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("recipe", help="a recipe's name in attribution/recipes, or the path of a recipe file")

    def handle(self, *, recipe: str, **options: Any) -> None:
        console = Console(soft_wrap=True)
        try:
            encoder = begin(find_recipe(recipe), timezone.now())
            columns = (*Progress.get_default_columns()[:-1], MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=console) as progress:
                task = progress.add_task(f"Embedding with {encoder}", total=None)
                catch_up(encoder, timezone.now, lambda done, total: progress.update(task, completed=done, total=total))
            console.print("Building the index and comparing it with the exact search.")
            retired, recall = finish(encoder, timezone.now)
        except (EncoderUnavailable, NotReady, ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        unreadable = EmbeddingFailure.objects.filter(encoder=encoder).count()
        measured = recall or "not measured, there is no generation yet"
        console.print(f"Recall of the preview: {measured}. Pictures that it cannot read: {unreadable}.")
        console.print(f"{encoder} is the current encoder. Set ENCODER_RECIPE={recipe}, so that checks agree.")
        console.print(f"When you are sure of it: manage.py drop_encoder {retired.fingerprint[:12]}")
