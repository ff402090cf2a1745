"""A new encoder without downtime: built beside the current one, verified, then put in its place; the old one dropped.

Nothing is ever compared across two encoders. Until the switch everything is computed with the old one, and each list
says which encoder it is of, so that old lists are recomputed with old vectors. What is uploaded in the last seconds
before the switch is embedded by the workers afterwards, as any upload is, and downloads that need it wait for it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Sum

from attribution.embed import embed_all, pending_until_now
from attribution.models import AttributionBatch, Embedding, Encoder, EncoderState, GenerationEmbedding
from attribution.preview import build_index, drop_index
from attribution.recall import Recall, measure_recall
from attribution.recipes import Recipe

OTHERS_FINISH_WITHIN_SECONDS = 60
ASK_AGAIN_AFTER_SECONDS = 0.5
FINISHING_LOCK = 7_305_801  # any number that no other advisory lock of this database has

Report = Callable[[int, int], None]


class NotReady(RuntimeError):
    """The encoder cannot be built or take over; the message says why, and what to do."""


def begin(recipe: Recipe, at: datetime) -> Encoder:
    """The recipe's encoder, to be built beside the current one; a retired one is taken up again. Raises `NotReady`."""
    if recipe.statistics is None:
        raise NotReady(f"Recipe {recipe.name} has no statistics: fit it first with manage.py fit_encoder.")
    known = {encoder.state: encoder for encoder in Encoder.objects.exclude(state=EncoderState.RETIRED)}
    if EncoderState.CURRENT not in known:
        raise NotReady("There is no encoder yet: ENCODER_RECIPE names the first, and the workers embed with it.")
    if known[EncoderState.CURRENT].fingerprint == recipe.fingerprint:
        raise NotReady(f"Encoder {known[EncoderState.CURRENT]} is the current one already.")
    building = known.get(EncoderState.BUILDING)
    if building and building.fingerprint != recipe.fingerprint:
        raise NotReady(
            f"Encoder {building} is being built: finish it with manage.py reembed, or give it up with "
            f"manage.py drop_encoder {building.fingerprint[:12]}."
        )
    found = {"name": recipe.name, "recipe": recipe.as_dict(), "state": EncoderState.BUILDING}
    encoder, _ = Encoder.objects.update_or_create(
        fingerprint=recipe.fingerprint, defaults=found, create_defaults={**found, "registered_at": at}
    )
    return encoder


def catch_up(encoder: Encoder, clock: Callable[[], datetime], report: Report | None = None) -> None:
    """Embed all assets and generations that are there now; tells `report` how many of how many are done.

    Waits a minute for what another worker is embedding. Raises `NotReady` where some are left then.
    """
    pending = pending_until_now(encoder)
    total = left = sum(kind.count() for kind in pending)
    wait_until = time.monotonic() + OTHERS_FINISH_WITHIN_SECONDS
    while left:
        for settled in embed_all(encoder, *pending, clock):
            left -= settled
            if settled:
                wait_until = time.monotonic() + OTHERS_FINISH_WITHIN_SECONDS
            if report:
                report(total - left, total)
        left = sum(kind.count() for kind in pending)
        if left and time.monotonic() > wait_until:
            raise NotReady(
                f"{left} pictures are not embedded by {encoder}: another reembed has them, or their files are not "
                "there (see the log). Run it again."
            )
        time.sleep(ASK_AGAIN_AFTER_SECONDS if left else 0)


def finish(encoder: Encoder, clock: Callable[[], datetime]) -> tuple[Encoder, Recall | None]:
    """Index what `catch_up` embedded, verify it and put the encoder in the current one's place.

    Returns the retired encoder and the recall of the preview, None where no generation is there to measure it with.
    Raises `NotReady` where pictures are left that it has not tried, or the recall is too low.
    """
    with _only_one():
        encoder.refresh_from_db()
        if encoder.state != EncoderState.BUILDING:
            raise NotReady(f"Another command was quicker: {encoder} is {encoder.state}.")
        build_index(encoder)
        recall = measure_recall(encoder)
        if recall and not recall.is_enough:
            raise NotReady(
                f"The index of {encoder} finds {recall} of the nearest images, and 0.99 are asked for: it does not "
                "take over."
            )
        catch_up(encoder, clock)  # building the index took a while
        return _switch(encoder), recall


@contextmanager
def _only_one() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [FINISHING_LOCK])
        if cursor.fetchone() == (False,):
            raise NotReady("Another reembed is building the index and will switch: there is nothing left to do here.")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [FINISHING_LOCK])


@transaction.atomic
def _switch(encoder: Encoder) -> Encoder:
    retired = Encoder.objects.select_for_update(no_key=True).get(state=EncoderState.CURRENT)
    _set_state(retired, EncoderState.RETIRED)
    _set_state(encoder, EncoderState.CURRENT)
    return retired


def drop_encoder(encoder: Encoder) -> int:
    """Drop the index of an encoder that is not the current one, and its vectors unless lists are recomputed from them.

    Returns how many lists that are. Raises `NotReady` for the current encoder.
    """
    with transaction.atomic():
        # Whoever is still computing lists with it holds this row (see `attribution.batches`): those count, too.
        state = Encoder.objects.select_for_update().get(pk=encoder.pk).state
        if state == EncoderState.CURRENT:
            raise NotReady(f"Encoder {encoder} is the current one: build another with manage.py reembed first.")
        _set_state(encoder, EncoderState.RETIRED)
        batches = AttributionBatch.objects.filter(encoder=encoder)
        list_count: int = batches.aggregate(total=Sum("download_count", default=0))["total"]
        if not list_count:
            Embedding.objects.filter(encoder=encoder).delete()
            GenerationEmbedding.objects.filter(encoder=encoder).delete()
    drop_index(encoder)
    return list_count


def _set_state(encoder: Encoder, state: EncoderState) -> None:
    encoder.state = state
    encoder.save(update_fields=["state"])
