"""Attribution batches: inspiration lists of downloads that have none yet."""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from itertools import islice

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from attribution.attribute import GENERATIONS_AT_ONCE, CannotAttribute, attribute_each
from attribution.core.shares import METHOD, VERSION, EnergyParameters, Shares
from attribution.embed import current_encoder
from attribution.groups import copies_in, date_of_lists
from attribution.lists import add_daily_shares, write_lists
from attribution.models import (
    AttributionBatch,
    AttributionFailure,
    EmbeddingFailure,
    Encoder,
    GenerationEmbedding,
    Method,
)
from attribution.months import add_months
from attribution.selectors import training_sets_not_compared, training_sets_not_embedded
from marketplace.models import Download

logger = logging.getLogger(__name__)

PARAMETERS = EnergyParameters()
DOWNLOADS_AT_ONCE = 20_000

Report = Callable[[int], None]


def attribute_downloads(at: datetime, report: Report = lambda done: None) -> int:
    """Write the inspiration lists of up to 20,000 downloads; returns for how many that is settled.

    Downloads are claimed by row locks that a killed worker loses, and all that is written becomes visible at once, so
    each is attributed exactly once. `report` is called with the number of those done since it was last called.
    A generation whose shares cannot be computed holds up only its own downloads: see `AttributionFailure`.
    """
    encoder = current_encoder(at)
    add_months(at)
    with transaction.atomic():
        at = date_of_lists(at)
        _hold(encoder)
        by_training_set: dict[int, list[Download]] = defaultdict(list)
        for download in _claim(encoder):
            by_training_set[download.generation.training_set_id].append(download)
        batches = [
            _attribute_batch(training_set_id, downloads, encoder, at, report)
            for training_set_id, downloads in sorted(by_training_set.items())
        ]
        add_daily_shares([batch.pk for batch in batches])
    return sum(batch.download_count + batch.failed_count for batch in batches)


def _hold(encoder: Encoder) -> None:
    """Make whoever wants to drop the encoder's vectors wait: lists that need them are on their way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM attribution_encoder WHERE id = %s FOR KEY SHARE", [encoder.pk])


def pending_downloads(encoder: Encoder) -> QuerySet[Download]:
    """Downloads without an inspiration list that can get one now.

    The others wait until their generation and the whole training set of its model are embedded, and all of the set is
    searched for near-duplicates, but for pictures that cannot be read: what is not embedded yet would earn nothing, and
    a copy that is not found yet would earn.
    """
    embedded, unreadable, failed = (
        Exists(model._default_manager.filter(encoder=encoder, generation=OuterRef("generation")))
        for model in (GenerationEmbedding, EmbeddingFailure, AttributionFailure)
    )
    downloads = Download.objects.filter(embedded | unreadable, ~failed, inspiration_list__isnull=True)
    return downloads.exclude(generation__training_set__in=training_sets_not_embedded(encoder)).exclude(
        generation__training_set__in=training_sets_not_compared(encoder)
    )


def _claim(encoder: Encoder) -> QuerySet[Download]:
    """Lock pending downloads, and only then see which of them another worker has just finished."""
    pending = pending_downloads(encoder).select_for_update(skip_locked=True, no_key=True, of=("self",))
    locked_ids = list(pending.order_by("pk").values_list("pk", flat=True)[:DOWNLOADS_AT_ONCE])
    unfinished = Download.objects.filter(pk__in=locked_ids, inspiration_list__isnull=True)
    return unfinished.select_related("generation").order_by("pk")


def _attribute_batch(
    training_set_id: int, downloads: list[Download], encoder: Encoder, at: datetime, report: Report
) -> AttributionBatch:
    by_generation: dict[int, list[Download]] = defaultdict(list)
    for download in downloads:
        by_generation[download.generation_id].append(download)
    batch = AttributionBatch(
        pk=_next_batch_id(),
        encoder=encoder,
        method=energy_method(),
        training_set_id=training_set_id,
        download_count=len(downloads),
        finished_at=at,
    )
    copies = copies_in(training_set_id, at)
    found = attribute_each(sorted(by_generation), training_set_id, encoder, PARAMETERS, copies)
    while some := list(islice(found, GENERATIONS_AT_ONCE)):
        write_lists(
            batch.pk,
            [
                (download, shares)
                for generation_id, shares in some
                if isinstance(shares, Shares)
                for download in by_generation[generation_id]
            ],
        )
        failures = [(pk, failure) for pk, failure in some if isinstance(failure, CannotAttribute)]
        _record_failures(failures, encoder, at)
        batch.failed_count += sum(len(by_generation[generation_id]) for generation_id, _ in failures)
        report(sum(len(by_generation[generation_id]) for generation_id, _ in some))
    batch.download_count -= batch.failed_count
    batch.save(force_insert=True)
    return batch


def _next_batch_id() -> int:
    """The lists are written before the batch that they belong to, which says how many they are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [AttributionBatch._meta.db_table])
        return int(cursor.fetchone()[0])


def _record_failures(failures: list[tuple[int, CannotAttribute]], encoder: Encoder, at: datetime) -> None:
    for generation_id, failure in failures:
        logger.error("Generation %d cannot be attributed: %s", generation_id, failure)
    AttributionFailure.objects.bulk_create(
        [
            AttributionFailure(generation_id=generation_id, encoder=encoder, reason=str(failure), failed_at=at)
            for generation_id, failure in failures
        ],
        ignore_conflicts=True,  # another worker may have met the same generation
    )


def energy_method() -> Method:
    """The method and parameters that lists are computed with today."""
    method, _ = Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=asdict(PARAMETERS))
    return method
