"""Everybody opens what the table of permissions says and nothing else, at every address of the site."""

from collections.abc import Iterator, Mapping
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from marketplace.models import Contributor, Customer, User
from tests.one_of_each import make_one_of_each
from tests.permission_rows import ADMIN, addresses, rows

HIDDEN = (403, 404)


def names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The names of all addresses; what the admin registers is one of them."""
    for pattern in resolver.url_patterns:
        if str(pattern.pattern).startswith("api/"):
            continue  # where tokens are asked for: tests/api/test_permissions.py
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}"
        elif pattern.namespace == "admin":
            yield ADMIN
        else:
            yield from names(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)


@pytest.fixture
def parameters(ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User) -> dict[str, Any]:
    return make_one_of_each(ana, ben, carla, fay, finn)


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert sorted(set(names(get_resolver()))) == sorted({row.name for row in rows()})


def is_let_in(client: Client, method: str, address: str) -> bool:
    """Whether the page opens or the action looks at its form; what it did is undone, a logout too."""
    cookies = dict(client.cookies)
    with transaction.atomic():
        response = client.generic(method, address)
        if response.streaming:
            response.getvalue()  # which closes the file
        transaction.set_rollback(True)
    client.cookies = SimpleCookie(cookies)
    assert response.status_code != 500, address
    path, _, query = response.headers.get("Location", "").partition("?")
    if path == reverse("admin:login"):
        return is_let_in(client, "GET", f"{path}?{query}")
    is_sent_to_login = path == reverse("login") and (method == "GET" or query.startswith("next="))
    return response.status_code not in HIDDEN and not is_sent_to_login


@pytest.mark.timeout(600)  # some two thousand requests
def test_everybody_opens_what_the_table_says_and_nothing_else(parameters: Mapping[str, Any]) -> None:
    wrong = []
    for person in rows()[0].allowed:
        client = Client(raise_request_exception=False)
        if person != "anonymous":
            client.force_login(User.objects.get(username=person))
        for row in rows():
            for address in addresses(row, parameters):
                if is_let_in(client, row.method, address) != row.allowed[person]:
                    wrong.append(f"{person} {row.method} {address}: the table says {row.allowed[person]}")
    assert not wrong, "\n".join(wrong)
