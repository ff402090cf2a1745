"""Celery tasks of the marketplace: each finds its work in rows and does a limited part of it."""

from celery import shared_task
from django.utils import timezone

from marketplace import requesting
from marketplace.prompts import retention


@shared_task
def make_generations() -> None:
    """Make the next picture that a customer asked for; calls itself again while there are more."""
    if requesting.make_next(timezone.now()):
        make_generations.delay()


@shared_task
def delete_prompt_texts() -> None:
    """Delete the texts of prompts whose time is over."""
    retention.delete_prompt_texts(timezone.now())
