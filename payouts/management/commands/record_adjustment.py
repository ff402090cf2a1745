"""Correct what a contributor had of a closed month."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import format_micro
from marketplace.core.periods import Month
from payouts.adjusting import AdjustmentRefused, record_adjustment
from payouts.management import arguments
from payouts.management.arguments import add_by, contributor_numbered, finance_person
from payouts.models import AdjustmentReason


class Command(BaseCommand):
    """`record_adjustment CONTRIBUTOR MONTH AMOUNT_MICRO takedown|appeal --note WHICH --by NAME --key KEY`: once."""

    help = "Take back (a takedown, negative) or credit (a won appeal, positive) micro-units of a closed month."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contributor_id", type=int, metavar="CONTRIBUTOR", help="the number of the contributor")
        parser.add_argument("month", type=arguments.month, metavar="MONTH", help="the closed month, such as 2026-10")
        parser.add_argument("amount_micro", type=int, metavar="AMOUNT_MICRO")
        parser.add_argument("reason", choices=[AdjustmentReason.TAKEDOWN, AdjustmentReason.APPEAL])
        parser.add_argument("--note", required=True, help="which takedown or appeal")
        parser.add_argument("--key", required=True, help="a name for this adjustment, so that it is recorded once")
        add_by(parser)

    def handle(self, *, contributor_id: int, month: Month, amount_micro: int, **options: Any) -> None:
        contributor, person = contributor_numbered(contributor_id), finance_person(options["by"])
        reason, note, key = AdjustmentReason(options["reason"]), options["note"], options["key"]
        try:
            record_adjustment(contributor, amount_micro, month, reason, note, person, key, timezone.now())
        except AdjustmentRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{format_micro(amount_micro)} of {month} for {contributor}, recorded as {key}.")
