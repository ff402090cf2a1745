"""Contributors say something of themselves if they want to, see it alone, and take it back at any time."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from marketplace.core.self_descriptions import Gender, Region
from marketplace.models import Contributor, SelfDescription, User
from marketplace.personal_data import forget_contributor, records_of
from marketplace.self_descriptions import describe_oneself
from tests.builders import CLOSED_AT, JOINED_AT, SOLD_AT, make_user

PAGE = "/contributor/about-you/"
ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"self_?description|\bGender\b", re.IGNORECASE)
BOTH = {"gender": "woman", "region": "Northern America"}


def login(contributor: Contributor) -> User:
    assert contributor.user is not None
    return contributor.user


def said(contributor: Contributor) -> list[tuple[str, str]]:
    return list(SelfDescription.objects.filter(contributor=contributor).values_list("gender", "region"))


def checked(page: str) -> list[str]:
    """The values of the answers that are chosen on the page."""
    return [
        tag.split('value="')[1].split('"')[0] for tag in page.split("<input")[1:] if " checked" in tag.split(">")[0]
    ]


@pytest.fixture
def page(client: Client, ana: Contributor) -> Client:
    client.force_login(login(ana))
    return client


def test_nothing_is_required_and_nothing_is_said_for_anybody(page: Client, ana: Contributor) -> None:
    assert checked(page.get(PAGE).content.decode()) == ["", ""]
    assert (
        "Nothing is recorded about you" in page.post(PAGE, {"gender": "", "region": ""}, follow=True).content.decode()
    )
    assert said(ana) == []


def test_a_contributor_says_one_thing_or_both_and_reads_when_they_said_it(page: Client, ana: Contributor) -> None:
    page.post(PAGE, {"gender": "", "region": "Africa"})
    assert said(ana) == [("", "Africa")]
    text = page.post(PAGE, BOTH, follow=True).content.decode()
    assert said(ana) == [("woman", "Northern America")]
    assert checked(text) == ["woman", "Northern America"]
    assert "You said this at" in text


def test_the_page_says_what_it_is_for_and_what_it_changes_nothing_in(page: Client) -> None:
    text = page.get(PAGE).content.decode()
    for words in ("bias report only", "at least five people", "changes nothing in what you earn", "take it back"):
        assert words in text


def test_what_is_taken_back_is_deleted_and_of_what_is_changed_the_earlier_answer_goes(ana: Contributor) -> None:
    describe_oneself(ana, Gender.WOMAN, Region.ASIA, JOINED_AT)
    describe_oneself(ana, "", Region.ASIA, SOLD_AT)
    assert SelfDescription.objects.values_list("gender", "region", "said_at").get() == ("", "Asia", SOLD_AT)
    describe_oneself(ana, "", "", CLOSED_AT)
    assert not SelfDescription.objects.exists()


def test_all_of_it_is_taken_back_by_one_button(page: Client, ana: Contributor) -> None:
    describe_oneself(ana, Gender.MAN, Region.EUROPE, SOLD_AT)
    assert "Take all of it back" in page.get(PAGE).content.decode()
    text = page.post(PAGE, {"gender": ""}, follow=True).content.decode()
    assert said(ana) == []
    assert "Take all of it back" not in text


def test_an_answer_that_is_not_offered_changes_nothing_and_the_page_says_so(page: Client, ana: Contributor) -> None:
    describe_oneself(ana, Gender.MAN, Region.EUROPE, SOLD_AT)
    response = page.post(PAGE, {"gender": "somebody", "region": "Asia"})
    assert response.status_code == 400
    assert "Nothing was changed: choose one of the answers below." in response.content.decode()
    assert said(ana) == [("man", "Europe")]


@pytest.mark.parametrize("wrong", [{"gender": "x"}, {"region": "x"}, {"gender": "", "region": ""}])
def test_the_database_keeps_no_answer_that_is_unknown_or_empty(ana: Contributor, wrong: dict[str, str]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        SelfDescription.objects.create(contributor=ana, said_at=SOLD_AT, **{"gender": "man", **wrong})


def test_what_is_sent_after_the_session_ended_is_not_kept_for_whoever_logs_in_next(client: Client, db: None) -> None:
    client.post(PAGE, BOTH)
    assert "nothing was recorded" in client.get("/accounts/login/").content.decode()
    assert "kept_form" not in client.session


def test_contributors_see_and_change_only_their_own(page: Client, ana: Contributor, ben: Contributor) -> None:
    describe_oneself(ben, Gender.MAN, Region.OCEANIA, SOLD_AT)
    assert checked(page.get(PAGE).content.decode()) == ["", ""]
    page.post(PAGE, BOTH)
    page.post(PAGE, {"gender": ""})
    assert said(ben) == [("man", "Oceania")]


def test_no_page_of_the_admin_shows_it(client: Client, ana: Contributor) -> None:
    describe_oneself(ana, Gender.ANOTHER, Region.OCEANIA, SOLD_AT)
    client.force_login(make_user("boss", is_superuser=True))
    pages = [reverse("admin:index"), reverse("admin:marketplace_contributor_changelist")]
    pages += [
        reverse(f"admin:marketplace_contributor_{name}", args=[ana.pk]) for name in ("change", "delete", "history")
    ]
    for address in pages:
        response = client.get(address)
        text = response.content.decode()
        assert response.status_code == 200, address
        assert "another gender" not in text, address
        assert "Oceania" not in text, address


def test_it_is_part_of_the_export_of_nobody_else(ana: Contributor, ben: Contributor) -> None:
    describe_oneself(ana, Gender.WOMAN, Region.AFRICA, SOLD_AT)
    own: list[dict[str, Any]] = [{"gender": "woman", "region": "Africa", "said_at": SOLD_AT}]
    assert records_of(login(ana))["self_description"] == own
    assert records_of(login(ben))["self_description"] == []


def test_an_erasure_deletes_it(ana: Contributor) -> None:
    describe_oneself(ana, Gender.WOMAN, Region.AFRICA, SOLD_AT)
    forget_contributor(ana, CLOSED_AT)
    assert not SelfDescription.objects.exists()


def test_it_changes_nothing_in_earnings_because_only_the_report_its_page_and_personal_data_know_of_it() -> None:
    modules = (file for app in ("marketplace", "attribution", "payouts") for file in (ROOT / app).rglob("*.py"))
    knowing = {str(file.relative_to(ROOT)) for file in modules if NAMED.search(file.read_text(encoding="utf-8"))}
    assert {name for name in knowing if "/migrations/" not in name} == {
        "marketplace/core/self_descriptions.py",
        "marketplace/kept_forms.py",
        "marketplace/models/__init__.py",
        "marketplace/models/self_descriptions.py",
        "marketplace/personal_data.py",
        "marketplace/self_description_views.py",
        "marketplace/self_descriptions.py",
        "marketplace/urls.py",
        "payouts/bias_queries.py",
    }
