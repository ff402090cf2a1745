"""The double-entry ledger. What must hold is enforced by the database: see the trigger beside each record.

Signs: what we owe or have earned is positive, what we own or have spent is negative, so that all accounts sum to zero.
"""

import pgtrigger
from django.db import models

from marketplace.models import Contributor
from marketplace.triggers import append_only
from payouts.models.audit import linked_at_commit
from payouts.models.months import Period


class LedgerAccount(models.Model):
    """One account of the ledger in one currency. Its balance follows its postings and cannot be set by hand."""

    kind = models.CharField(max_length=30)
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, null=True)
    period = models.ForeignKey(Period, on_delete=models.PROTECT, null=True)
    currency = models.CharField(max_length=3)
    is_floored = models.BooleanField(help_text="Never below zero: nobody can be paid what is not there.")
    balance_micro = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "contributor", "period", "currency"], nulls_distinct=False, name="account_once"
            ),
            models.UniqueConstraint(fields=["id", "currency"], name="account_and_currency"),
            models.CheckConstraint(
                condition=models.Q(is_floored=False) | models.Q(balance_micro__gte=0),
                name="floored_balance_not_negative",
            ),
        )
        triggers = (
            pgtrigger.Trigger(
                name="starts_at_zero",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="NEW.balance_micro := 0; RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="balance_follows_postings",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF TG_OP = 'DELETE' OR pg_trigger_depth() < 2 THEN
                    RAISE EXCEPTION 'A ledger account changes only through postings.';
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.contributor_id or self.period_id or ''} {self.currency}"


class Entry(models.Model):
    """A balanced set of postings, written once under a unique key and never changed."""

    kind = models.CharField(max_length=30)
    period = models.ForeignKey(Period, on_delete=models.PROTECT)
    origin_period = models.ForeignKey(
        Period,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The closed period that an adjustment is about.",
    )
    idempotency_key = models.CharField(max_length=200, unique=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True)
    posted_at = models.DateTimeField()
    xact_id = models.BigIntegerField(
        default=0, help_text="The database transaction that wrote it, set by the database."
    )

    class Meta:
        verbose_name_plural = "entries"
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="stamped_with_its_transaction",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("period_state", "text")],
                # The lock waits for a closing that has not committed, and lets a later one wait for this entry.
                func="""
                SELECT state INTO period_state FROM payouts_period WHERE id = NEW.period_id FOR SHARE;
                IF period_state = 'closed' THEN
                    RAISE EXCEPTION 'The period of entry % is closed: post to the open one.', NEW.idempotency_key;
                END IF;
                NEW.xact_id := pg_current_xact_id()::text::bigint;
                RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="has_postings_at_commit",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                timing=pgtrigger.Deferred,
                func="""
                IF NOT EXISTS (SELECT FROM payouts_posting WHERE entry_id = NEW.id) THEN
                    RAISE EXCEPTION 'Entry % has no postings.', NEW.id;
                END IF;
                RETURN NULL;
                """,
            ),
            linked_at_commit(pgtrigger.Insert, "'entry'"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.idempotency_key}"


class Posting(models.Model):
    """One line of an entry, written together with the lines that balance it. Writing it moves its account's balance."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="postings")
    currency = models.CharField(max_length=3)
    amount_micro = models.BigIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(condition=~models.Q(amount_micro=0), name="posting_moves_something"),)
        triggers = (
            *append_only(),
            pgtrigger.Trigger(
                name="moves_balances",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="added"),
                declare=[("unbalanced", "text")],
                # Accounts are locked in the order of their ids, so that two entries cannot wait for each other. NO KEY,
                # since the foreign keys of the new postings already hold a key share lock on them, in any order.
                func="""
                IF EXISTS (SELECT FROM added JOIN payouts_entry AS e ON e.id = added.entry_id
                           WHERE e.xact_id <> pg_current_xact_id()::text::bigint)
                OR EXISTS (SELECT FROM added JOIN payouts_auditlink AS link ON link.subject_id = added.entry_id
                           WHERE link.subject = 'entry') THEN
                    RAISE EXCEPTION 'An entry is sealed when its transaction commits: post a new entry.';
                END IF;
                SELECT string_agg(format('entry %s by %s %s', entry_id, currency, total), ', ') INTO unbalanced FROM (
                    SELECT entry_id, currency, sum(amount_micro) AS total FROM added
                    GROUP BY entry_id, currency HAVING sum(amount_micro) <> 0) AS off;
                IF unbalanced IS NOT NULL THEN
                    RAISE EXCEPTION 'The postings of one statement must balance; they are off: % micro-units.',
                        unbalanced;
                END IF;
                PERFORM FROM payouts_ledgeraccount WHERE id IN (SELECT account_id FROM added)
                ORDER BY id FOR NO KEY UPDATE;
                UPDATE payouts_ledgeraccount AS a SET balance_micro = a.balance_micro + moved.total
                FROM (SELECT account_id, sum(amount_micro) AS total FROM added GROUP BY account_id) AS moved
                WHERE a.id = moved.account_id;
                RETURN NULL;
                """,
            ),
        )
