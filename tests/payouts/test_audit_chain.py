"""The audit chain: written by the database at commit, one link after another, however many post at once."""

import pkgutil
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction

from marketplace.models import Contributor, User
from payouts import migrations
from payouts.closing import approve_close
from payouts.core.ledger import AccountKind, sale
from payouts.integrity import findings
from payouts.models import AuditLink, AuditSubject, Entry, LedgerAccount, Period, StatementRoot
from payouts.posting import post
from tests.builders import CLOSED_AT, OCTOBER
from tests.connections import in_another_connection
from tests.payouts.paying import AT, owe
from tests.payouts.test_ledger import november

FIRST = "0" * 64


def links() -> list[AuditLink]:
    return list(AuditLink.objects.order_by("pk"))


def assert_unbroken() -> None:
    assert [link.pk for link in links()] == list(range(1, len(links()) + 1))
    assert [link.previous_sha256 for link in links()] == [FIRST, *(link.sha256 for link in links()[:-1])]
    assert len({link.sha256 for link in links()}) == len(links())


@pytest.mark.django_db(transaction=True)
def test_each_entry_is_linked_when_its_transaction_commits(ana: Contributor, ben: Contributor) -> None:
    with transaction.atomic():
        owe(ana, 500)
        owe(ben, 700)
        assert links() == []
    assert [(link.subject, link.subject_id) for link in links()] == [
        (AuditSubject.ENTRY, entry.pk) for entry in Entry.objects.order_by("pk")
    ]
    assert_unbroken()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_link_and_no_gap(ana: Contributor) -> None:
    owe(ana, 500, "one")
    with pytest.raises(DatabaseError, match="has no postings"), transaction.atomic():
        Entry.objects.create(kind="sale", period=november(), idempotency_key="empty", posted_at=AT)
    owe(ana, 500, "two")
    assert len(links()) == 2
    assert_unbroken()


@pytest.mark.django_db(transaction=True)
def test_closing_a_month_is_linked_after_its_entries_and_with_its_root(october: Period, finn: User) -> None:
    approve_close(OCTOBER, finn, CLOSED_AT)
    root = StatementRoot.objects.get()
    entries = ["entry", "entry"]  # the pool and the earnings
    assert [link.subject for link in links()] == [
        "entry",
        "period_closing",
        *entries,
        "statement_root",
        "period_closed",
    ]
    assert AuditLink.objects.get(subject=AuditSubject.STATEMENT_ROOT).subject_id == root.pk
    assert_unbroken()


@pytest.mark.owner
@pytest.mark.django_db(transaction=True)
def test_the_chain_takes_nothing_but_what_it_records(ana: Contributor) -> None:
    owe(ana, 500)
    before = links()
    attempts = {
        "INSERT INTO payouts_auditlink (subject, subject_id) VALUES ('entry', 1)": "grows only by what it records",
        "UPDATE payouts_auditlink SET sha256 = previous_sha256": "Cannot update or delete",
        "DELETE FROM payouts_auditlink": "Cannot update or delete",
        "TRUNCATE payouts_auditlink": "append-only",
    }
    for attempt, refusal in attempts.items():
        with pytest.raises(DatabaseError, match=refusal), connection.cursor() as cursor:
            cursor.execute(attempt)
    assert links() == before


@pytest.mark.django_db(transaction=True)
def test_many_that_post_at_once_neither_deadlock_nor_fork_the_chain(ana: Contributor, ben: Contributor) -> None:
    failures: list[BaseException] = []
    sold = sale(1_000, 30, "USD")
    post("sale", november(), "opens-the-accounts", sold, AT)

    def post_often(name: str) -> None:
        for number in range(10):
            with transaction.atomic():
                post("sale", november(), f"{name}:{number}:a", sold[::-1] if name == "b" else sold, AT)
                owe(ben if name == "b" else ana, 1, f"{name}:{number}:b")

    threads = [in_another_connection(lambda name=name: post_often(name), failures) for name in "abc"]  # type: ignore[misc]
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(links()) == Entry.objects.count() == 61
    assert_unbroken()
    assert LedgerAccount.objects.get(kind=AccountKind.PLATFORM_REVENUE).balance_micro == 31 * 10_000_000 - 30


@pytest.mark.owner
@pytest.mark.django_db(transaction=True)
def test_the_migration_links_what_was_there_before_it(october: Period, finn: User, ana: Contributor) -> None:
    approve_close(OCTOBER, finn, CLOSED_AT)
    owe(ana, 500)
    names = [module.name for module in pkgutil.iter_modules(migrations.__path__)]
    migration = import_module(f"payouts.migrations.{next(name for name in names if name.endswith('_audit_chain'))}")
    before = [(link.subject, link.subject_id) for link in links()]
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE payouts_auditlink DISABLE TRIGGER ALL")
            cursor.execute("DELETE FROM payouts_auditlink")
            cursor.execute("ALTER TABLE payouts_auditlink ENABLE TRIGGER ALL")
            cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger_grows_by_its_subjects%'")
            cursor.execute(f"ALTER TABLE payouts_auditlink DISABLE TRIGGER {cursor.fetchone()[0]}")
            cursor.execute(migration.WHAT_IS_THERE)
        after = [(link.subject, link.subject_id) for link in links()]
        found = list(findings())
        transaction.set_rollback(True)
    assert sorted(after) == sorted(before)
    assert after[-1] == (AuditSubject.ENTRY, Entry.objects.latest("pk").pk)
    assert {finding.check for finding in found} == {"earnings are posted"}  # what is owed here was never earned
