"""The database role of web servers and workers: it can add to the books, and neither change nor delete anything there.

Triggers refuse that too, to everybody; this role could not do it even where a trigger is switched off. Migrations, and
the commands that make and drop indexes, run as the owner of the tables.
"""

from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from payouts.models import LedgerAccount

ROLE = "tributary_app"


class RoleNotMade(RuntimeError):
    """The database lets us make no role; the message says what to do."""


def grant_rights(**kwargs: Any) -> None:
    """Make the role where it is missing and give it its rights, after each `migrate`. Raises `RoleNotMade`."""
    if "plan" not in kwargs:
        return  # tables were emptied, which sends the same signal
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    with transaction.atomic(), connection.cursor() as cursor:
        _make_role(cursor)
        _keep_triggers_to_the_books(cursor)
        cursor.execute(f"GRANT TEMPORARY ON DATABASE {database} TO {ROLE}")  # in which a month is split
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO {ROLE}")
        cursor.execute(f"REVOKE INSERT ON django_migrations FROM {ROLE}")
        there = set(connection.introspection.table_names(cursor))  # fewer than models, after a migration to the past
        for model in apps.get_models(include_auto_created=True):
            rights = _rights_to_change(model)
            if rights and model._meta.db_table in there:
                cursor.execute(f"GRANT {rights} ON {model._meta.db_table} TO {ROLE}")


def _rights_to_change(model: type[models.Model]) -> str:
    """What the role may do to rows that are there already."""
    of_payouts = model._meta.app_label == "payouts"
    if model is LedgerAccount:
        return "UPDATE (balance_micro)"  # which postings move, and a trigger guards
    if any(trigger.name == "append_only" for trigger in getattr(model._meta, "triggers", ())):
        # Workers claim downloads and images by locking their rows, for which one column must be theirs to update.
        return "" if of_payouts else f"UPDATE ({model._meta.pk.column})"
    return "UPDATE" if of_payouts else "UPDATE, DELETE"


def _keep_triggers_to_the_books(cursor: Any) -> None:
    """Let no trigger see a temporary table by whose name whoever posts could keep an entry out of the audit chain."""
    cursor.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
        "AND prorettype = 'trigger'::regtype AND proname LIKE 'pgtrigger%'"
    )
    for (function,) in cursor.fetchall():
        cursor.execute(f"ALTER FUNCTION {function} SET search_path = public, pg_temp")


def _make_role(cursor: Any) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
    if cursor.fetchone():
        return
    try:
        with transaction.atomic():
            cursor.execute(f"CREATE ROLE {ROLE} LOGIN")
    except DatabaseError as error:
        raise RoleNotMade(
            f"{str(error).strip()} As a superuser of the database, run once: CREATE ROLE {ROLE} LOGIN; then migrate."
        ) from error
