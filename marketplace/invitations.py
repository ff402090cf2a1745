"""Invitations: whoever is invited makes their own login, once, until a date."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.models import Contributor, Customer, Invitation, Role, User
from marketplace.permissions import roles_to_invite_to


class NotInvited(ValueError):
    """An invitation that cannot be made or accepted; the message says why and what to do."""


@dataclass(frozen=True)
class Invited:
    """Whom to invite: as a contributor or customer either by the name of a new record, or to a record without login."""

    email: str
    role: Role
    name: str = ""
    contributor: Contributor | None = None
    customer: Customer | None = None


def open_invitations(at: datetime) -> QuerySet[Invitation]:
    """Invitations that can still be accepted, newest first."""
    return Invitation.objects.filter(accepted_at=None, expires_at__gt=at).order_by("-invited_at", "-pk")


@transaction.atomic
def invite(whom: Invited, invited_by: User, at: datetime) -> tuple[Invitation, str]:
    """Record an invitation; returns it with its token, which is kept nowhere and belongs into the mail alone.

    An earlier one to the same address ends. Raises `NotInvited`.
    """
    if whom.role not in roles_to_invite_to(invited_by):
        raise NotInvited(_("You may not invite anybody as %(role)s.") % {"role": whom.role.label})
    if User.objects.filter(email__iexact=whom.email).exists():
        raise NotInvited(_("%(email)s has a login already.") % {"email": whom.email})
    _require_record(whom)
    open_invitations(at).filter(email__iexact=whom.email).update(expires_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=whom.email,
        role=whom.role,
        name=whom.name,
        contributor=whom.contributor,
        customer=whom.customer,
        token_sha256=_sha256(token),
        invited_by=invited_by,
        invited_at=at,
        expires_at=at + timedelta(days=settings.INVITATION_DAYS),
    )
    return invitation, token


def _require_record(whom: Invited) -> None:
    """Raise `NotInvited` where it is not clear which contributor or customer the login would be."""
    record = whom.contributor or whom.customer
    if whom.role in {Role.FINANCE, Role.REVIEWER}:
        if whom.name or record:
            raise NotInvited(_("Finance and reviewers are no contributor or customer: leave the name empty."))
        return
    if bool(whom.name) == bool(record):
        raise NotInvited(_("Name a new contributor or customer, or one who has no login: one of the two."))
    if record and (record.user_id or (whom.contributor is None) != (whom.role is Role.CUSTOMER)):
        raise NotInvited(_("%(name)s cannot get this login: choose another record.") % {"name": record.name})
    if whom.role is Role.CONTRIBUTOR and Contributor.objects.filter(name=whom.name).exists():
        raise NotInvited(
            _("There is a contributor %(name)s: write the name one field further down.") % {"name": whom.name}
        )


def find_invitation(token: str, at: datetime) -> Invitation:
    """The open invitation with this token. Raises `NotInvited` with a sentence for its holder."""
    invitation = Invitation.objects.filter(token_sha256=_sha256(token)).first()
    if invitation is None:
        raise NotInvited(_("This is no invitation of ours. Copy the whole link out of the mail."))
    if invitation.accepted_at:
        raise NotInvited(_("This invitation was used already. Log in with the name and password that you chose."))
    if invitation.expires_at <= at:
        raise NotInvited(_("This invitation has expired. Ask whoever invited you for a new one."))
    return invitation


@transaction.atomic
def accept_invitation(token: str, username: str, password: str, at: datetime) -> User:
    """Make the login that the invitation is for. Raises `NotInvited`."""
    invitation = Invitation.objects.select_for_update().get(pk=find_invitation(token, at).pk)
    find_invitation(token, at)  # again: a second press of the button waited for the first one here
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise NotInvited(_("%(email)s has a login already: log in with it.") % {"email": invitation.email})
    user = User.objects.create_user(username, invitation.email, password)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    _give_role(user, invitation, at)
    invitation.accepted_by = user
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_by", "accepted_at"])
    return user


def _give_role(user: User, invitation: Invitation, at: datetime) -> None:
    if invitation.role in {Role.FINANCE, Role.REVIEWER}:
        user.groups.add(Group.objects.get_or_create(name=invitation.role)[0])
        return
    record = invitation.contributor or invitation.customer
    if record is None:
        kind = Contributor if invitation.role == Role.CONTRIBUTOR else Customer
        if kind is Contributor and Contributor.objects.filter(name=invitation.name).exists():
            raise NotInvited(
                _("There is another %(name)s by now. Ask for a new invitation.") % {"name": invitation.name}
            )
        kind.objects.create(name=invitation.name, user=user, joined_at=at)
        return
    if not type(record)._default_manager.filter(pk=record.pk, user=None).update(user=user):
        raise NotInvited(_("%(name)s has got another login. Ask for a new invitation.") % {"name": record.name})


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
