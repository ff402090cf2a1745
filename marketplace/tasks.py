"""Celery tasks of the marketplace: each finds its work in rows and does a limited part of it."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from marketplace import mailing, reports, requesting, webhook_sending
from marketplace.api import once
from marketplace.prompts import retention

MAILS_AT_ONCE = 100


@shared_task
def make_generations() -> None:
    """Make the next picture that a customer asked for; calls itself again while there are more."""
    if requesting.make_next(timezone.now()):
        make_generations.delay()


@shared_task
def delete_old_texts() -> None:
    """Delete the texts of prompts and mail, and the reports of images, whose time is over."""
    retention.delete_prompt_texts(timezone.now())
    reports.delete_reports(timezone.now())
    mailing.forget_texts(timezone.now())


@shared_task
def send_mail() -> None:
    """Send what waits; calls itself again while there is more."""
    if all(mailing.send_next(timezone.now()) for _ in range(MAILS_AT_ONCE)):
        send_mail.delay()


@shared_task
def send_webhooks() -> None:
    """Send what endpoints wait for; calls itself again while there is more."""
    if webhook_sending.send_due(timezone.now):
        send_webhooks.delay()


@shared_task
def forget_answers() -> None:
    """Delete what nobody asks for any more: answers to repeated requests, what became of webhooks, ended sessions."""
    once.forget_answers(timezone.now())
    webhook_sending.forget_deliveries(timezone.now())
    SessionStore.clear_expired()
