"""A Stripe to pay through, a run to pay, and a month that is closing or closed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import close_period
from payouts.database_role import ROLE
from payouts.gateway import StripeGateway
from payouts.models import PayoutRun, Period
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sandbox import Sandbox, serve
from tests.builders import CLOSED_AT, OCTOBER, make_closed_month, make_policy
from tests.payouts.paying import AT, onboard, owe, sell_one_download
from tests.payouts.sandbox.client import KEY


def _take_role(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")


@pytest.fixture(autouse=True)
def _by_the_role_of_servers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever is tested here is done by the role that cannot change the books, unless the test is marked `owner`."""
    asks = request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames)
    if not asks or request.node.get_closest_marker("owner"):
        yield
        return
    request.getfixturevalue("db")
    _take_role(connection)
    connection_created.connect(_take_role)  # that of another thread too
    yield
    connection_created.disconnect(_take_role)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with serve(tmp_path / "stripe.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def gateway(sandbox: Sandbox) -> StripeGateway:
    return StripeGateway(KEY, sandbox.url)


@pytest.fixture
def run(ana: Contributor, ben: Contributor, fay: User, finn: User, gateway: StripeGateway) -> PayoutRun:
    """An approved run that sends Ana 12.34 and Ben 5.00; both have micro-units left over."""
    make_policy(threshold_minor=100)
    owe(ana, 12_345_678)
    owe(ben, 5_000_001)
    onboard(ana, gateway)
    onboard(ben, gateway)
    return approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)


@pytest.fixture
def october(ana: Contributor, ben: Contributor, carla: Customer, fay: User) -> Period:
    """October while it is closing: one download brought in money for Ana and Ben."""
    sell_one_download(ana, ben, carla)
    book_downloads(CLOSED_AT)
    return close_period(OCTOBER, fay, CLOSED_AT)


@pytest.fixture
def closed_month(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> Period:
    """October, in which one download brought in money for Ana and Ben."""
    sell_one_download(ana, ben, carla)
    return make_closed_month(fay, finn, OCTOBER)
