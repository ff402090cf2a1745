"""Celery tasks of attribution: each finds its work in rows and does a limited part of it."""

from celery import shared_task
from django.utils import timezone

from attribution import batches, copies, duplicates, embed, look_alikes, marks, recall


@shared_task
def embed_assets() -> None:
    """Embed new assets; calls itself again while there are more."""
    if embed.embed_assets(timezone.now()):
        embed_assets.delay()
        find_duplicates.delay()
        find_look_alikes.delay()


@shared_task
def find_duplicates() -> None:
    """Compare new assets with earlier ones; calls itself again while there are more."""
    hashed = duplicates.hash_assets(timezone.now())
    if duplicates.find_duplicates(timezone.now()) or hashed:
        find_duplicates.delay()


@shared_task
def find_look_alikes() -> None:
    """Compare new assets with earlier generations; calls itself again while there are more."""
    if look_alikes.find_look_alikes(timezone.now()):
        find_look_alikes.delay()


@shared_task
def embed_generations() -> None:
    """Embed new generations; calls itself again while there are more."""
    if embed.embed_generations(timezone.now()):
        embed_generations.delay()
        check_copies.delay()


@shared_task
def check_copies() -> None:
    """Check new generations for copies; calls itself again while there are more."""
    if copies.check_copies(timezone.now()):
        check_copies.delay()


@shared_task
def check_marks() -> None:
    """Look for new marks in earlier generations; calls itself again while there are more."""
    if marks.check_marks(timezone.now()):
        check_marks.delay()


@shared_task
def attribute_downloads() -> None:
    """Attribute new downloads; calls itself again while there are more."""
    if batches.attribute_downloads(timezone.now()):
        attribute_downloads.delay()


@shared_task
def measure_preview_recall() -> None:
    """Measure once a day how many of the nearest images the preview finds."""
    recall.measure_preview_recall(timezone.now())
