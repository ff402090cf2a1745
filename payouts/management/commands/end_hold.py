"""Release what is on hold, or take it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payouts.holds import HoldRefused, end_hold
from payouts.management.arguments import add_by, finance_person
from payouts.models import Hold, HoldEnd


class Command(BaseCommand):
    """`end_hold HOLD released|taken --reason WHY --by NAME`: once."""

    help = "End a hold: what is released is payable again, what is taken stays with the platform."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("hold_id", type=int, metavar="HOLD", help="the number of the hold")
        parser.add_argument("outcome", choices=[HoldEnd.RELEASED, HoldEnd.TAKEN])
        parser.add_argument("--reason", required=True, help="which the contributor reads")
        add_by(parser)

    def handle(self, *, hold_id: int, outcome: str, reason: str, by: str, **options: Any) -> None:
        person = finance_person(by)
        try:
            end_hold(Hold.objects.get(pk=hold_id), outcome, reason, person, timezone.now())
        except Hold.DoesNotExist as error:
            raise CommandError(f"There is no hold {hold_id}.") from error
        except HoldRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Hold {hold_id} is {outcome}.")
