"""Compare Stripe with our books."""

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from marketplace.core.money import Money
from payouts.core.reconciling import Cash
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import Finding, Reconciliation
from payouts.onboarding import stripe_gateway
from payouts.reconciliation import Moving, reconcile

FINDINGS_OPEN = 1


class Command(BaseCommand):
    """`reconcile`: the exit code is 1 while findings are open."""

    help = "Compare Stripe's list of the last 60 days with the payouts and the ledger, and print what differs."

    def handle(self, **options: Any) -> None:
        try:
            done = reconcile(stripe_gateway(), timezone.now())
        except (ImproperlyConfigured, Moving) as error:
            raise CommandError(str(error)) from error
        except (GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown) as error:
            raise CommandError(f"Stripe: {error} Nothing was compared: run this again.") from error
        self.stdout.write(self._equation(done))
        findings = Finding.objects.filter(resolved_at=None).select_related("owner").order_by("pk")
        for finding in findings:
            self.stdout.write(f"{finding.kind}, for {finding.owner}: {finding.found}")
        if findings:
            sys.exit(FINDINGS_OPEN)

    def _equation(self, done: Reconciliation) -> str:
        return (
            f"{done.transfer_count} transfers compared. Stripe's balance in the ledger "
            f"{_told(done.cash, done.currency, 'available')} Pending in the ledger "
            f"{_told(done.pending, done.currency, 'pending')}"
        )


def _told(equation: Cash, currency: str, adjective: str) -> str:
    parts = (equation.ledger_minor, equation.stripe_minor, equation.in_flight_minor)
    ledger, stripe, in_flight = (Money(part, currency) for part in parts)
    sign = "≠" if equation.difference_minor else "="
    return f"{ledger} {sign} {stripe} {adjective} + {in_flight} in flight."
