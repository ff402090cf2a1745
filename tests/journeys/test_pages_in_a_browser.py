"""A contributor finds out in a real browser why they were paid, on a screen as narrow as a phone's."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Contributor, Customer, User
from payouts.models import Period
from tests.builders import PASSWORD, make_attributed_downloads, make_closed_month
from tests.chromium import (
    assert_nothing_scrolls_sideways,
    needs_chromium,
    page_on_a_phone,
)

pytestmark = needs_chromium


@pytest.fixture
def october(
    transactional_db: None, ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


@pytest.fixture
def page(october: Period) -> Iterator[Page]:
    with page_on_a_phone() as page:
        yield page


def test_a_contributor_walks_from_the_login_to_why_they_were_paid(live_server: LiveServer, page: Page) -> None:
    refused: list[str] = []  # by our Content-Security-Policy, or not found
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(live_server.url)
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", level=1, name="Welcome").wait_for()
    for link, heading in (
        ("Images", "Your images"),
        ("Earnings", "Earnings of Ana"),
        ("October 2026", "Earnings of October 2026"),
        ("Why download", "Why download"),
    ):
        assert_nothing_scrolls_sideways(page)
        wanted = page.get_by_role("link", name=re.compile(f"^{link}")).first
        if not wanted.is_visible():
            page.get_by_role("button", name="Menu").click()
        wanted.click()
        page.get_by_role("heading", level=1, name=heading).wait_for()
    assert_nothing_scrolls_sideways(page)
    page.get_by_role("button", name="Check this list").click()
    page.get_by_text("It agrees.").wait_for()
    pictures = page.locator("main img").all()
    assert len(pictures) == 3
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=picture.element_handle())
    assert refused == []
