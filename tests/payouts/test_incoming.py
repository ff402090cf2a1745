"""Customers' money at Stripe: pending, then available by itself, and both in the equation of the reconciliation."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

import payouts
from marketplace.models import Contributor, Customer, Generation, User
from payouts import reconciliation
from payouts.booking import book_downloads, record_available_funds
from payouts.core.ledger import AccountKind
from payouts.core.reconciling import Cash, FindingKind
from payouts.gateway import Funds, Gateway
from payouts.incoming import list_charges, make_available, watched_from
from payouts.integrity import findings
from payouts.models import Entry, Finding, Order, Posting, RevenueEvent
from payouts.reconciliation import reconcile
from payouts.sandbox import Sandbox
from tests.builders import (
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
)
from tests.payouts.buying import buy, pay, press
from tests.payouts.paying import balance_micro
from tests.payouts.sandbox.client import control

pytestmark = pytest.mark.django_db(transaction=True)

NET_MINOR = 990 - 59


@pytest.fixture
def generation(ana: Contributor, fay: User) -> Generation:
    make_policy()
    make_asset(ana)
    return make_generation(make_generator_model(make_training_set()))


def pending_minor() -> int:
    return -balance_micro(AccountKind.STRIPE_PENDING) // 10_000


def available_minor() -> int:
    return -balance_micro(AccountKind.STRIPE_BALANCE) // 10_000


def told_by_stripe(gateway: Gateway) -> int:
    at = timezone.now()
    return make_available(list_charges(gateway, watched_from(at)), at)


def open_kinds() -> list[str]:
    return list(Finding.objects.filter(resolved_at=None).order_by("pk").values_list("kind", flat=True))


def test_what_stripe_made_available_is_booked_once_and_nothing_before(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    buy(carla, generation, gateway)
    book_downloads(timezone.now())
    assert told_by_stripe(gateway) == 0
    control(sandbox, "available")
    assert told_by_stripe(gateway) == 1
    assert told_by_stripe(gateway) == 0
    assert (pending_minor(), available_minor()) == (0, NET_MINOR)
    assert Entry.objects.filter(kind="funds_available").count() == 1
    assert list(findings()) == []


def test_what_is_not_booked_yet_is_not_made_available_before(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    buy(carla, generation, gateway)
    control(sandbox, "available")
    assert told_by_stripe(gateway) == 0
    book_downloads(timezone.now())
    assert told_by_stripe(gateway) == 1


def test_stripes_clock_makes_it_available_at_midnight_two_days_later(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    buy(carla, generation, gateway)
    control(sandbox, "clock", advance_s=24 * 3600)
    assert gateway.funds("usd") == Funds(available_minor=0, pending_minor=NET_MINOR)
    control(sandbox, "clock", advance_s=24 * 3600)
    assert gateway.funds("usd") == Funds(available_minor=NET_MINOR, pending_minor=0)


def test_pending_is_the_same_at_both_ends_and_so_is_what_is_available_later(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    buy(carla, generation, gateway)
    done = reconcile(gateway, timezone.now())  # which books it
    assert done.pending == Cash(ledger_minor=NET_MINOR, stripe_minor=NET_MINOR, in_flight_minor=0)
    assert done.cash == Cash(0, 0, 0)
    control(sandbox, "available")
    done = reconcile(gateway, timezone.now())
    assert done.pending == Cash(0, 0, 0)
    assert done.cash == Cash(ledger_minor=NET_MINOR, stripe_minor=NET_MINOR, in_flight_minor=0)
    assert open_kinds() == []


def test_what_a_customer_paid_and_nobody_has_told_us_of_is_found_out_before_it_is_compared(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    _, url = press(carla, generation, gateway)
    pay(url)
    assert reconcile(gateway, timezone.now()).pending == Cash(NET_MINOR, NET_MINOR, 0)
    assert RevenueEvent.objects.count() == 1
    assert open_kinds() == []


def test_what_is_paid_and_cannot_be_booked_yet_is_in_flight(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    order = buy(carla, generation, gateway)
    before = order.paid_at
    assert before is not None
    at = before - timedelta(hours=1)  # for our clock it is of the future
    assert reconcile(gateway, at).pending == Cash(0, NET_MINOR, -NET_MINOR)
    control(sandbox, "available")
    assert reconcile(gateway, at).cash == Cash(0, NET_MINOR, -NET_MINOR)
    assert open_kinds() == []


def test_sales_that_did_not_come_through_checkout_open_no_finding(
    carla: Customer, generation: Generation, gateway: Gateway
) -> None:
    make_download(carla, generation, gross_minor=1_000)
    buy(carla, generation, gateway)
    assert reconcile(gateway, timezone.now()).pending == Cash(NET_MINOR, NET_MINOR, 0)
    assert balance_micro(AccountKind.COLLECTED_ELSEWHERE) == -9_700_000
    gateway.top_up(970, "usd", idempotency_key="by bank")
    record_available_funds(970, "by bank", timezone.now())
    assert reconcile(gateway, timezone.now()).cash == Cash(970, 970, 0)
    assert balance_micro(AccountKind.COLLECTED_ELSEWHERE) == 0
    assert open_kinds() == []


@pytest.mark.owner
def test_the_migration_moves_what_was_pending_before_there_was_checkout(
    carla: Customer, generation: Generation, fay: User
) -> None:
    make_download(carla, generation, gross_minor=1_000)
    book_downloads(timezone.now())
    as_before = [line.account_id for line in Posting.objects.filter(account__kind=AccountKind.COLLECTED_ELSEWHERE)]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE payouts_ledgeraccount SET kind = 'stripe_pending' WHERE id = ANY(%s)", [as_before])
        cursor.execute("SET session_replication_role = DEFAULT")
        (migration,) = Path(payouts.__file__).with_name("migrations").glob("????_orders.py")
        cursor.execute(import_module(f"payouts.migrations.{migration.stem}").MOVE_WHAT_WAS_PENDING)
    assert balance_micro(AccountKind.STRIPE_PENDING) == 0
    assert balance_micro(AccountKind.COLLECTED_ELSEWHERE) == -9_700_000
    # The first link hashed an account of another name, which is this test's doing.
    assert [one.check for one in findings()] == ["audit chain"]


def test_a_charge_that_no_order_knows_is_found(carla: Customer, generation: Generation, gateway: Gateway) -> None:
    page = gateway.create_checkout(
        name="Something else",
        amount_minor=500,
        currency="usd",
        success_url="https://tributary.example/",
        cancel_url="https://tributary.example/",
        metadata={},
        expires_at=timezone.now() + timedelta(hours=1),
        idempotency_key="by hand",
    )
    pay(page.url)
    reconcile(gateway, timezone.now())
    assert open_kinds() == [FindingKind.CHARGE_UNKNOWN, FindingKind.PENDING_DIFFERS]
    charge, pending = Finding.objects.order_by("pk")
    assert "of 5.00 USD is at Stripe, and no order of ours was paid by it" in charge.found
    assert "0.00 USD in what is pending at Stripe; Stripe has 4.55 USD pending" in pending.found
    reconcile(gateway, timezone.now() + timedelta(days=3))
    assert open_kinds() == [FindingKind.CHARGE_UNKNOWN, FindingKind.PENDING_DIFFERS], "nobody has cleared it up since"


def test_what_is_paid_while_it_is_compared_is_compared_again_and_nothing_is_found(
    carla: Customer, generation: Generation, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, url = press(carla, generation, gateway)
    compared = reconciliation._compared

    def pay_first(*arguments: object) -> object:
        pay(url)
        return compared(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reconciliation, "_compared", pay_first)
    assert reconcile(gateway, timezone.now()).pending == Cash(NET_MINOR, NET_MINOR, 0)
    assert open_kinds() == []


@pytest.mark.owner
@pytest.mark.parametrize(
    ("deed", "found"),
    [
        ("UPDATE payouts_order SET fee_minor = 58", ["orders are sales", "what is pending is of orders"]),
        (
            "UPDATE payouts_order SET available_by_id = (SELECT min(id) FROM payouts_entry)",
            ["what is pending is of orders"],
        ),
    ],
)
def test_check_ledger_finds_an_order_that_its_sale_or_what_is_pending_contradicts(
    carla: Customer, generation: Generation, gateway: Gateway, deed: str, found: list[str]
) -> None:
    buy(carla, generation, gateway)
    book_downloads(timezone.now())
    assert list(findings()) == []
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(deed)
        cursor.execute("SET session_replication_role = DEFAULT")
    assert [one.check for one in findings()] == found


def test_charges_are_looked_at_from_the_oldest_that_is_not_available_yet(
    carla: Customer, generation: Generation, gateway: Gateway, sandbox: Sandbox
) -> None:
    at = timezone.now()
    assert watched_from(at) == at - timedelta(days=1)
    order = buy(carla, generation, gateway)
    assert watched_from(at + timedelta(days=30)) == order.paid_at
    book_downloads(timezone.now())
    control(sandbox, "available")
    told_by_stripe(gateway)
    assert Order.objects.get().available_by is not None
    assert watched_from(at + timedelta(days=30)) == at + timedelta(days=29)
