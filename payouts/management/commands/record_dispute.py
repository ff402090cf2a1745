"""Record that a customer disputes a charge."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from marketplace.models import Download
from payouts.disputes import record_dispute
from payouts.money_back import MoneyBackRefused


class Command(BaseCommand):
    """`record_dispute DOWNLOAD AMOUNT_MINOR --fee-minor FEE --key KEY`: once per key; `settle_dispute` ends it."""

    help = "Record that Stripe took the money of a disputed download, in minor units, until the dispute is settled."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("download_id", type=int, metavar="DOWNLOAD", help="the number of the download")
        parser.add_argument("amount_minor", type=int, metavar="AMOUNT_MINOR")
        parser.add_argument("--fee-minor", type=int, required=True, help="what Stripe charges for the dispute")
        parser.add_argument("--key", required=True, help="what names this at Stripe: the id of the dispute")

    def handle(self, *, download_id: int, amount_minor: int, fee_minor: int, key: str, **options: Any) -> None:
        try:
            download = Download.objects.get(pk=download_id)
            dispute = record_dispute(download, amount_minor, fee_minor, key, timezone.now())
        except Download.DoesNotExist as error:
            raise CommandError(f"There is no download {download_id}.") from error
        except MoneyBackRefused as error:
            raise CommandError(str(error)) from error
        amount = Money(amount_minor, dispute.currency)
        self.stdout.write(f"{amount} of download {download_id} is disputed, recorded as {key} {dispute.told}.")
