"""What every test gets, and the people whom tests are about."""

from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker, Settings

from attribution.months import add_months
from marketplace.models import Contributor, Customer, User
from tests.builders import CLOSED_AT, JOINED_AT, OCTOBER, make_contributor, make_customer, make_finance, make_user

LOCAL_CACHE = "django.core.cache.backends.locmem.LocMemCache"


def _empty_tables(test: TransactionTestCase) -> None:
    """Clean up after a test that commits: our triggers refuse to truncate, and only a superuser can silence them."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        _fixture_teardown(test)
        cursor.execute("SET session_replication_role = DEFAULT")


_fixture_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
TransactionTestCase._fixture_teardown = _empty_tables  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The tables, with the partitions of the months that tests are about."""
    with django_db_blocker.unblock():
        add_months(JOINED_AT)
        add_months(OCTOBER.start_at)
        add_months(CLOSED_AT)


@pytest.fixture(autouse=True, scope="session")
def _static_files() -> None:
    """The folder of collected static files, whose absence is a warning; tests read those files from the source."""
    project_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def _files_and_passwords(settings: Settings, tmp_path: Path) -> None:
    """Each test's files and cache are its own, and hashing passwords takes no time."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.CACHES = {"default": {"BACKEND": LOCAL_CACHE, "LOCATION": str(tmp_path)}}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ana(db: None) -> Contributor:
    """A contributor."""
    return make_contributor("Ana")


@pytest.fixture
def ben(db: None) -> Contributor:
    """Another contributor."""
    return make_contributor("Ben")


@pytest.fixture
def carla(db: None) -> Customer:
    """A customer."""
    return make_customer("Carla")


@pytest.fixture
def fay(db: None) -> User:
    """A finance person."""
    return make_finance("fay")


@pytest.fixture
def finn(db: None) -> User:
    """A second finance person."""
    return make_finance("finn")


@pytest.fixture
def rita(db: None) -> User:
    """A reviewer."""
    return make_user("rita", "reviewer")


@pytest.fixture
def rob(db: None) -> User:
    """A second reviewer."""
    return make_user("rob", "reviewer")
