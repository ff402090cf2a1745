"""Record that a customer got money back."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from marketplace.models import Download
from payouts.money_back import MoneyBackRefused
from payouts.refunds import record_refund


class Command(BaseCommand):
    """`record_refund DOWNLOAD AMOUNT_MINOR --key KEY`: once per key."""

    help = "Record that Stripe refunded a download, in minor units: its month's pool, or who was paid, gives it back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("download_id", type=int, metavar="DOWNLOAD", help="the number of the download")
        parser.add_argument("amount_minor", type=int, metavar="AMOUNT_MINOR")
        parser.add_argument("--key", required=True, help="what names this at Stripe: the id of the refund")

    def handle(self, *, download_id: int, amount_minor: int, key: str, **options: Any) -> None:
        try:
            refund = record_refund(Download.objects.get(pk=download_id), amount_minor, key, timezone.now())
        except Download.DoesNotExist as error:
            raise CommandError(f"There is no download {download_id}.") from error
        except MoneyBackRefused as error:
            raise CommandError(str(error)) from error
        amount = Money(amount_minor, refund.currency)
        self.stdout.write(f"{amount} of download {download_id} went back, recorded as {key} {refund.told}.")
