"""People log in with a password, and whoever decides of others' money or pictures with a second factor, too."""

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from marketplace import tasks
from marketplace.logins import give_second_factor
from marketplace.models import Contributor, User
from tests.builders import PASSWORD, make_user

LOGIN = "/accounts/login/"
CODE = "/accounts/2fa/authenticate/"
SET_UP = "/accounts/2fa/totp/activate/"
SECRET = re.compile(r"<dd><code>(\w+)</code></dd>")
TOKEN = re.compile(r"[0-9A-Za-z]{64}")
LINK = re.compile(r"https?://testserver(\S+)")


def log_in(client: Client, username: str, password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": username, "password": password})


def current_code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1])))


def text_of(response: Any) -> str:
    return str(response.content.decode())


def test_a_contributor_logs_in_with_a_password_alone(client: Client, ana: Contributor) -> None:
    assert log_in(client, "ana").headers["Location"] == "/"
    assert client.get("/contributor/").status_code == 200


def test_a_wrong_password_is_told_and_many_of_them_have_to_wait(client: Client, ana: Contributor) -> None:
    for _ in range(5):
        assert "not correct" in text_of(log_in(client, "ana", "wrong"))
    assert "Too many failed login attempts" in text_of(log_in(client, "ana"))
    assert client.get("/contributor/").status_code == 302


def test_nobody_signs_up_by_themselves(client: Client, db: None) -> None:
    assert "by invitation" in text_of(client.get("/accounts/signup/"))
    chosen = {"username": "eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert "by invitation" in text_of(client.post("/accounts/signup/", chosen))
    assert not User.objects.exists()


@pytest.mark.parametrize(("username", "groups"), [("fay", ["finance"]), ("rita", ["reviewer"]), ("boss", [])])
def test_nothing_of_a_role_that_decides_opens_before_a_second_factor_is_set_up(
    client: Client, db: None, username: str, groups: list[str]
) -> None:
    make_user(username, *groups, is_superuser=not groups, has_second_factor=False)
    log_in(client, username)
    for address in ("/", "/finance/ledger/", "/review/", "/admin/", "/admin/marketplace/user/"):
        assert client.get(address).headers["Location"] == SET_UP
    assert client.post("/finance/runs/draft/").headers["Location"] == SET_UP
    assert "Your role needs a second factor" in text_of(client.get(SET_UP, follow=True))
    assert client.get("/verify/").status_code == client.get("/accounts/email/").status_code == 200
    page = text_of(client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP}, follow=True))
    secret = SECRET.search(page)
    assert secret is not None
    assert client.post(SET_UP, {"code": current_code(secret[1])}).status_code == 302
    assert client.get("/", follow=True).status_code == 200


def test_from_then_on_a_login_asks_for_a_code_that_works_once(client: Client, db: None) -> None:
    codes = give_second_factor(make_user("fay", "finance", has_second_factor=False))
    assert log_in(client, "fay").headers["Location"] == CODE
    assert client.get("/finance/ledger/").headers["Location"].startswith(LOGIN), "the password alone opens nothing"
    assert client.post(CODE, {"code": "00000000"}).status_code == 200
    assert client.post(CODE, {"code": codes[0]}).headers["Location"] == "/"
    assert client.get("/finance/ledger/").status_code == 200
    client.logout()
    log_in(client, "fay")
    assert client.post(CODE, {"code": codes[0]}).status_code == 200, "a used code opens nothing"
    assert client.post(CODE, {"code": codes[1]}).headers["Location"] == "/"


def test_the_admin_lets_nobody_in_past_the_second_factor(client: Client, db: None) -> None:
    make_user("boss", is_superuser=True)
    page = client.post("/admin/login/", {"username": "boss", "password": PASSWORD, "next": "/admin/"})
    assert page.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_replaced_by_the_link_in_a_mail(client: Client, ana: Contributor) -> None:
    client.post("/accounts/password/reset/", {"email": "ana@example.org"})
    link = LINK.search(str(mail.outbox[0].body))
    assert link is not None
    page = client.get(link[1], follow=True)
    new = "a brand new and long passphrase"
    client.post(page.request["PATH_INFO"], {"password1": new, "password2": new})
    assert text_of(log_in(client, "ana")).count("not correct") == 1
    assert log_in(client, "ana", new).headers["Location"] == "/"


def test_an_address_that_nobody_has_gets_no_mail_and_the_page_says_the_same(client: Client, ana: Contributor) -> None:
    pages = [
        TOKEN.sub("", text_of(client.post("/accounts/password/reset/", {"email": email}, follow=True)))
        for email in ("ana@example.org", "eve@example.org")
    ]
    assert pages[0] == pages[1]
    assert [one.to for one in mail.outbox] == [["ana@example.org"]]


def test_a_new_address_counts_once_the_link_in_its_mail_is_opened(client: Client, ana: Contributor) -> None:
    log_in(client, "ana")
    client.post("/accounts/email/", {"action_add": "", "email": "ana@new.example.org"})
    assert User.objects.get().email == "ana@example.org"
    sent = next(one for one in mail.outbox if one.to == ["ana@new.example.org"])
    link = LINK.search(str(sent.body))
    assert link is not None
    client.post(link[1])
    assert User.objects.get().email == "ana@new.example.org"


def test_sessions_that_ended_are_deleted_and_others_stay(client: Client, ana: Contributor) -> None:
    log_in(client, "ana")
    kept = Session.objects.get()
    Session.objects.create(session_key="ended", session_data="", expire_date=timezone.now())
    tasks.forget_answers()
    assert Session.objects.get() == kept
