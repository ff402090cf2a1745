"""Tokens for programs: made and revoked by their user, shown once, and known here by their hash alone."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from marketplace.core.scopes import Scope
from marketplace.images import sha256_hex
from marketplace.models import ApiToken, User
from marketplace.permissions import lacks_second_factor

PREFIX = "tributary_"  # by which scanners of source code find one that leaked
SECRET_BYTES = 32
USED_TO_THE = timedelta(minutes=1)


class TokenRefused(ValueError):
    """A token that cannot be made; the message says why."""


def make_token(user: User, name: str, scopes: Collection[Scope], days: int, at: datetime) -> tuple[ApiToken, str]:
    """A token that is good for so many days, and its secret, which nobody can be shown again.

    Raises `TokenRefused` where the user has one of that name, so that whoever presses twice makes one.
    """
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    made = {"scopes": sorted(scopes), "sha256": _hash(secret), "created_at": at, "expires_at": at + timedelta(days)}
    token, is_new = ApiToken.objects.get_or_create(user=user, name=name, revoked_at=None, defaults=made)
    if not is_new:
        raise TokenRefused(_("You have a token of this name: revoke that one first, or choose another name."))
    return token, secret


def find_token(secret: str, at: datetime) -> ApiToken | None:
    """The token of a secret, now used; None where it is unknown, expired or revoked, or its user may not come in."""
    known = ApiToken.objects.filter(sha256=_hash(secret), revoked_at=None, expires_at__gt=at, user__is_active=True)
    token = known.select_related("user").first()
    if token is None or lacks_second_factor(token.user):
        return None
    if token.last_used_at is None or token.last_used_at < at - USED_TO_THE:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def revoke_token(token: ApiToken, at: datetime) -> None:
    """End a token for good; one that has ended stays as it is."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)


def _hash(secret: str) -> str:
    """A plain hash is enough: nobody can try 256 random bits."""
    return sha256_hex(secret.encode())
