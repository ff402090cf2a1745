"""Record how a dispute ended."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payouts.disputes import settle_dispute
from payouts.models import DisputeOutcome, RevenueEvent
from payouts.money_back import MoneyBackRefused


class Command(BaseCommand):
    """`settle_dispute KEY won|lost`: once."""

    help = "Record that a dispute was won, so that the money is back, or lost, so that it is gone for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", metavar="KEY", help="as it was recorded: the id of the dispute at Stripe")
        parser.add_argument("outcome", choices=[DisputeOutcome.WON, DisputeOutcome.LOST])

    def handle(self, *, key: str, outcome: str, **options: Any) -> None:
        try:
            dispute = RevenueEvent.objects.get(entry__idempotency_key=f"dispute:{key}")
            settle_dispute(dispute, outcome, timezone.now())
        except RevenueEvent.DoesNotExist as error:
            raise CommandError(f"No dispute is recorded as {key}: see record_dispute.") from error
        except MoneyBackRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The dispute {key} is {outcome}.")
