"""Database triggers that several models share."""

import pgtrigger

TRIGGERS_NEVER_IGNORED = """
CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT false'
"""
"""What every migration that creates triggers ends with: pgtrigger lets a session name triggers to ignore, and that is
not for ours."""


def never_updated() -> tuple[pgtrigger.Trigger, ...]:
    """A trigger by which the database refuses to change a record, which may be deleted as a whole."""
    return (pgtrigger.Protect(name="never_updated", operation=pgtrigger.Update),)


def append_only() -> tuple[pgtrigger.Trigger, ...]:
    """Triggers by which the database refuses to change, delete or truncate a record once it is written."""
    return (
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func="RAISE EXCEPTION '% is append-only: it cannot be truncated.', TG_TABLE_NAME;",
        ),
    )
