"""Keep a part of a contributor's balance from being paid out."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money, minor_to_micro
from payouts.holds import HoldRefused, place_hold
from payouts.management.arguments import add_by, contributor_numbered, finance_person


class Command(BaseCommand):
    """`place_hold CONTRIBUTOR AMOUNT_MINOR --reason WHY --by NAME --key KEY`: once per key; `end_hold` ends it."""

    help = "Put so much of what a contributor is owed on hold, in minor units, until somebody releases or takes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contributor_id", type=int, metavar="CONTRIBUTOR", help="the number of the contributor")
        parser.add_argument("amount_minor", type=int, metavar="AMOUNT_MINOR")
        parser.add_argument("--reason", required=True, help="which the contributor reads")
        parser.add_argument("--key", required=True, help="a name for this hold, so that it is placed once")
        add_by(parser)

    def handle(self, *, contributor_id: int, amount_minor: int, reason: str, by: str, key: str, **options: Any) -> None:
        contributor, person = contributor_numbered(contributor_id), finance_person(by)
        amount_micro = minor_to_micro(amount_minor, settings.SETTLEMENT_CURRENCY)
        try:
            hold = place_hold(contributor, amount_micro, reason, person, key, timezone.now())
        except HoldRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{Money(amount_minor, hold.currency)} of {contributor} is on hold: {hold}.")
