"""A draft is decided some contributors at a time, in as many queries for two thousand as for one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.models import User
from payouts import payees
from payouts.payees import decide_all
from payouts.runs import draft_payout_run
from tests.builders import make_connected_account, make_contributor, make_policy
from tests.payouts.paying import AT, owe

pytestmark = pytest.mark.django_db


def owed(count: int) -> None:
    for number in range(count):
        contributor = make_contributor(f"c{number}")
        owe(contributor, 5_000_000)
        make_connected_account(contributor)


def test_everybody_is_drafted_once_whatever_the_size_of_a_batch(fay: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_policy()
    owed(5)
    monkeypatch.setattr(payees, "CONTRIBUTORS_AT_ONCE", 2)
    assert [len(batch) for batch in decide_all("USD", AT)] == [2, 2, 1]
    run = draft_payout_run(fay, AT)
    assert sorted(run.payouts.values_list("contributor__name", "amount_minor")) == [
        (f"c{number}", 500) for number in range(5)
    ]


def test_the_number_of_queries_does_not_grow_with_the_contributors() -> None:
    make_policy()
    owed(1)
    with CaptureQueriesContext(connection) as of_one:
        list(decide_all("USD", AT))
    for number in range(1, 4):
        owe(make_contributor(f"d{number}"), 5_000_000)
    with CaptureQueriesContext(connection) as of_four:
        list(decide_all("USD", AT))
    assert len(of_four) == len(of_one)
