"""Anybody reports an image, and it is withheld once they proved their address: by a link in a mail, or a login."""

import re
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.core import mail as sent
from django.db import transaction
from django.test import Client
from django.utils import timezone

from marketplace import tasks
from marketplace.core.removals import RemovalKind, RemovalRefused
from marketplace.models import Asset, Contributor, Mail, RemovalCase, RemovalReport
from marketplace.reports import (
    MOST_A_DAY,
    Reporter,
    confirm_report,
    delete_reports,
    expires_at,
    find_report,
    report_image,
    signer,
)
from marketplace.selectors import is_withheld
from tests.builders import SOLD_AT, make_asset, make_customer
from tests.connections import in_another_connection, wait_until_one_is_blocked

TOM = "tom@example.org"
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def asset(ana: Contributor) -> Asset:
    return make_asset(ana, title="Harbour")


def filled(image: Asset, **changed: object) -> dict[str, object]:
    return {"kind": "privacy", "asset": image.pk, "statement": "It shows me.", "email": TOM, **changed}


def reported(asset: Asset | None, at: datetime = SOLD_AT, email: str = TOM) -> RemovalReport:
    by = Reporter(email, AnonymousUser(), "en")
    return report_image(asset, RemovalKind.PRIVACY, "It shows me.", "", by, at)


def link_in(text: str) -> str:
    found = re.search(r"http://localhost:8000(/report/\S+)", text)
    assert found
    return found[1]


def test_a_report_without_an_account_counts_once_its_address_is_confirmed_by_the_link_in_the_mail(
    client: Client, asset: Asset
) -> None:
    told = client.post("/report/", filled(asset), follow=True).content.decode()
    assert "we sent a mail to tom@example.org" in told
    assert not RemovalCase.objects.exists()
    assert not is_withheld(asset)

    tasks.send_mail()
    (letter,) = sent.outbox
    assert letter.to == [TOM]
    link = link_in(str(letter.body))
    page = client.get(link).content.decode()
    assert "It shows me." in page
    assert not RemovalCase.objects.exists()  # what opens links by itself, such as a scanner of mail, confirms nothing

    told = client.post(link, follow=True).content.decode()
    case = RemovalCase.objects.get()
    assert f"Your report has the number {case.pk}" in told
    assert (case.asset, case.email, case.opener) == (asset, TOM, "third party")
    assert is_withheld(asset)
    assert f"Your report has the number {case.pk}" in client.post(link, follow=True).content.decode()
    assert RemovalCase.objects.count() == 1


def test_the_deadline_counts_from_the_confirmation(asset: Asset) -> None:
    report = reported(asset)
    case = confirm_report(report, SOLD_AT + 3 * DAY)
    assert (case.opened_at, case.due_at) == (SOLD_AT + 3 * DAY, SOLD_AT + 17 * DAY)


def test_whoever_is_logged_in_by_a_verified_address_needs_no_mail(client: Client, asset: Asset) -> None:
    user = make_customer("Tom").user
    assert user
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    assert user.email in client.get("/report/").content.decode()
    told = client.post("/report/", filled(asset, email=user.email.upper()), follow=True).content.decode()
    assert f"Your report has the number {RemovalCase.objects.get().pk}" in told
    assert is_withheld(asset)
    assert not Mail.objects.exists()


@pytest.mark.parametrize("is_theirs", [True, False])
def test_a_login_proves_no_address_that_is_not_verified_or_not_its_own(
    client: Client, asset: Asset, is_theirs: bool
) -> None:
    user = make_customer("Tom").user
    assert user
    client.force_login(user)
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=user.email, verified=not is_theirs, primary=True)
    client.post("/report/", filled(asset, email=user.email if is_theirs else "other@example.org"))
    assert not RemovalCase.objects.exists()
    assert Mail.objects.get().address == (user.email if is_theirs else "other@example.org")


def test_the_mail_and_its_page_are_in_the_language_of_whoever_reported(client: Client, asset: Asset) -> None:
    client.post("/report/", filled(asset), headers={"Accept-Language": "de"})
    tasks.send_mail()
    assert sent.outbox[0].subject == "Bestätigen Sie Ihre Meldung eines Bildes"


@pytest.mark.parametrize("token", ["nothing", "1:forged"])
def test_a_link_that_we_did_not_sign_is_refused_in_words(client: Client, asset: Asset, token: str) -> None:
    reported(asset)
    answer = client.post(f"/report/{token}/")
    assert answer.status_code == 404
    assert "This is no link of ours. Copy the whole link out of the mail." in answer.content.decode()
    assert not RemovalCase.objects.exists()


def test_a_link_expires_and_what_was_not_confirmed_is_deleted_with_its_mail(asset: Asset) -> None:
    report = reported(asset)
    token = signer.sign(str(report.pk))
    assert expires_at(report) == SOLD_AT + WEEK
    assert find_report(token, SOLD_AT + WEEK - INSTANT) == report
    assert delete_reports(SOLD_AT + WEEK - INSTANT) == 0
    with pytest.raises(RemovalRefused, match="This link has expired"):
        find_report(token, SOLD_AT + WEEK)
    assert delete_reports(SOLD_AT + WEEK) == 1
    assert not RemovalReport.objects.exists()
    assert not Mail.objects.exists()
    with pytest.raises(RemovalRefused, match="This link has expired"):
        find_report(token, SOLD_AT)


def test_the_worker_deletes_old_reports_by_the_clock_and_leaves_their_cases(asset: Asset) -> None:
    case = confirm_report(reported(asset), SOLD_AT)
    fresh = reported(asset, timezone.now())
    tasks.delete_old_texts()
    assert list(RemovalReport.objects.all()) == [fresh]
    assert RemovalCase.objects.get() == case
    assert is_withheld(asset)


def test_one_address_reports_so_many_images_a_day_and_gets_no_more_mail(asset: Asset) -> None:
    for number in range(MOST_A_DAY):
        reported(None, email=TOM if number % 2 else TOM.upper())
    with pytest.raises(RemovalRefused, match="which is the most: go on tomorrow"):
        reported(asset)
    assert Mail.objects.count() == MOST_A_DAY
    reported(asset, SOLD_AT + DAY)


@pytest.mark.django_db(transaction=True)
def test_of_two_reports_at_once_only_one_is_the_last_of_the_day(asset: Asset) -> None:
    for _ in range(MOST_A_DAY - 1):
        reported(None)
    refused: list[RemovalRefused] = []

    def report_too() -> None:
        try:
            reported(asset, email=TOM.upper())
        except RemovalRefused as error:
            refused.append(error)

    with transaction.atomic():
        reported(asset)
        second = in_another_connection(report_too, [])
        wait_until_one_is_blocked()
    second.join()
    assert len(refused) == 1
    assert RemovalReport.objects.count() == MOST_A_DAY


def test_the_same_report_again_is_the_same_open_case_however_the_address_is_spelled(asset: Asset) -> None:
    first = confirm_report(reported(asset), SOLD_AT)
    assert confirm_report(reported(asset, email=TOM.upper()), SOLD_AT) == first


def test_a_report_of_an_image_that_is_not_ours_gets_the_same_answer(client: Client, asset: Asset) -> None:
    answers = [
        client.post("/report/", filled(asset, asset=number), follow=True).content.decode()
        for number in (asset.pk, asset.pk + 1)
    ]
    assert ["we sent a mail to tom@example.org" in answer for answer in answers] == [True, True]
    report = RemovalReport.objects.latest("pk")
    assert (report.asset, report.seen_at) == (None, f"(number {asset.pk + 1})")
    case = confirm_report(report, SOLD_AT)
    assert (case.asset, case.seen_at) == (None, report.seen_at)


def test_the_longest_place_and_the_longest_number_fit_into_one_report(client: Client, asset: Asset) -> None:
    longest = filled(asset, asset="9" * 18, seen_at="x" * 450)
    assert "we sent a mail to" in client.post("/report/", longest, follow=True).content.decode()
    assert RemovalReport.objects.get().seen_at == f"{'x' * 450} (number {'9' * 18})"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"email": "nobody"}, "This is no e-mail address."),
        ({"email": ""}, "Give your e-mail address"),
        ({"statement": ""}, "Say what is wrong with the image."),
        ({"kind": ""}, "Choose what is wrong."),
        ({"asset": ""}, "Say which image it is: its number, or where you saw it."),
        ({"asset": "first"}, "digits only"),
        ({"asset": "9" * 19}, "digits only, at most 18"),
        ({"asset": "9" * 600}, "digits only, at most 18"),
        ({"seen_at": "x" * 451}, "Say in at most 450 characters where you saw it."),
    ],
)
def test_a_report_that_lacks_something_says_what_and_keeps_what_was_written(
    client: Client, asset: Asset, changed: dict[str, str], why: str
) -> None:
    answer = client.post("/report/", filled(asset, **changed))
    assert answer.status_code == 400
    page = answer.content.decode()
    assert why in page
    assert TOM in page or "email" in changed
    assert not RemovalReport.objects.exists()
