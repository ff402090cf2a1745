"""How people get in: what allauth asks this project, and second factors that nobody's phone knows."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.http import HttpRequest

from marketplace.models import User


class LoginAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Logins are made by invitations only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Log in; their address counts as theirs, since whoever made the login vouched for it."""
        super().login(request, user)
        if not EmailAddress.objects.filter(user=user, verified=True).exists():
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def give_second_factor(user: User) -> list[str]:
    """A new second factor in place of any earlier one, for people of the demo: returns its recovery codes.

    No phone knows the secret of its authenticator, so that each login takes one of the codes.
    """
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, generate_totp_secret())
    return list(RecoveryCodes.activate(user).get_unused_codes())
