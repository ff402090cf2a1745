"""A customer makes a project, puts a licence in, and takes the record of AI use along, which anybody can read."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from marketplace.delivering import DownloadShares, deliver
from marketplace.models import Contributor, Customer
from tests.builders import PASSWORD, SOLD_AT, make_attributed_downloads
from tests.chromium import (
    PATIENCE_MS,
    PHONE,
    assert_nothing_scrolls_sideways,
    needs_chromium,
    opened_browser,
)
from tests.journeys.test_accessibility import violations

pytestmark = needs_chromium


@pytest.fixture
def page(transactional_db: None, ana: Contributor, carla: Customer) -> Iterator[Page]:
    downloads = make_attributed_downloads([ana], carla, count=2)
    shares = DownloadShares("energy_shares 2", "fingerprint", {ana.assets.get().pk: 600_000}, 400_000)
    deliver(downloads[0], "JPEG", shares, SOLD_AT)
    downloads[0].human_edits.create(description="The sky was painted over by hand.", recorded_at=SOLD_AT)
    with opened_browser() as browser:
        # Our policy would refuse the checker's script.
        page = browser.new_context(viewport=PHONE, bypass_csp=True, locale="en").new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page


def assert_everybody_can_use(page: Page) -> None:
    """No rule of accessibility is broken, and nothing scrolls sideways on a phone."""
    assert list(violations(page)) == [], page.url
    page.set_viewport_size(PHONE)
    assert_nothing_scrolls_sideways(page)


def test_a_customer_takes_along_the_record_of_a_project(live_server: LiveServer, page: Page, tmp_path: Path) -> None:
    page.goto(f"{live_server.url}/projects/")
    page.get_by_label("Username").fill("carla")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Name of the project").fill("Spring campaign")
    assert_everybody_can_use(page)
    page.get_by_role("button", name="Make the project").click()
    page.get_by_role("link", name="your licences").click()
    for licence in page.get_by_role("checkbox").all():
        licence.check()
    assert_everybody_can_use(page)
    page.get_by_label("Put into the project").select_option("Spring campaign")
    page.get_by_role("button", name="Put it in").click()
    page.get_by_text("2 licences were put in.").wait_for()
    assert_everybody_can_use(page)
    with page.expect_download() as handed_out:
        page.get_by_role("link", name="Download the record of AI use").click()
    with ZipFile(handed_out.value.path()) as zipped:
        zipped.extractall(tmp_path)
    page.goto(f"file://{tmp_path}/record.html")
    page.get_by_role("heading", level=1, name="Record of AI use: Spring campaign").wait_for()
    page.get_by_text("The sky was painted over by hand.").wait_for()
    assert_everybody_can_use(page)
