"""Open connected accounts for those who are owed money, and say what each still has to do."""

import sys
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils import timezone

from marketplace.models import Contributor
from payouts.core.eligibility import still_asked
from payouts.core.ledger import AccountKind
from payouts.gateway import Gateway, GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import ConnectedAccount, LedgerAccount
from payouts.onboarding import CannotConnect, connect_account, refresh_account, stripe_gateway
from payouts.payees import account_state

SOME_FAILED = 1


class Command(BaseCommand):
    """Safe to run again: an account is opened once. The exit code is 1 where something failed for a contributor."""

    help = (
        "Open a connected account for each contributor with a balance, ask Stripe for the state of all, and print an "
        "onboarding link, valid for minutes, for each of whom Stripe still needs something."
    )

    def handle(self, **options: Any) -> None:
        if not settings.SITE_URL:
            raise CommandError("Set SITE_URL, such as https://example.org: Stripe sends contributors back there.")
        try:
            gateway, at = stripe_gateway(), timezone.now()
            failed = self._open(gateway, at) + self._refresh(gateway, at)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except (GatewayBusy, GatewayMisused, GatewayUnknown) as error:
            raise CommandError(f"Stripe: {error} Run this again once it is mended: nothing is done twice.") from error
        if failed:
            sys.exit(SOME_FAILED)

    def _open(self, gateway: Gateway, at: datetime) -> int:
        """Open the missing accounts; returns how many could not be."""
        owed = LedgerAccount.objects.filter(
            kind=AccountKind.PAYABLE, currency=settings.SETTLEMENT_CURRENCY, balance_micro__gt=0
        )
        without = Contributor.objects.filter(pk__in=owed.values("contributor_id"), connected_account__isnull=True)
        failed = 0
        for contributor in without.order_by("pk"):
            try:
                connect_account(contributor, gateway, at)
            except (CannotConnect, GatewayRejected) as error:
                self.stderr.write(f"{contributor}: no account opened: {error}")
                failed += 1
        return failed

    def _refresh(self, gateway: Gateway, at: datetime) -> int:
        """Ask for the state of every account; returns for how many that failed."""
        failed = 0
        for connected in ConnectedAccount.objects.select_related("contributor").order_by("contributor_id"):
            try:
                self.stdout.write(
                    f"{connected.contributor}: {_state(refresh_account(connected, gateway, at), gateway)}"
                )
            except GatewayRejected as error:
                self.stderr.write(f"{connected.contributor}: {error}")
                failed += 1
        return failed


def _state(connected: ConnectedAccount, gateway: Gateway) -> str:
    if connected.transfers_enabled and not connected.requirements:
        return "can be paid"
    page = settings.SITE_URL.rstrip("/") + reverse("overview")
    link = gateway.onboarding_link(connected.stripe_account_id, return_url=page, refresh_url=page)
    due_at = connected.requirements_due_at
    until = f", until {due_at:%Y-%m-%d %H:%M} UTC" if due_at else ""
    return f"{still_asked(account_state(connected))}{until}: {link}"
