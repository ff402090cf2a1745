"""The demo takes turns, and empties nothing that it did not fill."""

from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from marketplace.models import Contributor
from payouts.demo.database import empty_database, is_complete, mark_complete, only_one

pytestmark = pytest.mark.owner

FUNCTION = "CREATE FUNCTION public.theirs() RETURNS integer LANGUAGE sql AS 'SELECT 7'"


@pytest.fixture(autouse=True)
def data(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_FOLDER = tmp_path
    return tmp_path


@pytest.fixture
def without_tables(db: None) -> None:
    """A database without tables, until the test's transaction is rolled back."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def has_tables() -> bool:
    return bool(connection.introspection.table_names())


def test_a_second_command_on_the_same_data_is_refused_and_told_which_one_runs() -> None:
    with only_one("run"), pytest.raises(CommandError, match=r"`manage.py run, pid \d+` is running"), only_one("demo"):
        pass
    with only_one("demo"):
        pass


def test_an_embedded_database_that_a_demo_filled_is_emptied_and_is_not_complete_until_the_next_one_is(
    ana: Contributor, settings: Settings
) -> None:
    settings.EMBEDDED_DATABASE = True
    mark_complete()
    assert is_complete()
    connection.check_constraints()  # what waits for the end of the test's transaction would be in the way
    empty_database()
    assert not has_tables()
    assert not is_complete()


@pytest.mark.django_db
def test_a_demo_of_older_tables_is_not_complete() -> None:
    mark_complete()
    last = MigrationRecorder.Migration.objects.filter(app="payouts").latest("pk")
    MigrationRecorder(connection).record_unapplied("payouts", last.name)
    assert not is_complete()


def test_an_embedded_database_that_holds_somebodys_work_is_left_alone(ana: Contributor, settings: Settings) -> None:
    settings.EMBEDDED_DATABASE = True
    with pytest.raises(CommandError, match="was not filled by a demo"):
        empty_database()
    assert Contributor.objects.get() == ana
    assert not is_complete()


@pytest.mark.django_db
def test_an_embedded_database_that_was_only_migrated_counts_as_empty(settings: Settings) -> None:
    settings.EMBEDDED_DATABASE = True
    empty_database()
    assert not has_tables()


@pytest.mark.django_db
def test_a_configured_database_with_tables_is_left_alone_even_where_a_demo_filled_it(settings: Settings) -> None:
    settings.EMBEDDED_DATABASE = False
    mark_complete()
    with pytest.raises(CommandError, match="is not empty"):
        empty_database()
    assert has_tables()


def test_of_a_configured_database_without_tables_nothing_is_dropped(without_tables: None, settings: Settings) -> None:
    settings.EMBEDDED_DATABASE = False
    with connection.cursor() as cursor:
        cursor.execute(FUNCTION)
        empty_database()
        cursor.execute("SELECT theirs()")
        assert cursor.fetchone() == (7,)
