"""Use restrictions are a dated list of clauses, each with an id of its own and a text."""

from typing import Any

import pytest

from marketplace.core.restrictions import check_restrictions

CLAUSE = {"id": "no-hate", "text": "You make nothing that degrades people."}


def test_a_dated_list_of_clauses_is_accepted() -> None:
    check_restrictions({"dated_on": "2026-11-26", "clauses": [CLAUSE, {"id": "keep-marks", "text": "Leave marks."}]})


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ([], 'have "dated_on" and "clauses" and nothing else'),
        ({"clauses": [CLAUSE]}, "nothing else"),
        ({"dated_on": "2026-11-26", "clauses": [CLAUSE], "note": ""}, "nothing else"),
        ({"dated_on": "yesterday", "clauses": [CLAUSE]}, "write a date such as"),
        ({"dated_on": 20261126, "clauses": [CLAUSE]}, "write a date such as"),
        ({"dated_on": "2026-11-26", "clauses": []}, "at least one clause"),
        ({"dated_on": "2026-11-26", "clauses": {"no-hate": "text"}}, "at least one clause"),
        ({"dated_on": "2026-11-26", "clauses": ["no hate"]}, "is no clause"),
        ({"dated_on": "2026-11-26", "clauses": [{"id": "no-hate"}]}, "is no clause"),
        ({"dated_on": "2026-11-26", "clauses": [{"id": "No Hate", "text": "x"}]}, "is no id of a clause"),
        ({"dated_on": "2026-11-26", "clauses": [{"id": 3, "text": "x"}]}, "is no id of a clause"),
        ({"dated_on": "2026-11-26", "clauses": [{"id": "no-hate", "text": " "}]}, "no-hate has no text"),
        ({"dated_on": "2026-11-26", "clauses": [CLAUSE, CLAUSE]}, "two clauses with the id no-hate"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(document: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_restrictions(document)
