"""Celery tasks of the marketplace: each finds its work in rows and does a limited part of it."""

from celery import shared_task
from django.utils import timezone

from marketplace import webhook_sending
from marketplace.api import once


@shared_task
def send_webhooks() -> None:
    """Send what endpoints wait for; calls itself again while there is more."""
    if webhook_sending.send_due(timezone.now):
        send_webhooks.delay()


@shared_task
def forget_answers() -> None:
    """Delete what repeated requests are answered and what became of webhooks, once nobody asks any more."""
    once.forget_answers(timezone.now())
    webhook_sending.forget_deliveries(timezone.now())
