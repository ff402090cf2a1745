"""Freeze a training set."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.weights import parse_weight
from marketplace.models import TrainingSet
from marketplace.services import freeze_training_set


class Command(BaseCommand):
    """`freeze_training_set NAME VERSION [--weight KEYWORD=FACTOR]…`: all assets with training consent now, for good."""

    help = "Freeze all assets with training consent now into a training set; then give it to a generator model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("set_version", metavar="VERSION")
        parser.add_argument(
            "--weight",
            action="append",
            default=[],
            metavar="KEYWORD=FACTOR",
            help="how often images with a keyword should be shown in training, such as portrait=2.5; once otherwise",
        )

    def handle(self, *, name: str, set_version: str, weight: list[str], **options: Any) -> None:
        if TrainingSet.objects.filter(name=name, version=set_version).exists():
            raise CommandError(f"Training set {name} {set_version} exists and is final: give another version.")
        try:
            weights_ppm = dict(parse_weight(text) for text in weight)
            frozen = freeze_training_set(name, set_version, timezone.now(), weights_ppm)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Training set {frozen}: {frozen.members.count()} assets, frozen.")
