"""Celery tasks of the money: each finds its work in rows, so it may run twice or be lost without harm."""

from celery import shared_task
from django.utils import timezone

from payouts import booking, sending
from payouts.onboarding import stripe_gateway


@shared_task
def book_downloads() -> None:
    """Book new downloads; calls itself again while there are more."""
    if booking.book_downloads(timezone.now()):
        book_downloads.delay()


@shared_task
def send_payout_run(run_id: int) -> None:
    """Send an approved run, or resume one that stopped half-way."""
    sending.send_payout_run(run_id, stripe_gateway(), timezone.now())
