"""A month that nobody knows is refused by each command, and two who close one at once close it once."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from marketplace.core.periods import Month
from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.closing import CannotClose, approve_close, close_period
from payouts.models import Earning, Entry, Period, StatementRoot
from tests.builders import CLOSED_AT, OCTOBER, make_finance
from tests.connections import in_another_connection, wait_until_one_is_blocked
from tests.payouts.paying import sell_one_download


def second_is_refused(first: Callable[[], object], second: Callable[[], object]) -> str:
    """Do both at once, the second while the first is not committed yet; returns what the second is told."""
    told: list[str] = []

    def try_it() -> None:
        with pytest.raises(CannotClose) as refused:
            second()
        told.append(str(refused.value))

    failures: list[BaseException] = []
    with transaction.atomic():
        first()
        other = in_another_connection(try_it, failures)
        wait_until_one_is_blocked()
    other.join()
    assert failures == []
    return told[0]


@pytest.mark.django_db(transaction=True)
def test_two_who_close_a_month_at_once_close_it_once(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> None:
    sell_one_download(ana, ben, carla)
    book_downloads(CLOSED_AT)
    told = second_is_refused(
        lambda: close_period(OCTOBER, fay, CLOSED_AT), lambda: close_period(OCTOBER, finn, CLOSED_AT)
    )
    assert told == "2026-10 is closing already: it is closed once and never reopened."
    assert Period.objects.get(month_on="2026-10-01").closed_by == fay


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_a_month_at_once_post_its_earnings_once(october: Period, finn: User) -> None:
    third = make_finance("flo")
    told = second_is_refused(
        lambda: approve_close(OCTOBER, finn, CLOSED_AT), lambda: approve_close(OCTOBER, third, CLOSED_AT)
    )
    assert told == "2026-10 is closed: it can be approved while it is closing."
    assert Entry.objects.filter(kind="earnings").count() == StatementRoot.objects.count() == 1
    assert sum(Earning.objects.values_list("amount_micro", flat=True)) == 3_880_000


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["close_period", "2026-13", "--by", "fay"], "No such month: year 2026, month 13. Give one such as 2026-10"),
        (["close_period", "October", "--by", "fay"], "'October' is not a month; write it as YYYY-MM"),
        (["close_period", "2020-01", "--by", "fay"], "2020-01 cannot be shared: No policy was in force"),
        (["approve_close", "2020-01", "--by", "fay"], "2020-01 is open: it can be approved while it is closing"),
    ],
)
def test_an_unknown_month_is_refused_and_none_is_opened(fay: User, command: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command(*command)
    assert not Period.objects.exists()


def test_an_adjustment_of_an_unknown_month_is_refused(ana: Contributor, fay: User) -> None:
    options = ("--note", "n", "--by", "fay", "--key", "k")
    with pytest.raises(CommandError, match="2020-01 is open: only a closed month is adjusted"):
        call_command("record_adjustment", str(ana.pk), str(Month(2020, 1)), "5", "appeal", *options)
    assert not Entry.objects.exists()
