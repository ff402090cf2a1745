"""Take back a payout that was sent."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.onboarding import stripe_gateway
from payouts.reversing import reverse_payout
from payouts.runs import RunRefused


class Command(BaseCommand):
    """`reverse_payout PAYOUT`: run it again where it stopped, and nothing is taken back twice."""

    help = "Reverse the transfer of a payout: the money comes back from the contributor's account, and is owed again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("payout_id", type=int, metavar="PAYOUT", help="the number of the payout")

    def handle(self, *, payout_id: int, **options: Any) -> None:
        try:
            payout = reverse_payout(payout_id, stripe_gateway(), timezone.now())
        except (ImproperlyConfigured, RunRefused) as error:
            raise CommandError(str(error)) from error
        except GatewayRejected as error:
            raise CommandError(f"Stripe refused, nothing came back: {error}") from error
        except (GatewayBusy, GatewayMisused, GatewayUnknown) as error:
            raise CommandError(f"Stripe: {error} Run this again: nothing is taken back twice.") from error
        amount = Money(payout.amount_minor, payout.run.currency)
        self.stdout.write(f"Payout {payout_id} is reversed: {amount} came back and {payout.contributor} is owed it.")
