"""The terms of use: a file for each version, which never changes, and who accepted which."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils.translation import gettext as _

from marketplace.core.terms import Audience
from marketplace.images import sha256_hex
from marketplace.models import Contributor, Customer, TermsAcceptance, User

FOLDER = Path(__file__).parent / "terms_of_use"
CURRENT_VERSIONS = {Audience.CONTRIBUTOR: "2026-11", Audience.CUSTOMER: "2026-11"}


class TermsNotAccepted(ValueError):
    """Somebody has to accept the terms as they are now first; the message says so."""


class TermsChanged(ValueError):
    """What was read is not what holds now; the message asks to read again."""


@dataclass(frozen=True)
class Terms:
    """A version of the text for an audience, and the SHA-256 of the file that has it."""

    audience: Audience
    version: str
    text: str
    sha256: str


def current_terms(audience: Audience) -> Terms:
    """What holds for new uploads, orders and licences."""
    return terms_of(audience, CURRENT_VERSIONS[audience])


def terms_of(audience: Audience, version: str) -> Terms:
    """A version of the text, also an earlier one."""
    data = (FOLDER / f"{audience}-{version}.txt").read_bytes()
    return Terms(audience, version, data.decode(), sha256_hex(data))


def audiences_of(user: User) -> list[Audience]:
    """Which terms concern a login."""
    roles = ((Audience.CONTRIBUTOR, Contributor), (Audience.CUSTOMER, Customer))
    return [audience for audience, role in roles if role.objects.filter(user=user).exists()]


def unaccepted_terms(user: User) -> list[Terms]:
    """The current terms that concern a login and that it has not accepted."""
    concern = [current_terms(audience) for audience in audiences_of(user)]
    accepted = set(TermsAcceptance.objects.filter(user=user).values_list("audience", "sha256")) if concern else set()
    return [terms for terms in concern if (terms.audience, terms.sha256) not in accepted]


def accept_terms(user: User, audience: Audience, read_sha256: str, at: datetime) -> TermsAcceptance:
    """Record that somebody accepts the terms that they read, once. Raises `TermsChanged` where others hold now."""
    terms = current_terms(audience)
    if read_sha256 != terms.sha256:
        raise TermsChanged(_("The terms have changed since you opened the page: read them below, and accept those."))
    return TermsAcceptance.objects.get_or_create(
        user=user, audience=audience, sha256=terms.sha256, defaults={"version": terms.version, "accepted_at": at}
    )[0]


def accept_current_terms(user: User, audience: Audience, at: datetime) -> TermsAcceptance:
    """Record that somebody accepts the terms as they are now, who needs no page for it."""
    return accept_terms(user, audience, current_terms(audience).sha256, at)


def require_terms(user: User, audience: Audience) -> TermsAcceptance:
    """The acceptance of the current terms. Raises `TermsNotAccepted`."""
    terms = current_terms(audience)
    accepted = TermsAcceptance.objects.filter(user=user, audience=audience, sha256=terms.sha256).first()
    if accepted is None:
        raise TermsNotAccepted(_("Read and accept the terms first: they are new, or have changed since you did."))
    return accepted


def newest_acceptance(user: User | None, audience: Audience, at: datetime) -> TermsAcceptance | None:
    """What somebody accepted last, until that time."""
    accepted = TermsAcceptance.objects.filter(user=user, audience=audience, accepted_at__lte=at)
    return accepted.order_by("-accepted_at", "-pk").first() if user else None
