"""Use restrictions of a generator model: a dated list of clauses, each with an id that a certificate can name."""

import re
from collections.abc import Mapping
from datetime import date

CLAUSE_ID = re.compile(r"[a-z][a-z0-9-]{1,39}")
KEYS, CLAUSE_KEYS = {"dated_on", "clauses"}, {"id", "text"}


def check_restrictions(document: object) -> None:
    """Raise ValueError, with what is wrong, unless it is {"dated_on": ISO date, "clauses": [{"id", "text"}, …]}."""
    if not isinstance(document, Mapping) or set(document) != KEYS:
        raise ValueError('Use restrictions have "dated_on" and "clauses" and nothing else.')
    try:
        date.fromisoformat(document["dated_on"])
    except (TypeError, ValueError) as error:
        raise ValueError(f'"dated_on" is {document["dated_on"]!r}: write a date such as 2026-11-26.') from error
    if not isinstance(document["clauses"], list) or not document["clauses"]:
        raise ValueError('"clauses" needs at least one clause.')
    ids = [_clause_id(clause) for clause in document["clauses"]]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise ValueError(f"There are two clauses with the id {min(twice)}: certificates name clauses by their id.")


def _clause_id(clause: object) -> str:
    if not isinstance(clause, Mapping) or set(clause) != CLAUSE_KEYS:
        raise ValueError(f'{clause!r} is no clause: it has an "id" and a "text" and nothing else.')
    found, text = clause["id"], clause["text"]
    if not isinstance(found, str) or not CLAUSE_ID.fullmatch(found):
        raise ValueError(f"{found!r} is no id of a clause: write lower-case letters, digits and hyphens.")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"The clause {found} has no text.")
    return found
