"""Arguments that several commands of finance take; they ask for a name, since a terminal has no login."""

from argparse import ArgumentParser, ArgumentTypeError

from django.core.management.base import CommandError

from marketplace.core.periods import Month
from marketplace.models import Contributor, User
from marketplace.permissions import is_finance


def month(text: str) -> Month:
    """A month such as 2026-10, as an argument's type."""
    try:
        return Month.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error} Give one such as 2026-10.") from error


def add_by(parser: ArgumentParser) -> None:
    """Ask for a login name with `--by`."""
    parser.add_argument("--by", required=True, metavar="NAME", help="the login name of who in finance decides this")


def finance_person(username: str) -> User:
    """The login of somebody in finance. Raises `CommandError`."""
    person = User.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"There is no login {username}.")
    if not is_finance(person):
        raise CommandError(f"{username} is not in finance: add them to the group in the admin, or name somebody else.")
    return person


def contributor_numbered(contributor_id: int) -> Contributor:
    """A contributor by number. Raises `CommandError`."""
    contributor = Contributor.objects.filter(pk=contributor_id).first()
    if contributor is None:
        raise CommandError(f"There is no contributor {contributor_id}.")
    return contributor
