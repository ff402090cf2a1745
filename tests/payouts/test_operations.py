"""The operator sees what waits, whether workers are at it, and what failed; load balancers ask without a login."""

import logging
from datetime import timedelta
from queue import Queue
from typing import Any

import pytest
from celery import Celery, shared_task
from celery.contrib.testing.worker import start_worker
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from attribution.models import AttributionFailure, EmbeddingFailure, Encoder, EncoderState
from marketplace.celery import app as ours
from marketplace.core.webhooks import Event
from marketplace.models import Contributor, Customer, Generation, TaskRun, User, WebhookDelivery
from marketplace.request_ids import RequestIdFilter, RequestIdMiddleware, current_request_id
from marketplace.task_runs import record_run
from marketplace.webhook_outbox import add_endpoint
from payouts.models import WebhookEvent
from payouts.operations import LATE, LEAST_PATIENCE, LEDGER_CHECK, TaskState, beat_tasks, failure_counts, stages
from tests.builders import (
    JOINED_AT,
    jpeg_bytes,
    make_attributed_downloads,
    make_download,
    make_encoder,
    make_generation,
    make_picture,
    make_user,
    submit,
)

WITHIN_SECONDS = 30


@shared_task(name="tests.fail")
def fail() -> None:
    raise RuntimeError("The disk is full.")


def test_liveness_and_readiness_need_no_login(client: Client, db: None) -> None:
    assert client.get("/healthz").content == b"ok\n"
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"database": "ok", "broker": "ok"})


def test_a_server_whose_broker_is_away_is_not_ready_and_says_so(client: Client, db: None, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"database": "ok", "broker": "does not answer"})
    assert client.get("/healthz").status_code == 200


def test_the_page_counts_what_waits_at_each_stage_with_its_age(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    downloads = make_attributed_downloads([ana, ben], carla)
    counts = {stage.label: stage.waiting_count for stage in stages()}
    assert counts["Downloads to book"] == 3
    assert counts["Downloads to attribute"] == 0
    booked = next(stage for stage in stages() if stage.label == "Downloads to book")
    assert booked.oldest_at == downloads[0].downloaded_at
    assert booked.is_late(booked.oldest_at + LATE + timedelta(seconds=1))
    client.force_login(fay)
    page = client.get("/operations/").content.decode()
    assert "Downloads to book" in page
    assert "book new downloads" in page


def test_the_pages_answer_where_the_weights_of_a_copy_check_are_away(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User, settings: Settings
) -> None:
    make_attributed_downloads([ana, ben], carla)
    settings.SSCD_WEIGHTS = "/away/sscd.pt"
    client.force_login(fay)
    assert client.get("/operations/").status_code == 200
    waiting = figures_of(client.get("/metrics"))['tributary_waiting{stage="generations_to_check"}']
    assert waiting == Generation.objects.filter(copy_checks=None).count() > 0


def test_what_a_retired_encoder_could_not_do_has_not_failed(
    ana: Contributor, ben: Contributor, carla: Customer
) -> None:
    model = make_attributed_downloads([ana, ben], carla)[0].generation.generator_model
    first, second = (make_download(carla, make_generation(model)) for _ in range(2))
    current = Encoder.objects.get()
    retired = Encoder.objects.create(
        name="old", fingerprint="0" * 64, recipe=current.recipe, state=EncoderState.RETIRED, registered_at=JOINED_AT
    )
    for encoder, download in ((current, first), (retired, second)):
        known = {"encoder": encoder, "generation": download.generation, "reason": "broken", "failed_at": JOINED_AT}
        EmbeddingFailure.objects.create(**known)
        AttributionFailure.objects.create(**known)
    assert list(failure_counts().values()) == [1, 1]


def test_the_page_names_webhooks_that_nobody_handled(client: Client, fay: User) -> None:
    late_at = timezone.now() - LATE - timedelta(minutes=1)
    WebhookEvent.objects.create(
        stripe_event_id="evt_late",
        kind="account.updated",
        stripe_object_id="acct_1",
        created_at=late_at,
        received_at=late_at,
    )
    client.force_login(fay)
    assert "evt_late" in client.get("/operations/").content.decode()
    assert "1 webhook not handled" in client.get("/finance/").content.decode()


def figures_of(answer: Any) -> dict[str, float]:
    """Each sample of the answer by its name with labels."""
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_prometheus_reads_the_same_figures_as_the_page(
    client: Client, ana: Contributor, ben: Contributor, carla: Customer, fay: User
) -> None:
    downloads = make_attributed_downloads([ana, ben], carla)
    now = timezone.now()
    record_run("payouts.tasks.book_downloads", now, now, "")
    record_run("payouts.tasks.reconcile", now, now, "Stripe is away.")
    record_run("marketplace.tasks.send_mail", now, now - timedelta(hours=1), "")
    client.force_login(fay)
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    figures = figures_of(answer)
    assert figures["tributary_broker_up"] == 1
    assert {name for name in figures if name.startswith("tributary_queue_messages")} == {
        f'tributary_queue_messages{{queue="{queue}"}}' for queue in ("attribute", "generate", "ingest", "money")
    }
    for stage in stages():
        assert figures[f'tributary_waiting{{stage="{stage.key}"}}'] == stage.waiting_count
    since = figures['tributary_waiting_since_timestamp_seconds{stage="downloads_to_book"}']
    assert since == pytest.approx(downloads[0].downloaded_at.timestamp())
    states = {state: figures[f'tributary_tasks{{state="{state}"}}'] for state in TaskState}
    assert states == {"done": 1, "failed": 1, "late": 1, "new": len(beat_tasks()) - 3}
    ended = figures['tributary_task_ended_timestamp_seconds{task="payouts.tasks.reconcile"}']
    assert ended == pytest.approx(now.timestamp())


def test_each_stage_has_a_key_of_its_own(db: None) -> None:
    make_encoder()
    assert len({stage.key for stage in stages()}) == len(stages()) > 10


def test_held_uploads_and_webhooks_that_are_due_are_counted(
    client: Client, ana: Contributor, ben: Contributor, fay: User
) -> None:
    assert ana.user is not None
    for contributor in (ana, ben):  # the second upload of the same file is held
        submit(contributor, jpeg_bytes(make_picture(1)))
    now = timezone.now()
    endpoint = add_endpoint(ana.user, "https://ana.example/told", [Event.UPLOAD_DECIDED], now)
    for wait in (timedelta(), timedelta(hours=1)):  # the second is not due yet
        WebhookDelivery.objects.create(
            endpoint=endpoint, event=Event.UPLOAD_DECIDED, body="{}", created_at=now, next_try_at=now + wait
        )
    client.force_login(fay)
    figures = figures_of(client.get("/metrics"))
    assert figures['tributary_waiting{stage="uploads_to_decide"}'] == 1
    assert figures['tributary_waiting{stage="webhooks_to_send"}'] == 1


def test_a_broker_that_is_away_costs_its_queues_alone(client: Client, fay: User, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    client.force_login(fay)
    figures = figures_of(client.get("/metrics"))
    assert figures["tributary_broker_up"] == 0
    assert not any(name.startswith("tributary_queue_messages") for name in figures)
    assert figures['tributary_waiting{stage="downloads_to_book"}'] == 0


def test_the_figures_are_for_operators_and_for_whoever_has_the_token(
    client: Client, ana: Contributor, settings: Settings
) -> None:
    def asked(**headers: str) -> int:
        return client.get("/metrics", headers=headers).status_code

    assert asked() == 404
    assert asked(Authorization="Bearer ") == 401  # no token is set
    settings.METRICS_TOKEN = "long and random"
    for wrong in ("", "Bearer ", "Bearer long", "long and random", "Bearer länge"):
        assert asked(Authorization=wrong) == 401, wrong
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).headers["WWW-Authenticate"] == "Bearer"
    assert asked(Authorization="Bearer long and random") == 200
    assert ana.user is not None
    client.force_login(ana.user)
    assert asked() == 404


def test_an_operator_without_a_second_factor_is_told_that_there_is_no_such_page(client: Client, db: None) -> None:
    client.force_login(make_user("new", is_superuser=True, has_second_factor=False))
    assert client.get("/metrics").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_how_the_last_check_of_the_books_ended_is_shown(client: Client, fay: User) -> None:
    client.force_login(fay)
    assert "Never checked" in client.get("/operations/").content.decode()
    assert "tributary_ledger_check_passed" not in figures_of(client.get("/metrics"))
    call_command("check_ledger")
    assert "Nothing is off." in client.get("/operations/").content.decode()
    assert figures_of(client.get("/metrics"))["tributary_ledger_check_passed"] == 1
    run = TaskRun.objects.get(name=LEDGER_CHECK)
    record_run(LEDGER_CHECK, run.started_at, run.ended_at, "2 findings.")
    assert "Something is off" in client.get("/operations/").content.decode()
    figures = figures_of(client.get("/metrics"))
    assert figures["tributary_ledger_check_passed"] == 0
    assert figures["tributary_ledger_check_ended_timestamp_seconds"] == pytest.approx(run.ended_at.timestamp())


def test_the_page_is_for_operators_and_finance_alone(client: Client, ana: Contributor, fay: User) -> None:
    answers = []
    for person in (ana.user, make_user("rita", "reviewer"), make_user("boss", is_superuser=True), fay):
        assert person is not None
        client.force_login(person)
        answers.append(client.get("/operations/").status_code)
    assert answers == [404, 404, 200, 200]


@pytest.mark.django_db
def test_the_last_run_of_each_task_is_kept_with_its_failure() -> None:
    fail.apply()
    failed = TaskRun.objects.get(name="tests.fail")
    assert failed.problem == "The disk is full."
    assert failed.failed_at == failed.ended_at
    record_run("tests.fail", failed.started_at, failed.ended_at + timedelta(seconds=1), "")
    failed.refresh_from_db()
    assert failed.problem == ""
    assert failed.failed_at is not None


@pytest.mark.django_db
def test_a_task_that_missed_its_runs_is_late() -> None:
    now = timezone.now()
    record_run("payouts.tasks.book_downloads", now, now, "")
    task = next(one for one in beat_tasks() if one.label == "book new downloads")
    assert not task.is_late(now + timedelta(seconds=60))
    assert task.is_late(now + timedelta(minutes=3))


def test_workers_are_at_work_while_their_tasks_end_and_silent_after_that(client: Client, fay: User) -> None:
    client.force_login(fay)
    assert "Start one, and beat." in client.get("/operations/").content.decode()
    now = timezone.now()
    record_run("payouts.tasks.book_downloads", now, now - LEAST_PATIENCE - timedelta(seconds=1), "")
    record_run(LEDGER_CHECK, now, now, "")  # a command's, not a worker's
    assert "Start one, and beat." in client.get("/operations/").content.decode()
    record_run("payouts.tasks.book_downloads", now, now, "The disk is full.")  # it failed, and was at it
    page = client.get("/operations/").content.decode()
    assert "at work" in page
    assert "Start one, and beat." not in page


def test_no_worker_is_waited_for(client: Client, fay: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def ping(*args: object, **kwargs: object) -> None:
        raise AssertionError("The page asked the workers.")

    monkeypatch.setattr(ours.control, "broadcast", ping)
    client.force_login(fay)
    assert client.get("/operations/").status_code == 200


def test_every_answer_says_its_request_id_and_takes_over_a_well_formed_one(client: Client, db: None) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-ID": "from-the-proxy.1"}).headers["X-Request-ID"]
        == "from-the-proxy.1"
    )
    made = [client.get("/healthz", headers={"X-Request-ID": "a b\n"}).headers["X-Request-ID"] for _ in range(2)]
    assert len(set(made)) == 2
    assert all(len(one) == 32 for one in made)


@pytest.mark.django_db(transaction=True)
def test_a_task_works_under_the_id_of_the_request_that_sent_it() -> None:
    app, seen = Celery("tests", broker="memory://", set_as_current=False), Queue[str]()

    @app.task(name="tests.see_request_id")
    def see_request_id() -> None:
        seen.put(current_request_id())

    def page(request: HttpRequest) -> HttpResponse:
        see_request_id.delay()
        return HttpResponse()

    try:
        with start_worker(app, pool="solo", perform_ping_check=False):
            RequestIdMiddleware(page)(RequestFactory().get("/", headers={"X-Request-ID": "of-a-page"}))
            assert seen.get(timeout=WITHIN_SECONDS) == "of-a-page"
            see_request_id.delay()
            assert seen.get(timeout=WITHIN_SECONDS) == "-"
    finally:  # a worker makes its app everybody's
        ours.set_current()
        ours.set_default()


def test_each_line_of_the_log_has_the_id() -> None:
    record = logging.LogRecord("any", logging.INFO, "", 0, "message", None, None)
    assert RequestIdFilter().filter(record)
    assert vars(record)["request_id"] == "-"
