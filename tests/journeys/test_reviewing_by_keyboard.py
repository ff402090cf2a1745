"""A reviewer decides on uploads in a real browser without a mouse."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from marketplace.logins import give_second_factor
from marketplace.models import Contributor
from tests.builders import PASSWORD, make_asset, make_user, submit
from tests.chromium import PHONE, needs_chromium, page_on_a_phone

pytestmark = needs_chromium


@pytest.fixture
def code(transactional_db: None) -> str:
    """A recovery code of the reviewer."""
    return give_second_factor(make_user("rita", "reviewer"))[0]


@pytest.fixture
def page(code: str, ana: Contributor, ben: Contributor) -> Iterator[Page]:
    for title in ("The longest wait", "The shorter wait"):
        with make_asset(ana).submission.original.open() as original:
            submit(ben, original.read(), title=title)
    with page_on_a_phone() as page:
        yield page


def wait_for_keys(page: Page, heading: str) -> None:
    """Until the page with that heading is there and listens to single keys, which its script shows."""
    page.get_by_role("heading", name=heading).wait_for()
    page.get_by_label("Single keys are on").wait_for()


def test_a_reviewer_decides_with_single_keys_and_can_turn_them_off(
    live_server: LiveServer, page: Page, code: str
) -> None:
    page.goto(f"{live_server.url}/submissions/")
    page.get_by_label("Username").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")
    wait_for_keys(page, "Uploads to decide")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    wait_for_keys(page, "The longest wait")
    page.keyboard.press("j")
    wait_for_keys(page, "The shorter wait")
    page.keyboard.press("k")
    wait_for_keys(page, "The longest wait")
    page.keyboard.press("o")
    page.keyboard.type("a jolly joke: rejected")
    assert page.get_by_label("Rejected on other grounds").is_checked()
    page.keyboard.press("Enter")
    wait_for_keys(page, "The shorter wait")
    assert "is rejected on other grounds" in page.get_by_role("status").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_label("Single keys are on").uncheck()
    page.locator("body").press("a")
    assert not page.get_by_label("Accepted").is_checked()
