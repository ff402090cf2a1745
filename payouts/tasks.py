"""Celery tasks of the money: each finds its work in rows, so it may run twice or be lost without harm."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from payouts import booking, checkout, reconciliation, removals, sending, webhooks
from payouts.core.states import UNSETTLED_ORDERS, RunState
from payouts.models import Order, PayoutRun, WebhookEvent
from payouts.onboarding import stripe_gateway

HEARD_OF = timedelta(minutes=5)  # after which an order's return or webhook is not waited for any more


@shared_task
def book_downloads() -> None:
    """Book new downloads; calls itself again while there are more."""
    if booking.book_downloads(timezone.now()):
        book_downloads.delay()


@shared_task
def settle_removals() -> None:
    """Take back what removed images earned in months that are closed."""
    removals.settle_removals(timezone.now())


@shared_task
def send_payout_run(run_id: int) -> None:
    """Send the next payouts of an approved run, or of one that stopped; calls itself again while there are more."""
    with sending.problem_shown(run_id):
        run = sending.send_next_payouts(run_id, stripe_gateway(), timezone.now())
    if run.state == RunState.SETTLED:
        reconcile.delay(run_id)
    elif sending.sendable(run, timezone.now()).exists():
        send_payout_run.delay(run_id)


@shared_task
def send_waiting_runs() -> None:
    """Go on with runs that stand still and need nobody: Stripe failed, or transfers of unknown fate have waited."""
    for run_id in sending.standing_still(timezone.now()):
        send_payout_run.delay(run_id)


@shared_task
def handle_webhooks() -> None:
    """Handle what Stripe sent and nobody has handled yet."""
    if WebhookEvent.objects.filter(handled_at=None).exists():
        webhooks.handle_events(stripe_gateway(), timezone.now())


@shared_task
def look_up_orders() -> None:
    """Ask Stripe about orders that nothing was heard of for a while."""
    at = timezone.now()
    if Order.objects.filter(state__in=UNSETTLED_ORDERS, opened_at__lte=at - HEARD_OF).exists():
        checkout.look_up_unsettled(stripe_gateway(), at, at - HEARD_OF)


@shared_task
def reconcile(run_id: int | None = None) -> None:
    """Compare Stripe's list with the payouts and the ledger: of one run or, every night, of all."""
    if run_id is not None or PayoutRun.objects.exists() or Order.objects.exists():
        run = None if run_id is None else PayoutRun.objects.get(pk=run_id)
        reconciliation.reconcile(stripe_gateway(), timezone.now(), run)
