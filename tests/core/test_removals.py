"""Who may decide a removal case, by when, and what follows from a removal."""

from datetime import UTC, datetime

import pytest

from marketplace.core.removals import (
    Opener,
    RemovalKind,
    removal_deadline,
    takes_earnings_back,
    tells_customers,
    why_not_decide,
)

KINDS = (RemovalKind.PRIVACY, RemovalKind.TAKEDOWN, RemovalKind.RIGHTS)


def test_a_case_is_due_so_many_days_after_it_was_opened() -> None:
    assert removal_deadline(datetime(2026, 10, 25, 9, tzinfo=UTC), 14) == datetime(2026, 11, 8, 9, tzinfo=UTC)


def test_nobody_decides_of_their_own_image_or_a_case_that_they_opened() -> None:
    assert why_not_decide(1, owner_id=2, opened_by_id=3) == why_not_decide(1, None, None) == ""
    assert "your own image" in why_not_decide(1, owner_id=1, opened_by_id=3)
    assert "You opened this case" in why_not_decide(1, owner_id=2, opened_by_id=1)


@pytest.mark.parametrize(
    ("opener", "taken_back", "told"),
    [
        (Opener.CONTRIBUTOR, {"privacy": False, "takedown": False, "rights dispute": False},
         {"privacy": True, "takedown": False, "rights dispute": True}),
        (Opener.THIRD_PARTY, {"privacy": False, "takedown": True, "rights dispute": True}, dict.fromkeys(KINDS, True)),
        (Opener.REVIEWER, {"privacy": False, "takedown": True, "rights dispute": True}, dict.fromkeys(KINDS, True)),
    ],
)  # fmt: skip
def test_whose_earnings_go_back_and_who_is_told(
    opener: Opener, taken_back: dict[RemovalKind, bool], told: dict[RemovalKind, bool]
) -> None:
    assert {kind: takes_earnings_back(kind, opener) for kind in KINDS} == taken_back
    assert {kind: tells_customers(kind, opener) for kind in KINDS} == told
