"""The rows of the tables of permissions, and the addresses that they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver, reverse

from tests.permission_table import ADDRESSES

ADMIN = "the admin"


@dataclass(frozen=True)
class Row:
    """Who may open an address by a method."""

    name: str
    method: str
    allowed: Mapping[str, bool]


def rows() -> list[Row]:
    return rows_of(ADDRESSES)


def rows_of(table: str) -> list[Row]:
    """The rows below the header, which names people."""
    header, *lines = [line for line in table.splitlines() if line]
    people = header.split()[2:]
    parsed = []
    for line in lines:
        name, method, *cells = line.rsplit(maxsplit=len(people) + 1)
        parsed.append(Row(name, method, dict(zip(people, (cell == "yes" for cell in cells), strict=True))))
    return parsed


def addresses(row: Row, parameters: Mapping[str, Any]) -> list[str]:
    """The address with the things that it names; of the admin, its index and its list of logins."""
    if row.name == ADMIN:
        return [reverse("admin:index"), reverse("admin:marketplace_user_changelist")]
    own = {name.partition(" ")[0]: value for name, value in parameters.items() if name.endswith(f" of {row.name}")}
    arguments = get_resolver().reverse_dict.getlist(row.name)[0][0][0][1]
    return [reverse(row.name, kwargs={name: (dict(parameters) | own)[name] for name in arguments})]
