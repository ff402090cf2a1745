"""Web servers and workers connect as a role that can add to the books and do everything else, but change no book."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.management import call_command
from django.db import ProgrammingError, connection, models, transaction
from django.test import Client

from attribution.months import add_months
from attribution.preview import create_index
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.checks import check_database_role
from payouts.closing import approve_close, close_period
from payouts.core.ledger import funds_available
from payouts.database_role import ROLE, RoleNotMade, grant_rights
from payouts.gateway import StripeGateway
from payouts.models import (
    AuditLink,
    Earning,
    Entry,
    LedgerAccount,
    PayoutRun,
    Policy,
    Posting,
    Reconciliation,
    RevenueEvent,
    Reversal,
    Statement,
    StatementRoot,
    Transfer,
)
from payouts.posting import period_of, post
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import send_next_payouts
from tests.builders import CLOSED_AT, OCTOBER, make_attributed_downloads, make_encoder
from tests.payouts.paying import AT, make_available, onboard
from tests.payouts.test_pages import log_in

pytestmark = pytest.mark.owner

BOOKS = [
    AuditLink,
    Earning,
    Entry,
    Policy,
    Posting,
    Reconciliation,
    RevenueEvent,
    Reversal,
    Statement,
    StatementRoot,
    Transfer,
]


@contextmanager
def restricted() -> Iterator[None]:
    """What the block does is done by the role."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


@contextmanager
def without_triggers() -> Iterator[None]:
    """No trigger of ours runs in the block, not even for a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")


def refused(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", BOOKS)
def test_the_role_can_neither_change_nor_delete_nor_empty_a_book_even_without_triggers(
    model: type[models.Model],
) -> None:
    table, column = model._meta.db_table, model._meta.fields[-1].column
    with without_triggers(), restricted():
        refused(f"UPDATE {table} SET {column} = {column}")
        refused(f"UPDATE {table} SET id = id")
        refused(f"DELETE FROM {table}")
        refused(f"TRUNCATE {table} CASCADE")
        refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_the_role_cannot_become_another_nor_switch_triggers_off() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, "
            "(SELECT count(*) FROM pg_auth_members WHERE member = pg_roles.oid) FROM pg_roles WHERE rolname = %s",
            [ROLE],
        )
        assert cursor.fetchone() == (False, False, False, False, False, 0)
    with restricted():
        refused("SET session_replication_role = replica")
        refused("CREATE TABLE mine (id int)")
        refused("CREATE SCHEMA mine")
        refused("UPDATE payouts_ledgeraccount SET is_floored = false")
        refused("DELETE FROM payouts_ledgeraccount")
        refused("DELETE FROM payouts_payout")
        refused("INSERT INTO django_migrations (app, name, applied) VALUES ('payouts', '9999', now())")


@pytest.mark.django_db(transaction=True)
def test_no_temporary_table_stands_in_for_a_book_where_a_trigger_looks() -> None:
    names = [model._meta.db_table for model in (AuditLink, LedgerAccount, Posting)]
    with restricted(), transaction.atomic():
        entry = post("gift", period_of(OCTOBER), "gift", funds_available(5, "USD"), AT)
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(f"CREATE TEMPORARY TABLE {name} (LIKE {name}) ON COMMIT DROP")
    assert AuditLink.objects.filter(subject="entry", subject_id=entry.pk).exists()


def test_every_append_only_record_is_so_for_the_role(db: None) -> None:
    """Rows of the other apps are claimed by locking them, which takes the right to update one column."""
    for model in apps.get_models():
        if any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ())):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT has_table_privilege(%s, %s, 'UPDATE, DELETE, TRUNCATE'), count(*) FROM pg_attribute "
                    "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
                    "AND has_column_privilege(%s, attrelid, attnum, 'UPDATE')",
                    [ROLE, model._meta.db_table, model._meta.db_table, ROLE],
                )
                claimable = 0 if model._meta.app_label == "payouts" else 1
                assert cursor.fetchone() == (False, claimable), model


@pytest.mark.django_db(transaction=True)
def test_a_whole_month_is_booked_closed_stated_and_paid_under_the_role(
    ana: Contributor,
    ben: Contributor,
    carla: Customer,
    fay: User,
    finn: User,
    gateway: StripeGateway,
    client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with restricted():
        make_attributed_downloads([ana, ben], carla)
        book_downloads(CLOSED_AT)
        close_period(OCTOBER, fay, CLOSED_AT)
        approve_close(OCTOBER, finn, CLOSED_AT)
        for contributor in (ana, ben):
            onboard(contributor, gateway)
        make_available(gateway, 2_000)
        run = approve_payout_run(draft_payout_run(fay, AT).pk, finn, AT)
        send_next_payouts(run.pk, gateway, AT)
        log_in(client, ana)
        assert client.get("/contributor/").status_code == 200
        call_command("check_ledger")
    assert PayoutRun.objects.get().state == "settled"
    assert LedgerAccount.objects.get(kind="payable", contributor=ana).balance_micro < 10_000
    assert "nothing was found" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_the_partitions_and_the_index_that_workers_make_are_made_under_the_role() -> None:
    encoder = make_encoder()
    with restricted():
        add_months(AT.replace(year=2031))
        create_index(encoder)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('attribution_inspirationlist_2031_12'), to_regclass(%s)",
            [f"embedding_hnsw_{encoder.pk}"],
        )
        assert None not in cursor.fetchone()
        cursor.execute(f"DROP INDEX embedding_hnsw_{encoder.pk}")


@pytest.mark.django_db(transaction=True)
def test_an_owner_who_may_make_no_role_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payouts.database_role.ROLE", "tributary_missing")
    with restricted(), pytest.raises(RoleNotMade, match="run once: CREATE ROLE tributary_missing LOGIN"):
        grant_rights(plan=[])


@pytest.mark.django_db(transaction=True)
def test_a_server_that_could_change_the_books_is_warned(settings: LazySettings) -> None:
    settings.EMBEDDED_DATABASE = False
    assert [problem.id for problem in check_database_role(None)] == ["tributary.W203"]
    with restricted():
        assert check_database_role(None) == []
