"""Booking downloads: each once, at the fee of its time, into a month that is still open."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, Download, Generation, User
from payouts.booking import NoPolicy, book_downloads, record_available_funds
from payouts.core.ledger import AccountKind
from payouts.earnings import sale_of
from payouts.models import Entry, LedgerAccount, Period, Policy, RevenueEvent, RevenueKind
from tests.builders import (
    CLOSED_AT,
    JOINED_AT,
    OCTOBER,
    SOLD_AT,
    make_asset,
    make_closed_month,
    make_download,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
)

STUCK_AFTER_SECONDS = 10


@pytest.fixture
def generation(ana: Contributor) -> Generation:
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def balances_micro() -> dict[str, int]:
    return dict(LedgerAccount.objects.values_list("kind", "balance_micro"))


def test_a_download_is_booked_with_its_fee_and_what_is_left(carla: Customer, generation: Generation) -> None:
    make_policy(fee_ppm=30_000)
    download = make_download(carla, generation, gross_minor=1_999)
    assert book_downloads(CLOSED_AT) == 1
    event = RevenueEvent.objects.get(download=download)
    # 3 % of 19.99 is 0.5997: the fee is rounded down to whole cents.
    assert (event.gross_minor, event.fee_minor, event.net_minor, event.currency) == (1_999, 59, 1_940, "USD")
    assert (event.period.month_on.isoformat(), event.occurred_at) == ("2026-10-01", SOLD_AT)
    assert balances_micro() == {
        AccountKind.COLLECTED_ELSEWHERE: -19_400_000,
        AccountKind.FEES: -590_000,
        AccountKind.PLATFORM_REVENUE: 19_990_000,
    }


def test_each_download_is_booked_once_however_often_it_is_asked_for(carla: Customer, generation: Generation) -> None:
    make_policy()
    for _ in range(3):
        make_download(carla, generation)
    assert [book_downloads(CLOSED_AT) for _ in range(3)] == [3, 0, 0]
    assert RevenueEvent.objects.count() == 3
    assert Entry.objects.count() == 1
    assert balances_micro()[AccountKind.PLATFORM_REVENUE] == 30_000_000


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_book_each_download_once(carla: Customer, generation: Generation) -> None:
    make_policy()
    for _ in range(3):
        make_download(carla, generation)
    booked: list[int] = []

    def book() -> None:
        booked.append(book_downloads(CLOSED_AT))
        connection.close()

    with transaction.atomic():
        booked.append(book_downloads(CLOSED_AT))
        other = threading.Thread(target=book)  # while this one has not committed yet
        other.start()
        other.join(STUCK_AFTER_SECONDS)
    other.join()
    assert booked == [3, 0]
    assert RevenueEvent.objects.count() == 3
    assert book_downloads(CLOSED_AT) == 0


def test_what_one_worker_rolled_back_another_books(carla: Customer, generation: Generation) -> None:
    make_policy()
    make_download(carla, generation)
    with transaction.atomic():
        book_downloads(CLOSED_AT)
        transaction.set_rollback(True)
    assert not RevenueEvent.objects.exists()
    assert book_downloads(CLOSED_AT) == 1


def test_the_fee_is_that_of_the_policy_at_the_time_of_the_download(carla: Customer, generation: Generation) -> None:
    make_policy(fee_ppm=30_000)
    Policy.objects.create(effective_at=SOLD_AT, contributor_rate_ppm=400_000, fee_ppm=50_000, threshold_minor=100)
    before = make_download(carla, generation, at=SOLD_AT - timedelta(microseconds=1))
    on_time = make_download(carla, generation, at=SOLD_AT)
    book_downloads(CLOSED_AT)
    fees = dict(RevenueEvent.objects.values_list("download", "fee_minor"))
    assert fees == {before.pk: 30, on_time.pk: 50}


def test_each_download_is_booked_to_its_own_month(carla: Customer, generation: Generation) -> None:
    make_policy()
    last_instant = make_download(carla, generation, at=OCTOBER.end_at - timedelta(microseconds=1))
    first_instant = make_download(carla, generation, at=OCTOBER.end_at)
    book_downloads(CLOSED_AT)
    months = dict(RevenueEvent.objects.values_list("download", "period__month_on"))
    assert {pk: str(month_on) for pk, month_on in months.items()} == {
        last_instant.pk: "2026-10-01",
        first_instant.pk: "2026-11-01",
    }


def test_a_late_download_of_a_closed_month_goes_to_the_open_one(
    carla: Customer, generation: Generation, fay: User, finn: User
) -> None:
    make_policy()
    make_closed_month(fay, finn)
    late = make_download(carla, generation, at=SOLD_AT)
    assert book_downloads(CLOSED_AT) == 1
    event = RevenueEvent.objects.get(download=late)
    assert str(event.period) == "2026-11 USD"
    assert event.occurred_at == SOLD_AT
    assert str(event.entry.period) == "2026-11 USD"


def test_a_late_download_of_a_month_before_the_first_closed_one_goes_to_the_open_one(
    carla: Customer, generation: Generation, fay: User, finn: User
) -> None:
    """A month that nothing was booked to is not opened behind a closed one: it could never be closed in order."""
    make_policy()
    make_closed_month(fay, finn, OCTOBER)
    late = make_download(carla, generation, at=datetime(2026, 9, 25, tzinfo=UTC))
    book_downloads(CLOSED_AT)
    assert str(RevenueEvent.objects.get(download=late).period) == "2026-11 USD"


def test_a_download_of_the_future_waits(carla: Customer, generation: Generation) -> None:
    make_policy()
    make_download(carla, generation, at=CLOSED_AT + timedelta(seconds=1))
    assert book_downloads(CLOSED_AT) == 0
    assert book_downloads(CLOSED_AT + timedelta(seconds=1)) == 1


def test_without_a_policy_nothing_is_booked_and_the_error_says_since_when(
    carla: Customer, generation: Generation
) -> None:
    make_policy()
    make_download(carla, generation)
    make_download(carla, generation, at=JOINED_AT - timedelta(days=40))
    with pytest.raises(NoPolicy, match="No policy was in force at 2026-07-23 08:00 UTC"):
        book_downloads(CLOSED_AT)
    assert not RevenueEvent.objects.exists()
    assert not Entry.objects.exists()
    assert not Period.objects.exists()


def test_funds_that_became_available_are_posted_once_per_key(carla: Customer, generation: Generation) -> None:
    make_policy()
    make_download(carla, generation, gross_minor=1_000)
    book_downloads(CLOSED_AT)
    record_available_funds(970, "stripe:po_1", CLOSED_AT)
    assert balances_micro()[AccountKind.COLLECTED_ELSEWHERE] == 0
    assert balances_micro()[AccountKind.STRIPE_BALANCE] == -9_700_000
    assert Entry.objects.get(idempotency_key="stripe:po_1").period.month_on.month == Month(2026, 11).month
    assert Download.objects.count() == 1


def test_a_download_in_another_currency_is_not_booked_as_ours(
    carla: Customer, generation: Generation, settings: LazySettings
) -> None:
    """It can only be from before the deployment changed its currency."""
    make_policy()
    make_download(carla, generation)
    settings.SETTLEMENT_CURRENCY = "EUR"
    assert book_downloads(CLOSED_AT) == 0
    assert not RevenueEvent.objects.exists()


def event_like(event: RevenueEvent, **differences: object) -> RevenueEvent:
    """Another revenue event, written past our own code."""
    fields = {field.attname: getattr(event, field.attname) for field in RevenueEvent._meta.concrete_fields}
    return RevenueEvent.objects.create(**{**fields, "id": None, **differences})


@pytest.mark.parametrize(
    ("differences", "constraint"),
    [
        ({}, "each_download_is_sold_once"),
        ({"kind": "gift"}, "revenue_kind_is_known"),
        ({"download_id": None}, "revenue_is_of_a_download_or_a_training_set"),
        ({"kind": "dataset_deal", "download_id": None}, "revenue_is_of_a_download_or_a_training_set"),
        ({"gross_minor": -1_000, "fee_minor": -30, "net_minor": -970}, "revenue_has_the_sign_of_its_kind"),
        ({"net_minor": 0}, "gross_is_fee_and_net"),
        ({"kind": "dispute_won", "gross_minor": 0, "fee_minor": 0, "net_minor": 0}, "revenue_has_the_sign_of_its_kind"),
        (
            {"kind": "refund", "gross_minor": -1_000, "fee_minor": -30, "net_minor": -970, "currency": "EUR"},
            "revenue_currency_is_its_periods",
        ),
    ],
)
def test_a_revenue_event_that_cannot_be_is_refused(
    carla: Customer, generation: Generation, differences: dict[str, object], constraint: str
) -> None:
    make_policy()
    make_download(carla, generation)
    book_downloads(CLOSED_AT)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        event_like(RevenueEvent.objects.get(), **differences)


def test_refunds_and_deals_have_a_place_beside_the_sale(carla: Customer, generation: Generation) -> None:
    make_policy()
    download = make_download(carla, generation)
    book_downloads(CLOSED_AT)
    sale = RevenueEvent.objects.get()
    returned = {"gross_minor": -sale.gross_minor, "fee_minor": 0, "net_minor": -sale.gross_minor}
    event_like(sale, kind=RevenueKind.REFUND, origin_period_id=sale.period_id, **returned)
    event_like(sale, kind=RevenueKind.DATASET_DEAL, download_id=None, training_set_id=generation.training_set_id)
    assert sale_of(download) == sale
    assert book_downloads(CLOSED_AT) == 0
