"""Record what somebody paid for a training set."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from marketplace.models import TrainingSet
from payouts.deals import DealRefused, record_dataset_deal


class Command(BaseCommand):
    """`record_dataset_deal NAME VERSION AMOUNT_MINOR --fee-minor FEE --key KEY`: once per key."""

    help = "Record a lump sum for a training set, in minor units, which all who have assets in it share at the close."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("set_version", metavar="VERSION")
        parser.add_argument("amount_minor", type=int, metavar="AMOUNT_MINOR", help="what was paid, fee included")
        parser.add_argument("--fee-minor", type=int, required=True, help="what Stripe kept of it")
        parser.add_argument("--key", required=True, help="what names this deal, such as the id of the charge at Stripe")

    def handle(
        self, *, name: str, set_version: str, amount_minor: int, fee_minor: int, key: str, **options: Any
    ) -> None:
        try:
            training_set = TrainingSet.objects.get(name=name, version=set_version)
            deal = record_dataset_deal(training_set, amount_minor, fee_minor, key, timezone.now())
        except TrainingSet.DoesNotExist as error:
            raise CommandError(f"There is no training set {name} {set_version}.") from error
        except DealRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{Money(amount_minor, deal.currency)} for {training_set}, recorded as {key} {deal.told}.")
