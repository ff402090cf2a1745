"""Training consent: what a contributor says of one image or of all, from when on, and of what they upload next.

A set that is being frozen and a consent that is being recorded wait for one another, so that no set has an image of
which a no took effect before it was frozen.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, OuterRef, QuerySet

from marketplace.models import Asset, ConsentDefault, Contributor, TrainingConsent, TrainingSet

LOCK = 7_226_914_302  # of no other advisory lock: who records consent shares it, who freezes holds it alone


class ConsentRefused(ValueError):
    """An answer that cannot be recorded; the message says why."""


@transaction.atomic
def record_consent(assets: QuerySet[Asset], granted: bool, effective_at: datetime, at: datetime) -> int:
    """Record a contributor's yes or no for these images from a time on; returns for how many it is new.

    It replaces earlier answers from then on, announced ones too. An image for which it is what holds and stays so gets
    no second one. It takes effect after every set that is frozen by now. Raises `ConsentRefused` for a time that is
    past.
    """
    if effective_at < at:
        raise ConsentRefused("Consent cannot be changed for the past: choose today or a later day.")
    effective_at = max(effective_at, first_time_after_sets(at))
    answers = [
        TrainingConsent(asset_id=asset_id, granted=granted, effective_at=effective_at, recorded_at=at)
        for asset_id in assets.exclude(pk__in=_already(assets, granted, effective_at)).values_list("pk", flat=True)
    ]
    TrainingConsent.objects.bulk_create(answers, batch_size=5_000)
    return len(answers)


def hold_consents() -> None:
    """Let nobody record consent until the transaction ends: for whoever reads all of it and acts on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def first_time_after_sets(at: datetime) -> datetime:
    """From when on something can hold of no set that is frozen by now: `at` or later.

    Nobody freezes a set until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    newest = TrainingSet.objects.aggregate(newest=Max("frozen_at"))["newest"]
    return at if newest is None else max(at, newest + timedelta(microseconds=1))


def _already(assets: QuerySet[Asset], granted: bool, effective_at: datetime) -> QuerySet[Any, Any]:
    """Images whose newest answer is the same and in effect by then."""
    newest = TrainingConsent.objects.filter(asset=OuterRef("pk")).order_by("-pk")
    same = assets.annotate(answer=newest.values("granted")[:1], since=newest.values("effective_at")[:1])
    return same.filter(answer=granted, since__lte=effective_at).values("pk")


def record_default(contributor: Contributor, granted: bool, at: datetime) -> ConsentDefault:
    """Record what the contributor says of what they upload from now on, unless they say otherwise with an upload."""
    return ConsentDefault.objects.create(contributor=contributor, granted=granted, recorded_at=at)


def default_of(contributor: Contributor) -> bool:
    """What the upload page proposes: the newest answer, and no before the first: nobody agrees by saying nothing."""
    newest = contributor.consent_defaults.order_by("-pk").first()
    return newest is not None and newest.granted
