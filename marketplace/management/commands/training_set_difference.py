"""Show what changed from one version of a training set to another."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from marketplace.models import TrainingSet
from marketplace.training_sets import training_set_difference


class Command(BaseCommand):
    """`training_set_difference NAME VERSION VERSION`: a line for each image that was added or removed, and why."""

    help = (
        "Show which images the second version of a training set has that the first has not, and which it lost, and why."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("first_version", metavar="VERSION")
        parser.add_argument("second_version", metavar="VERSION")

    def handle(self, *, name: str, first_version: str, second_version: str, **options: Any) -> None:
        first, second = (_find(name, set_version) for set_version in (first_version, second_version))
        try:
            found = training_set_difference(first, second)
        except ValueError as error:
            raise CommandError(str(error)) from error
        for asset_id in found.added:
            self.stdout.write(f"+ image {asset_id}")
        for removed in found.removed:
            self.stdout.write(f"- image {removed.asset_id}: {removed.reason}")
        self.stdout.write(
            f"From {first} to {second}: {len(found.added)} added, {len(found.removed)} removed, {found.kept} kept."
        )


def _find(name: str, set_version: str) -> TrainingSet:
    found = TrainingSet.objects.filter(name=name, version=set_version).first()
    if found is None:
        known = ", ".join(str(one) for one in TrainingSet.objects.order_by("pk")) or "none"
        raise CommandError(f"There is no training set {name} {set_version}. Known: {known}.")
    return found
