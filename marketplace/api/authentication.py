"""Who asks: the user of the token in `Authorization: Bearer …`; and whether its scopes are enough.

The framework imports this while it is imported itself: its views cannot be imported here.
"""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from marketplace.api_tokens import find_token
from marketplace.core.scopes import Scope
from marketplace.models import ApiToken, User

WORDS = 2


class ApiRequest(Request):
    """A request as the resources get it: with a token, and its user."""

    user: User
    auth: ApiToken


class TokenAuthentication(BaseAuthentication):
    """By a token of the page of API tokens."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Raise `AuthenticationFailed` for a token that is not good (any more); None where there is none."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        token = find_token(words[1].decode("latin-1"), timezone.now()) if len(words) == WORDS else None
        if token is None:
            raise AuthenticationFailed(
                _("This token is not known, has expired or was revoked. Make another on the page of API tokens.")
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says is needed."""
        return "Bearer"


class HasScope(BasePermission):
    """The token has the scope to read, or to write, what the view's `noun` names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Without a token: 401; without the scope: 403, naming it."""
        if not isinstance(request.auth, ApiToken):
            return False
        scope = scope_of(view, request.method)
        self.message = _("This token has not the scope %(scope)s, which this needs.") % {"scope": scope}
        return scope in request.auth.scopes


def scope_of(view: Any, method: str | None) -> Scope:
    """The scope that a method of a view needs."""
    return Scope(f"{view.noun}:{'read' if method in SAFE_METHODS else 'write'}")


class TokenThrottle(SimpleRateThrottle):
    """So many requests for each token."""

    scope = "token"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """None for those without a token, who are counted elsewhere."""
        return f"throttle:{request.auth.pk}" if isinstance(request.auth, ApiToken) else None
