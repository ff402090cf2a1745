"""Send an approved payout run from here."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from payouts.attempts import UNSENT
from payouts.core.states import RunState, TransitionRefused
from payouts.gateway import GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown
from payouts.models import PayoutRun
from payouts.onboarding import stripe_gateway
from payouts.reconciliation import Moving, reconcile
from payouts.runs import RunRefused, resume_payout_run
from payouts.sending import send_next_payouts, sendable


class Command(BaseCommand):
    """`send_payout_run RUN`: whatever stops it, running it again goes on and pays nobody twice."""

    help = "Send an approved payout run to its end, or resume one that stopped or was paused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run_id", type=int, metavar="RUN", help="the number of the payout run")

    def handle(self, *, run_id: int, **options: Any) -> None:
        if not PayoutRun.objects.filter(pk=run_id).exists():
            raise CommandError(f"There is no payout run {run_id}.")
        try:
            resume_payout_run(run_id)
            run = self._send(run_id)
            if run.state == RunState.SETTLED:
                reconcile(stripe_gateway(), timezone.now(), run)
        except (ImproperlyConfigured, Moving, RunRefused, TransitionRefused) as error:
            raise CommandError(str(error)) from error
        except (GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown) as error:
            raise CommandError(f"Stripe: {error} Run this again to go on: nobody is paid twice.") from error
        if run.state == RunState.SETTLED:
            self.stdout.write(f"{run} is settled.")
        else:
            left = run.payouts.filter(state__in=UNSENT).count()
            self.stdout.write(
                f"{run} waits for {left} transfers of which Stripe failed to say whether it made them: run this again "
                "in half an hour, or let the worker do it."
            )

    def _send(self, run_id: int) -> PayoutRun:
        gateway = stripe_gateway()
        while True:
            run = send_next_payouts(run_id, gateway, timezone.now())
            left, total = run.payouts.filter(state__in=UNSENT).count(), run.payouts.filter(amount_minor__gt=0).count()
            self.stdout.write(f"{total - left} of {total} payouts have ended.")
            if not sendable(run, timezone.now()).exists():
                return run
