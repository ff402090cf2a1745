"""Lists take as many queries for ten times the rows: nothing is looked up row by row."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.core.periods import Month
from marketplace.core.webhooks import Event
from marketplace.models import Contributor, Customer, Generation, GeneratorModel, User
from marketplace.webhook_outbox import add_endpoint, tell
from payouts.booking import book_downloads
from payouts.closing import approve_close, close_period
from payouts.models import Finding, Payout
from payouts.runs import approve_payout_run, draft_payout_run
from tests.api.asking import Asker
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    SOLD_AT,
    link_copy,
    make_asset,
    make_attributed_downloads,
    make_closed_month,
    make_contributor,
    make_download,
    make_generation,
    make_generator_model,
    make_inspiration_list,
    make_training_set,
    submit,
)

FEW, MANY = 2, 20


def queries(asker: Asker, path: str) -> tuple[int, int]:
    """How many queries a list takes, and how many rows it has."""
    with CaptureQueriesContext(connection) as captured:
        answer = asker.get(path, page_size=200)
    assert answer.status_code == 200
    rows = answer.json()
    return len(captured), len(rows["results"] if isinstance(rows, dict) else rows)


def assert_steady(asker: Asker, path: str, add: Callable[[], object]) -> None:
    """With `FEW` rows and with ten times as many."""
    for _ in range(FEW):
        add()
    asker.get(path)  # what is looked up once, and remembered, is not counted
    few, rows = queries(asker, path)
    assert rows >= FEW
    for _ in range(MANY - FEW):
        add()
    many, more_rows = queries(asker, path)
    assert more_rows >= rows + MANY - FEW
    assert many == few, path


@pytest.fixture
def model(ana: Contributor) -> GeneratorModel:
    make_asset(ana)
    return make_generator_model(make_training_set())


def test_uploads_assets_and_copies(ana: Contributor) -> None:
    numbers: Iterator[int] = iter(range(1_000))
    asker = Asker(ana)
    assert_steady(asker, "submissions/", lambda: submit(ana, f"not a picture {next(numbers)}".encode()))
    assert_steady(asker, "submissions/", lambda: make_asset(ana))
    original = make_asset(ana)
    assert_steady(asker, "assets/", lambda: make_asset(ana))
    assert_steady(asker, "copies/", lambda: link_copy(make_asset(ana), original, JOINED_AT))


def test_generations_models_and_licences(model: GeneratorModel, carla: Customer) -> None:
    asker, names = Asker(carla), iter(range(1_000))
    made: list[Generation] = []
    assert_steady(asker, "generations/", lambda: made.append(make_generation(model)))

    def add_model() -> None:
        name = f"one more {next(names)}"
        make_generator_model(make_training_set(version=name), name)

    assert_steady(asker, "generator-models/", add_model)
    assert_steady(asker, "downloads/", lambda: make_download(carla, made[0]))


def test_earnings_by_download(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> None:
    downloads = make_attributed_downloads([ana, ben], carla, 2)
    asset = ana.assets.get()
    encoder = downloads[0].generation.embeddings.get().encoder
    make_closed_month(fay, finn)
    few, rows = queries(Asker(ana), "earnings/2026-10/downloads/")
    assert rows == 2
    for number in range(MANY):
        sold = make_download(carla, downloads[0].generation, at=SOLD_AT + timedelta(days=31, minutes=number))
        make_inspiration_list(sold, {asset: 400_000}, encoder)
    later = CLOSED_AT + timedelta(days=30)
    book_downloads(later)
    close_period(Month(2026, 11), fay, later)
    approve_close(Month(2026, 11), finn, later)
    many, rows = queries(Asker(ana), "earnings/2026-11/downloads/")
    assert (many, rows) == (few, MANY)
    assert queries(Asker(ana), "statements/")[1] == queries(Asker(ana), "earnings/")[1] == 2


def test_payouts_findings_and_deliveries(ana: Contributor, fay: User, finn: User, carla: Customer) -> None:
    make_attributed_downloads([ana], carla, 1)
    make_closed_month(fay, finn)
    run = draft_payout_run(fay, CLOSED_AT)
    approve_payout_run(run.pk, finn, CLOSED_AT)
    excluded, people = run.payouts.get(), iter(range(1_000))
    asker = Asker(fay)

    def add_payout() -> None:
        Payout.objects.create(
            run=run,
            contributor=make_contributor(f"P{next(people)}", has_login=False),
            state=excluded.state,
            payable_micro=1,
            amount_minor=0,
            reason=excluded.reason,
        )

    def add_finding() -> None:
        Finding.objects.create(
            kind="transfer_missing", subject=str(next(people)), found="Gone.", owner=fay, opened_at=CLOSED_AT
        )

    assert_steady(asker, f"payout-runs/{run.pk}/payouts/", add_payout)
    assert_steady(asker, "findings/", add_finding)
    add_endpoint(fay, "https://example.org/", list(Event), CLOSED_AT)
    assert_steady(asker, "webhook-deliveries/", lambda: tell(Event.PAYOUT_SENT, {fay.pk: {}}, CLOSED_AT))
