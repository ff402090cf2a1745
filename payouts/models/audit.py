"""The audit chain: each link hashes what it records and the link before it, so that nothing of the past can be changed
without breaking it. The database writes it by itself when a transaction commits; see `linked_at_commit`.
"""

import pgtrigger
from django.db import models

from marketplace.triggers import append_only


class AuditSubject(models.TextChoices):
    """What a link records. What it hashes of each is in the SQL function `payouts_audit_content`."""

    ENTRY = "entry"
    PERIOD_CLOSING = "period_closing"
    PERIOD_CLOSED = "period_closed"
    STATEMENT_ROOT = "statement_root"


class AuditLink(models.Model):
    """One link, numbered without gaps by its id."""

    subject = models.CharField(max_length=20, choices=AuditSubject.choices)
    subject_id = models.BigIntegerField()
    content_sha256 = models.CharField(max_length=64, help_text="Of what it records, as it was then.")
    previous_sha256 = models.CharField(max_length=64, unique=True, help_text="Of the link before, so it cannot fork.")
    sha256 = models.CharField(max_length=64, help_text="Of this link's number, its subject and both hashes.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["subject", "subject_id"], name="recorded_once"),)
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="grows_by_its_subjects",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF pg_trigger_depth() < 2 THEN
                    RAISE EXCEPTION 'The audit chain grows only by what it records.';
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="hashes_the_link_before",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("last", "payouts_auditlink")],
                # The lock is taken last, at commit, and held to its end: no two transactions wait for each other by it,
                # and the next one sees this link.
                func="""
                PERFORM pg_advisory_xact_lock(hashtextextended('payouts_auditlink', 0));
                SELECT * INTO last FROM payouts_auditlink ORDER BY id DESC LIMIT 1;
                NEW.id := coalesce(last.id, 0) + 1;
                NEW.previous_sha256 := coalesce(last.sha256, repeat('0', 64));
                NEW.content_sha256 := payouts_audit_content(NEW.subject, NEW.subject_id);
                NEW.sha256 := payouts_audit_sha256(NEW);
                RETURN NEW;
                """,
            ),
        )


def linked_at_commit(
    operation: pgtrigger.Operation, subject: str, condition: pgtrigger.Condition | None = None
) -> pgtrigger.Trigger:
    """A trigger by which the audit chain records a row at commit; `subject` is SQL that names what it is."""
    return pgtrigger.Trigger(
        name="linked_at_commit",
        when=pgtrigger.After,
        operation=operation,
        condition=condition,
        timing=pgtrigger.Deferred,
        func=f"INSERT INTO payouts_auditlink (subject, subject_id) VALUES ({subject}, NEW.id); RETURN NULL;",  # noqa: S608
    )
