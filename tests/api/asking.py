"""Asking the API as a program does: with a token and, for writes, a key."""

from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from marketplace.api_tokens import make_token
from marketplace.core.scopes import Scope
from marketplace.models import Contributor, Customer, User

ALL = tuple(Scope)


def log_in(client: Client, person: Contributor | User) -> None:
    """For the pages."""
    user = person if isinstance(person, User) else person.user
    assert user is not None
    client.force_login(user)


class Asker:
    """A token of somebody's, used; answers are Django's."""

    def __init__(self, person: Contributor | Customer | User, *scopes: Scope) -> None:
        user = person if isinstance(person, User) else person.user
        assert user is not None
        self.token, self.secret = make_token(user, str(uuid4()), scopes or ALL, 30, timezone.now())
        self._client = Client(raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(f"/api/v1/{path}", query, headers=self._headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """A body of JSON."""
        headers = self._headers | {"Idempotency-Key": key or str(uuid4())}
        return self._client.post(f"/api/v1/{path}", body or {}, content_type="application/json", headers=headers)

    def send(self, path: str, form: dict[str, Any], *, key: str | None = None) -> Any:
        """A form with files."""
        headers = self._headers | {"Idempotency-Key": key or str(uuid4())}
        return self._client.post(f"/api/v1/{path}", form, headers=headers)

    def delete(self, path: str) -> Any:
        return self._client.delete(f"/api/v1/{path}", headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}
