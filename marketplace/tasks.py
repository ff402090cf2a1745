"""Celery tasks of the marketplace."""

from celery import shared_task
from django.utils import timezone

from marketplace.prompts import retention


@shared_task
def delete_prompt_texts() -> None:
    """Delete the texts of prompts whose time is over."""
    retention.delete_prompt_texts(timezone.now())
