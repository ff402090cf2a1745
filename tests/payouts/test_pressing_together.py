"""Two people press the same button at once, or one presses twice: it is done once, and each reads what happened."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from marketplace.models import User
from payouts import tasks
from payouts.closing import approve_close
from payouts.core.states import RunState
from payouts.gateway import Gateway
from payouts.models import Entry, PayoutRun, Period
from payouts.sending import send_payout_run
from tests.builders import CLOSED_AT, OCTOBER, make_finance
from tests.payouts.paying import AT, assert_each_was_paid_exactly_once, fund

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts: Callable[[], str]) -> list[str]:
    """What each act returned, all of them begun at the same moment, each with a connection of its own."""
    told: list[str] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], str]) -> None:
        try:
            start.wait()
            told.append(act())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == len(acts)
    return told


def pressing(person: User, path: str) -> Callable[[], str]:
    """A press of a button by somebody who is logged in, which gives the page that they then see."""
    client = Client()
    client.force_login(person)

    def press() -> str:
        return client.post(path, follow=True).content.decode()

    return press


def test_two_who_send_a_run_together_send_it_once_and_the_second_is_told(
    run: PayoutRun, gateway: Gateway, fay: User, finn: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over: list[int] = []
    monkeypatch.setattr(tasks.send_payout_run, "delay", handed_over.append)  # the edge to the broker
    fund(gateway, 1_734)
    path = f"/finance/runs/{run.pk}/send/"
    told = together(pressing(fay, path), pressing(finn, path))
    assert sum("is being sent already, and goes on" in page for page in told) == 1
    assert sum("is to be sent: the worker begins" in page for page in told) == 1
    assert handed_over == [run.pk, run.pk]
    together(*[lambda: str(send_payout_run(run.pk, gateway, AT).state)] * 2)
    assert_each_was_paid_exactly_once(run, gateway)


def test_two_who_draft_together_draft_one_run(run: PayoutRun, gateway: Gateway, fay: User, finn: User) -> None:
    fund(gateway, 1_734)
    send_payout_run(run.pk, gateway, AT)
    told = together(pressing(fay, "/finance/runs/draft/"), pressing(finn, "/finance/runs/draft/"))
    assert PayoutRun.objects.filter(state=RunState.DRAFT).count() == 1
    assert sum("is drafted" in page for page in told) == 1
    assert sum("at the same moment" in page or "is still draft" in page for page in told) == 1


def test_two_who_approve_a_month_together_close_it_once(october: Period, finn: User) -> None:
    path = "/finance/months/2026-10/approve/"
    told = together(pressing(finn, path), pressing(make_finance("flo"), path))
    assert sum("is closed: earnings are posted" in page for page in told) == 1
    assert sum("it can be approved while it is closing" in page for page in told) == 1
    assert Entry.objects.filter(kind="earnings").count() == 1


def test_going_back_and_pressing_again_changes_nothing_and_says_so(october: Period, fay: User, finn: User) -> None:
    approve_close(OCTOBER, finn, CLOSED_AT)
    assert "is closed already" in pressing(fay, "/finance/months/2026-10/close/")()
    assert "it can be approved while it is closing" in pressing(finn, "/finance/months/2026-10/approve/")()
    assert Entry.objects.filter(kind="earnings").count() == 1
