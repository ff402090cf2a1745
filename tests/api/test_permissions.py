"""Every route of the API answers whom the table of permissions says, by a token with every scope, and nobody else."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver

from marketplace.models import Contributor, Submission, User
from tests.api.asking import Asker
from tests.builders import submit
from tests.permission_rows import rows_of
from tests.permission_table import API_ROUTES
from tests.test_permissions import parameters

__all__ = ["parameters"]

REFUSED = (401, 403, 404)
THING = {
    "submissions": "submission_id",
    "assets": "asset_id",
    "reviews": "held_id",
    "webhook-endpoints": "endpoint_id",
    "generator-models": "model_id",
    "generations": "generation_id",
    "downloads": "download_id",
    "copies": "link_id",
    "orders": "order_id",
    "payout-runs": "run_id",
}
"""What `pk` is of, by the first part of the path; other arguments have the name of their parameter."""


def routes(resolver: URLResolver, path: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of each route below /api/v1/, arguments in braces."""
    for pattern in resolver.url_patterns:
        whole = path + re.sub(r"\(\?P<(\w+)>.*?\)(?=[/$.]|\\)|<(?:\w+:)?(\w+)>", r"{\1\2}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, whole)
        elif whole.startswith("api/v1/"):
            cleaned = re.sub(r"[\^$\\]", "", whole).removeprefix("api/v1/")
            for method in sorted(
                {"get", "post", "delete"} & set(getattr(pattern.callback, "actions", None) or {"get"})
            ):
                yield method.upper(), cleaned


def filled(path: str, parameters: Mapping[str, Any]) -> str:
    arguments = dict(parameters) | {"pk": parameters.get(THING.get(path.partition("/")[0], "")), "name": "journal"}
    return path.format(**{name: arguments[name] for name in re.findall(r"\{(\w+)\}", path)})


def is_answered(client: Client, method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Whether the route looks at what is asked; what it did is undone."""
    with transaction.atomic():
        response = client.generic(method, f"/api/v1/{path}", "{}", "application/json", headers=headers)
        if response.streaming:
            response.getvalue()  # which closes the file
        transaction.set_rollback(True)
    assert response.status_code != 500, path
    return response.status_code not in REFUSED


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    asked = {(row.method, row.name) for row in rows_of(API_ROUTES)}
    assert sorted(set(routes(get_resolver()))) == sorted(asked)


@pytest.mark.timeout(600)  # some hundred requests for each of nine people
def test_the_api_answers_whom_the_table_says_and_nobody_else(parameters: Mapping[str, Any]) -> None:
    original = Submission.objects.get(pk=parameters["submission_id"]).original
    with original.open("rb") as file:  # the same bytes by somebody else wait for a reviewer
        held = submit(Contributor.objects.get(user__username="ben"), file.read())
    parameters = {**parameters, "held_id": held.pk}
    wrong = []
    for person in rows_of(API_ROUTES)[0].allowed:
        client, headers = Client(raise_request_exception=False), {"Idempotency-Key": "k"}
        if person != "anonymous":
            headers["Authorization"] = f"Bearer {Asker(User.objects.get(username=person)).secret}"
        for row in rows_of(API_ROUTES):
            if is_answered(client, row.method, filled(row.name, parameters), headers) != row.allowed[person]:
                wrong.append(f"{person} {row.method} {row.name}: the table says {row.allowed[person]}")
    assert not wrong, "\n".join(wrong)
