"""Freeze a training set."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.models import TrainingSet
from marketplace.services import NoTrainingSet, freeze_training_set


class Command(BaseCommand):
    """`freeze_training_set NAME VERSION`: all assets with training consent now, for good."""

    help = "Freeze all assets with training consent now into a training set; then give it to a generator model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("set_version", metavar="VERSION")

    def handle(self, *, name: str, set_version: str, **options: Any) -> None:
        if TrainingSet.objects.filter(name=name, version=set_version).exists():
            raise CommandError(f"Training set {name} {set_version} exists and is final: give another version.")
        try:
            frozen = freeze_training_set(name, set_version, timezone.now())
        except NoTrainingSet as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Training set {frozen}: {frozen.members.count()} assets, frozen.")
