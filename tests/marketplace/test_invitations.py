"""Logins are made by invitation: by whom, for whom, once, and until a date."""

import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.utils import timezone

from marketplace.invitations import Invited, NotInvited, accept_invitation, invite, open_invitations
from marketplace.models import Contributor, Customer, Invitation, Role, User
from marketplace.permissions import roles_of
from tests.builders import CLOSED_AT, PASSWORD, make_contributor, make_user

PAGE = "/accounts/invitations/"
LINK = re.compile(r"http://testserver(\S+)")
CHOSEN = {"username": "dora", "password1": PASSWORD, "password2": PASSWORD}
LATER = CLOSED_AT + timedelta(days=15)


@pytest.fixture
def boss(db: None) -> User:
    return make_user("boss", is_superuser=True)


def test_somebody_invited_by_mail_makes_a_login_and_is_what_they_were_invited_as(client: Client, fay: User) -> None:
    client.force_login(fay)
    filled = {"email": "dora@example.org", "role": "customer", "name": "Dora's Books"}
    assert "was sent an invitation" in client.post(PAGE, filled, follow=True).content.decode()
    assert "dora@example.org" in client.get(PAGE).content.decode()
    client.logout()
    link = LINK.search(str(mail.outbox[0].body))
    assert link is not None
    assert "invited as customer" in client.get(link[1]).content.decode()
    assert client.post(link[1], CHOSEN).headers["Location"] == "/accounts/login/"
    client.post("/accounts/login/", {"login": "dora", "password": PASSWORD})
    assert client.get("/downloads/").status_code == 200
    assert Customer.objects.get(user__email="dora@example.org").name == "Dora's Books"
    assert "used already" in client.get(link[1]).content.decode()


@pytest.mark.parametrize("role", [Role.FINANCE, Role.REVIEWER])
def test_a_superuser_makes_finance_and_reviewers(boss: User, role: Role) -> None:
    _, token = invite(Invited("new@example.org", role), boss, CLOSED_AT)
    roles = roles_of(accept_invitation(token, "new", PASSWORD, CLOSED_AT))
    assert (roles.finance, roles.reviewer) == (role is Role.FINANCE, role is Role.REVIEWER)


@pytest.mark.parametrize("role", [Role.FINANCE, Role.REVIEWER])
def test_finance_cannot_make_up_the_second_person_whom_closing_needs(client: Client, fay: User, role: Role) -> None:
    with pytest.raises(NotInvited, match="may not invite"):
        invite(Invited("new@example.org", role), fay, CLOSED_AT)
    client.force_login(fay)
    assert "not one of the available choices" in client.post(PAGE, {"email": "a@b.org", "role": role}).content.decode()
    assert mail.outbox == []


def test_an_imported_contributor_gets_a_login_and_no_second_record(fay: User) -> None:
    known = make_contributor("Ana", has_login=False)
    _, token = invite(Invited("ana@example.org", Role.CONTRIBUTOR, contributor=known), fay, CLOSED_AT)
    user = accept_invitation(token, "ana", PASSWORD, CLOSED_AT)
    assert Contributor.objects.get().user == user


@pytest.mark.parametrize("by", ["name", "number"])
def test_somebody_without_a_login_is_found_by_name_or_number_and_no_page_lists_all(
    client: Client, fay: User, by: str
) -> None:
    known = make_contributor("Ana Lima", has_login=False)
    client.force_login(fay)
    assert "Ana Lima" not in client.get(PAGE).content.decode()
    written = "ana lima" if by == "name" else str(known.pk)
    client.post(PAGE, {"email": "ana@example.org", "role": "contributor", "contributor": written})
    assert Invitation.objects.get().contributor == known


def test_a_name_that_nobody_or_more_than_one_has_invites_nobody_and_says_so(client: Client, fay: User) -> None:
    make_contributor("Ana")
    twice = [Customer.objects.create(name="Books", joined_at=CLOSED_AT) for _ in range(2)]
    client.force_login(fay)
    for role, written, told in (
        ("contributor", "Ana", "Nobody without a login has this name or number."),
        ("contributor", "9" * 200, "Nobody without a login has this name or number."),
        ("customer", "Books", f"More than one has this name. Write a number instead: {twice[0].pk}, {twice[1].pk}"),
    ):
        page = client.post(PAGE, {"email": "a@example.org", "role": role, role: written}).content.decode()
        assert told in page
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("whom", "message"),
    [
        (Invited("fay@example.org", Role.CUSTOMER, "Fay"), "has a login already"),
        (Invited("new@example.org", Role.CUSTOMER), "one of the two"),
        (Invited("new@example.org", Role.CONTRIBUTOR, "Ana"), "one field further down"),
    ],
)
def test_an_invitation_that_could_not_be_accepted_is_not_sent(
    fay: User, ana: Contributor, whom: Invited, message: str
) -> None:
    with pytest.raises(NotInvited, match=message):
        invite(whom, fay, CLOSED_AT)
    assert not Invitation.objects.exists()


def test_a_contributor_with_a_login_cannot_be_given_to_somebody_else(fay: User, ana: Contributor) -> None:
    with pytest.raises(NotInvited, match="cannot get this login"):
        invite(Invited("eve@example.org", Role.CONTRIBUTOR, contributor=ana), fay, CLOSED_AT)


def test_an_invitation_ends_with_its_date_or_with_the_next_one_to_the_address(fay: User) -> None:
    whom = Invited("new@example.org", Role.CUSTOMER, "New")
    first, second = (invite(whom, fay, CLOSED_AT)[1] for _ in range(2))
    for token, at in ((first, CLOSED_AT), (second, LATER)):
        with pytest.raises(NotInvited, match="expired"):
            accept_invitation(token, "new", PASSWORD, at)
    assert open_invitations(CLOSED_AT).count() == 1
    assert not open_invitations(LATER).exists()


def test_a_foreign_token_ends_in_a_sentence(client: Client, db: None) -> None:
    page = client.get(f"{PAGE}made-up-by-somebody/")
    assert page.status_code == 404
    assert "Copy the whole link out of the mail" in page.content.decode()


def test_a_token_works_once(fay: User) -> None:
    _, token = invite(Invited("new@example.org", Role.CUSTOMER, "New"), fay, CLOSED_AT)
    accept_invitation(token, "new", PASSWORD, CLOSED_AT)
    with pytest.raises(NotInvited, match="used already"):
        accept_invitation(token, "newer", PASSWORD, CLOSED_AT)


def test_whoever_reads_the_database_cannot_accept_an_invitation(fay: User) -> None:
    invitation, token = invite(Invited("new@example.org", Role.CUSTOMER, "New"), fay, CLOSED_AT)
    assert token not in str(Invitation.objects.filter(pk=invitation.pk).values().get())


def test_a_weak_password_is_refused_and_the_invitation_stays(client: Client, fay: User) -> None:
    _, token = invite(Invited("new@example.org", Role.CUSTOMER, "New"), fay, timezone.now())
    page = client.post(f"{PAGE}{token}/", {"username": "new", "password1": "password", "password2": "password"})
    assert "too common" in page.content.decode()
    assert client.post(f"{PAGE}{token}/", CHOSEN).status_code == 302


def test_where_no_mail_can_be_sent_nobody_is_invited(client: Client, fay: User, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    client.force_login(fay)
    page = client.post(PAGE, {"email": "dora@example.org", "role": "customer", "name": "Dora"})
    assert "nobody was invited" in page.content.decode()
    assert not Invitation.objects.exists()
