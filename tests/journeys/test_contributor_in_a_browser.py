"""In a real browser, on a phone: an upload is refused and appealed, and a statement is checked step by step."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Appeal, Contributor, Customer, Submission, User
from payouts.models import Period
from tests.builders import PASSWORD, jpeg_bytes, make_attributed_downloads, make_closed_month, make_picture
from tests.chromium import (
    assert_nothing_scrolls_sideways,
    needs_chromium,
    page_on_a_phone,
)
from tests.marketplace.test_uploads_and_appeals import generated_bytes

pytestmark = needs_chromium


@pytest.fixture
def october(
    transactional_db: None, ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> Period:
    make_attributed_downloads([ana, ben], carla)
    return make_closed_month(fay, finn)


@pytest.fixture
def page(october: Period, live_server: LiveServer) -> Iterator[Page]:
    """Ana is logged in. What the database is asked, it is asked after the browser is closed."""
    with page_on_a_phone() as page:
        page.goto(live_server.url)
        page.get_by_label("Username").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", level=1, name="Welcome").wait_for()
        yield page


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    generated, genuine = tmp_path / "duck.png", tmp_path / "harbour.jpg"
    generated.write_bytes(generated_bytes())
    genuine.write_bytes(jpeg_bytes(make_picture()))
    return [generated, genuine]


@pytest.fixture
def _then_one_is_in_the_catalogue_and_the_other_appealed(transactional_db: None) -> Iterator[None]:
    """Asked when the browser is closed: before, Django takes this thread for asynchronous code."""
    yield
    assert Submission.objects.get(title="harbour").asset.pk
    assert Appeal.objects.get().submission.title == "duck"


@pytest.mark.usefixtures("_then_one_is_in_the_catalogue_and_the_other_appealed")
def test_each_file_tells_what_became_of_it_and_the_refused_one_is_appealed(
    live_server: LiveServer, files: list[Path], page: Page
) -> None:
    page.goto(f"{live_server.url}/contributor/upload/")
    assert_nothing_scrolls_sideways(page)
    page.get_by_label("Choose images").set_input_files(files)
    page.get_by_label("I declare this").check()
    page.get_by_role("button", name="Sign and upload").click()
    page.get_by_role("link", name="harbour.jpg is accepted.").wait_for()
    page.get_by_role("link", name="duck.png is rejected").click()
    page.get_by_text("Sampler: Euler a").first.wait_for()  # the evidence
    assert_nothing_scrolls_sideways(page)
    page.get_by_label("What the reviewer should know").fill("I painted it.")
    page.get_by_role("button", name="Appeal").click()
    page.get_by_text("Your appeal is recorded").wait_for()
    page.goto(f"{live_server.url}/contributor/objections/")
    page.get_by_text("waits for a reviewer").wait_for()
    assert_nothing_scrolls_sideways(page)


def test_a_contributor_sees_their_statement_proved_and_takes_the_means_along(
    live_server: LiveServer, page: Page
) -> None:
    page.goto(f"{live_server.url}/contributor/statements/")
    assert_nothing_scrolls_sideways(page)
    page.get_by_role("link", name="October 2026", exact=True).click()
    page.get_by_role("img", name="From 0.000000 USD").wait_for()  # the chart
    assert_nothing_scrolls_sideways(page)
    page.get_by_role("link", name="Check this statement").click()
    page.get_by_text("It fits the published root.").wait_for()
    page.get_by_text("as when it was issued").wait_for()
    assert_nothing_scrolls_sideways(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Statement with its proof").click()
    assert download.value.suggested_filename == "statement-2026-10.json"
    with page.expect_download() as download:
        page.get_by_role("link", name="verify_statement.py").click()
    assert download.value.suggested_filename == "verify_statement.py"
