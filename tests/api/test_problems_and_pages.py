"""What every list and every error has in common."""

from base64 import b64encode
from typing import Any

import pytest
from django.test import Client
from rest_framework.throttling import SimpleRateThrottle

from marketplace.models import Contributor, Customer
from tests.api.asking import Asker
from tests.builders import make_asset, make_generation, make_generator_model, make_training_set, submit

PROBLEM = "application/problem+json"


def walked(asker: Asker, path: str, **query: Any) -> list[list[int]]:
    """The ids on each page, by following `next`."""
    pages = []
    while True:
        page = asker.get(path, **query).json()
        pages.append([one["id"] for one in page["results"]])
        if page["next"] is None:
            return pages
        path = page["next"].partition("/api/v1/")[2]
        query = {}


def test_an_error_is_a_problem_with_every_field_that_was_wrong(ana: Contributor) -> None:
    answer = Asker(ana).post("webhook-endpoints/", {"url": "nowhere", "events": ["tea.served"]})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == PROBLEM
    problem = answer.json()
    assert {name: problem[name] for name in ("type", "title", "status")} == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
    }
    assert [one["field"] for one in problem["errors"]] == ["url", "events.0"]
    assert all(one["detail"] and one["code"] for one in problem["errors"])


def test_whatever_is_asked_for_wrongly_is_answered_with_a_problem(ana: Contributor) -> None:
    asker, client = Asker(ana), Client()
    answers = [
        asker.get("submissions/0/"),
        asker.get("submissions/x/"),
        asker.get("nothing/"),
        asker.get("submissions/", verdict="lovely"),
        asker.get("submissions/", submitted_from="0503-03-19T08:57:31-20:13", verdict="x"),
        asker.get("submissions/", submitted_from="0001-01-01T00:00:00+09:00"),
        asker.get("statements/2026-13/"),
        asker.delete("submissions/1/"),
        client.get("/api/v2/"),
        client.get("/api/v1/submissions/"),
        client.get("/api/v1/statement-roots/", headers={"Accept": "text/html"}),
        client.post("/api/v1/verifications/", "{", content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 400, 400, 400, 404, 405, 404, 401, 406, 415]
    assert {answer.headers["Content-Type"] for answer in answers} == {PROBLEM}
    assert all(answer.json()["detail"] for answer in answers)


def test_a_list_is_walked_page_by_page_with_nothing_missed_when_rows_are_added(ana: Contributor) -> None:
    first = [submit(ana, f"not a picture {number}".encode()).pk for number in range(5)]
    asker = Asker(ana)
    page = asker.get("submissions/", page_size=2).json()
    assert [one["id"] for one in page["results"]] == first[:2:-1]
    submit(ana, b"not a picture, later")
    rest = walked(asker, page["next"].partition("/api/v1/")[2])
    assert rest == [first[2:0:-1], first[:1]]
    assert len(walked(asker, "submissions/", page_size=4)) == 2


@pytest.mark.parametrize(
    "cursor", ["x", "ä", b64encode(b"p=x").decode(), b64encode(b"p=%00").decode(), b64encode(b"r=x").decode()]
)
def test_a_made_up_cursor_is_not_found(ana: Contributor, cursor: str) -> None:
    assert Asker(ana).get("submissions/", cursor=cursor).status_code == 404
    assert Asker(ana).get("statements/", cursor=cursor).status_code == 404


def test_filters_leave_the_rest_out(ana: Contributor, carla: Customer) -> None:
    accepted = submit(ana, b"not a picture")
    asker = Asker(ana)
    assert walked(asker, "submissions/", verdict="unreadable") == [[accepted.pk]]
    assert walked(asker, "submissions/", verdict="accept") == [[]]
    assert walked(asker, "submissions/", submitted_before="2026-08-01T00:00:00Z") == [[]]


def test_generations_are_filtered_by_prompt_model_and_time(ana: Contributor, carla: Customer) -> None:

    make_asset(ana)
    training_set = make_training_set()
    boats = make_generation(make_generator_model(training_set), "two boats")
    trees = make_generation(make_generator_model(training_set, "other"), "a tree")
    asker = Asker(carla)
    assert walked(asker, "generations/") == [[trees.pk, boats.pk]]
    assert walked(asker, "generations/", prompt="BOAT") == [[boats.pk]]
    assert walked(asker, "generations/", generator_model=trees.generator_model_id) == [[trees.pk]]
    assert walked(asker, "generations/", generated_from="2030-01-01T00:00:00Z") == [[]]


def test_a_token_that_asks_too_often_is_told_when_to_go_on(ana: Contributor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"token": "2/min", "anon": "2/min"})
    asker = Asker(ana)
    answers = [asker.get("submissions/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].headers["Content-Type"] == PROBLEM
    assert Asker(ana).get("submissions/").status_code == 200  # another token has its own count
    public = [Client().get("/api/v1/statement-roots/").status_code for _ in range(3)]
    assert public == [200, 200, 429]
