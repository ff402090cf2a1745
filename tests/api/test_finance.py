"""What finance's programs do: the same two people as on pages, and the same refusals."""

import pytest

from marketplace.models import Contributor, Customer, Download, User
from payouts import tasks
from payouts.booking import book_downloads
from payouts.models import Finding, Period
from payouts.runs import approve_payout_run, draft_payout_run
from payouts.sending import standing_still
from tests.api.asking import Asker
from tests.broker import broker_away
from tests.builders import CLOSED_AT, make_attributed_downloads, make_closed_month, make_connected_account


@pytest.fixture
def downloads(ana: Contributor, ben: Contributor, carla: Customer) -> list[Download]:
    made = make_attributed_downloads([ana, ben], carla)
    book_downloads(CLOSED_AT)
    return made


def test_two_people_close_a_month_and_one_alone_cannot(downloads: list[Download], fay: User, finn: User) -> None:
    first, second = Asker(fay), Asker(finn)
    assert first.post("months/2026-10/close/").json()["state"] == "closing"
    alone = first.post("months/2026-10/approve/")
    assert alone.status_code == 409
    assert "somebody else must approve it" in alone.json()["detail"]
    closed = second.post("months/2026-10/approve/").json()
    assert (closed["state"], closed["closed_by"], closed["approved_by"]) == ("closed", "fay", "finn")
    assert closed["pool_micro"] == 11_640_000
    assert first.get("months/2026-10/").json() == closed
    assert first.post("months/2026-09/close/").status_code == 404
    assert Period.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_is_drafted_approved_and_handed_to_the_worker_once(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over: list[int] = []
    monkeypatch.setattr(tasks.send_payout_run, "delay", handed_over.append)  # the edge to the broker
    make_attributed_downloads([ana, ben], carla)
    book_downloads(CLOSED_AT)
    first, second = Asker(fay), Asker(finn)
    first.post("months/2026-10/close/")
    second.post("months/2026-10/approve/")
    make_connected_account(ana)
    run = first.post("payout-runs/").json()
    assert (run["state"], run["drafted_by"], run["payout_count"]) == ("draft", "fay", 2)
    path = f"payout-runs/{run['id']}/"
    payouts = first.get(f"{path}payouts/").json()["results"]
    assert {one["contributor"]: one["state"] for one in payouts} == {ana.pk: "drafted", ben.pk: "excluded"}
    assert [one["contributor"] for one in first.get(f"{path}payouts/", state="excluded").json()["results"]] == [ben.pk]
    assert first.post(f"{path}send/").status_code == 409
    assert first.post(f"{path}approve/").status_code == 409
    assert second.post(f"{path}approve/").json()["state"] == "approved"
    for _ in range(2):
        assert first.post(f"{path}send/", key="send").status_code == 200
    assert handed_over == [run["id"]]
    assert first.post("payout-runs/").status_code == 409
    assert first.post(f"{path}cancel/").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_where_the_broker_is_away_a_run_is_handed_over_and_sent_later(
    ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.send_payout_run, "delay", broker_away)
    make_attributed_downloads([ana, ben], carla)
    make_closed_month(fay, finn)
    make_connected_account(ana)
    run = draft_payout_run(fay, CLOSED_AT)
    approve_payout_run(run.pk, finn, CLOSED_AT)
    answer = Asker(fay).post(f"payout-runs/{run.pk}/send/")
    assert (answer.status_code, answer.json()["state"]) == (200, "sending")
    assert standing_still(CLOSED_AT) == [run.pk]


def test_a_draft_is_cancelled(downloads: list[Download], fay: User) -> None:
    asker = Asker(fay)
    run = asker.post("payout-runs/").json()
    assert asker.post(f"payout-runs/{run['id']}/cancel/").json()["state"] == "cancelled"


def test_findings_and_exports_are_listed(downloads: list[Download], fay: User) -> None:
    Finding.objects.create(
        kind="transfer_missing", subject="transfer tr_1", found="It is gone.", owner=fay, opened_at=CLOSED_AT
    )
    asker = Asker(fay)
    assert [one["subject"] for one in asker.get("findings/", is_open="true").json()["results"]] == ["transfer tr_1"]
    assert asker.get("findings/", is_open="false").json()["results"] == []
    assert asker.post("months/2026-10/close/").status_code == 409
    name = asker.get("exports/").json()[0]["name"]
    report = asker.get(f"exports/{name}/report.csv/", span="2026-10")
    assert report.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert b"total of" in b"".join(report.streaming_content)
    assert asker.get(f"exports/{name}/report.csv/", span="yesterday").status_code == 400
    assert asker.get("exports/secrets/report.csv/", span="2026-10").status_code == 404
