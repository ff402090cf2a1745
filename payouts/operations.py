"""How much work waits at each stage and for how long, for whoever keeps the marketplace running."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from attribution.batches import pending_downloads
from attribution.contests import open_contests
from attribution.copies import unchecked
from attribution.embed import pending_assets, pending_generations
from attribution.models import EmbeddingFailure, Encoder, EncoderState
from attribution.sscd import SscdUnavailable
from marketplace.appeals import waiting_submissions
from marketplace.models import Asset, Download, Generation, GenerationRequest, TaskRun, WebhookDelivery
from marketplace.output_checks import waiting_for_review
from marketplace.prompts.deciding import waiting_prompts
from marketplace.removals import open_cases
from payouts.claims import open_claims
from payouts.models import WebhookEvent

LATE = timedelta(minutes=10)
RUNS_MISSED = 3
LEAST_PATIENCE = timedelta(minutes=2)
FAILURES_NAMED = 20
LEDGER_CHECK = "check_ledger"


class Stage(NamedTuple):
    """Work that waits: how much, since when the oldest, and whether people do it, who take longer than workers.

    `key` is for programs and stays as it is; `label` is for people.
    """

    key: str
    label: str
    waiting_count: int
    oldest_at: datetime | None
    by_people: bool = False

    def is_late(self, at: datetime) -> bool:
        """Whether a worker should have done it by now."""
        return not self.by_people and self.oldest_at is not None and self.oldest_at < at - LATE


class TaskState(StrEnum):
    """How a task by the clock went last; one that never ran is new."""

    DONE = "done"
    FAILED = "failed"
    LATE = "late"
    NEW = "new"


class BeatTask(NamedTuple):
    """A task that runs by the clock: how often, and how it went last."""

    label: str
    every: timedelta
    last: TaskRun | None

    def is_late(self, at: datetime) -> bool:
        """Whether it has missed several of its runs; one that never ran is new."""
        patience = max(self.every * RUNS_MISSED, LEAST_PATIENCE)
        return self.last is not None and self.last.ended_at < at - patience

    def state(self, at: datetime) -> TaskState:
        """The one thing to say of it: a failure before lateness."""
        if self.last is None:
            return TaskState.NEW
        if self.last.problem:
            return TaskState.FAILED
        return TaskState.LATE if self.is_late(at) else TaskState.DONE


def stages() -> list[Stage]:
    """Every stage in the order in which work passes it."""
    encoder = Encoder.objects.filter(state=EncoderState.CURRENT).first()
    return [*_by_workers(encoder), *_by_people()]


def _by_workers(encoder: Encoder | None) -> Iterator[Stage]:
    yield _stage(
        "requests_to_generate",
        _("Pictures that customers asked for"),
        GenerationRequest.objects.filter(finished_at=None),
        "requested_at",
    )
    if encoder is not None:
        assets = Asset.objects.exclude(embedding_failures__encoder=encoder)
        yield _stage("images_to_embed", _("Images to embed"), pending_assets(encoder), "ingested_at")
        yield _stage(
            "images_to_compare",
            _("Images to compare with earlier ones"),
            assets.filter(duplicate_check=None),
            "ingested_at",
        )
        yield _stage("generations_to_embed", _("Generations to embed"), pending_generations(encoder), "generated_at")
        yield _stage("generations_to_check", _("Generations to check for copies"), _unchecked(), "generated_at")
        yield _stage("downloads_to_attribute", _("Downloads to attribute"), pending_downloads(encoder), "downloaded_at")
    unbooked = Download.objects.filter(revenue_event=None, currency=settings.SETTLEMENT_CURRENCY)
    yield _stage("downloads_to_book", _("Downloads to book"), unbooked, "downloaded_at")
    from_stripe = WebhookEvent.objects.filter(handled_at=None)
    yield _stage("stripe_webhooks_to_handle", _("Webhooks of Stripe to handle"), from_stripe, "received_at")
    due = WebhookDelivery.objects.filter(next_try_at__lte=Now())
    yield _stage("webhooks_to_send", _("Webhooks to send"), due, "next_try_at")


def _unchecked() -> QuerySet[Generation]:
    """Without SSCD's weights, of which the task's failure tells, those that no method has checked yet."""
    try:
        return unchecked()
    except SscdUnavailable:
        return Generation.objects.filter(copy_checks=None)


def _by_people() -> Iterator[Stage]:
    yield _stage(
        "copies_to_review", _("Possible copies before a reviewer"), waiting_for_review(), "checked_at", by_people=True
    )
    yield _stage("contests_to_decide", _("Contests before a reviewer"), open_contests(), "contested_at", by_people=True)
    yield _stage("claims_to_decide", _("Claims before a reviewer"), open_claims(), "claimed_at", by_people=True)
    yield _stage("removals_to_decide", _("Removal cases before a reviewer"), open_cases(), "opened_at", by_people=True)
    yield _stage(
        "prompts_to_decide", _("Prompts before a reviewer"), waiting_prompts(), "waiting_since", by_people=True
    )
    # Its instants are annotated by aggregation, over which no second aggregate goes.
    uploads = waiting_submissions()
    oldest = uploads.first()
    since = oldest.waiting_since if oldest else None  # type: ignore[attr-defined]
    yield Stage("uploads_to_decide", _("Uploads before a reviewer"), uploads.count(), since, by_people=True)


def _stage(key: str, label: str, waiting: QuerySet[Any], since: str, *, by_people: bool = False) -> Stage:
    sums = waiting.order_by().aggregate(waiting_count=Count("pk", distinct=True), oldest_at=Min(since))
    return Stage(key, label, **sums, by_people=by_people)


def beat_tasks() -> list[BeatTask]:
    """Every task that runs by the clock, with its last run."""
    known = {run.name: run for run in TaskRun.objects.all()}
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return [BeatTask(label, entry["schedule"], known.get(entry["task"])) for label, entry in schedule.items()]


def workers_heard_at() -> datetime | None:
    """When a task by the clock ended last, of which several should every minute; None where none ever did."""
    by_clock = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ended: datetime | None = TaskRun.objects.filter(name__in=by_clock).aggregate(at=Max("ended_at"))["at"]
    return ended


def are_silent(heard_at: datetime | None, at: datetime) -> bool:
    """Whether the workers, last heard at that time, have missed several of their most frequent tasks."""
    return heard_at is None or heard_at < at - LEAST_PATIENCE


def ledger_check() -> TaskRun | None:
    """How `check_ledger` ended last; None where it never ran."""
    return TaskRun.objects.filter(name=LEDGER_CHECK).first()


def failed_webhooks(at: datetime) -> QuerySet[WebhookEvent]:
    """Events that the worker should have handled long ago, the oldest first."""
    return WebhookEvent.objects.filter(handled_at=None, received_at__lt=at - LATE).order_by("pk")[:FAILURES_NAMED]


def failure_counts() -> dict[str, int]:
    """What the current encoder cannot read, and what cannot be attributed with it: nobody tries those again."""
    current = Encoder.objects.filter(state=EncoderState.CURRENT)
    return {
        _("Pictures that cannot be embedded"): EmbeddingFailure.objects.filter(encoder__in=current).count(),
        _("Downloads that cannot be attributed"): Download.objects.filter(
            generation__attribution_failures__encoder__in=current, inspiration_list=None
        ).count(),
    }
