"""Record money that did not come through checkout and is available at Stripe."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from payouts.booking import record_available_funds
from payouts.models import Entry


class Command(BaseCommand):
    """`record_available_funds AMOUNT_MINOR --key KEY`: once per key."""

    help = (
        "Post that money which did not come through checkout is available at Stripe, in minor units of the "
        "settlement currency."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("amount_minor", type=int, metavar="AMOUNT_MINOR")
        parser.add_argument(
            "--key", required=True, help="what names this at Stripe, such as the id of a balance transaction"
        )

    def handle(self, *, amount_minor: int, key: str, **options: Any) -> None:
        if amount_minor <= 0:
            raise CommandError(f"{amount_minor} cannot become available: give a positive number of minor units.")
        entry_key = f"funds_available:{key}"
        known = Entry.objects.filter(idempotency_key=entry_key).first()
        if known is not None:
            raise CommandError(f"{key} was recorded at {known.posted_at:%Y-%m-%d %H:%M} UTC: nothing was posted.")
        record_available_funds(amount_minor, entry_key, timezone.now())
        self.stdout.write(
            f"{Money(amount_minor, settings.SETTLEMENT_CURRENCY)} available at Stripe, recorded as {key}."
        )
