"""A stranger checks a file and a certificate in a real browser, by keyboard, on a screen as narrow as a phone's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from marketplace.delivering import deliver
from marketplace.licences import grouped
from marketplace.models import Contributor, Customer, Delivery
from tests.builders import (
    SOLD_AT,
    make_asset,
    make_download,
    make_generation,
    make_generator_model,
    make_textured_picture,
    make_training_set,
)
from tests.chromium import (
    assert_nothing_scrolls_sideways,
    needs_chromium,
    page_on_a_phone,
)

pytestmark = needs_chromium


@pytest.fixture
def delivery(transactional_db: None, ana: Contributor, carla: Customer) -> Delivery:
    make_asset(ana)
    generation = make_generation(make_generator_model(make_training_set()), picture=make_textured_picture(1))
    return deliver(make_download(carla, generation), "JPEG", None, SOLD_AT)


@pytest.fixture
def page(delivery: Delivery) -> Iterator[Page]:
    with page_on_a_phone() as page:
        yield page


def focused(page: Page) -> str:
    """What a screen reader says of the element that has the focus: its accessible name."""
    element = "document.activeElement"
    name = f"({element}.labels?.[0] ?? {element}).textContent.trim()"
    return str(page.evaluate(name))


def press_until(page: Page, name: str) -> None:
    """Go on by the tabulator key until the named element has the focus."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused(page).startswith(name):
            return
    pytest.fail(f"the keyboard does not reach {name!r}")


def test_a_stranger_checks_a_file_by_keyboard_and_reads_what_it_was_found_by(
    live_server: LiveServer, page: Page, delivery: Delivery, tmp_path: Path
) -> None:
    saved_again = tmp_path / "saved-again.jpg"
    Image.open(delivery.file.path).save(saved_again, quality=70)
    for file, heading in (
        (Path(delivery.file.path), "This is a file that we delivered, unchanged."),
        (saved_again, "This looks like a file that we delivered."),
    ):
        page.goto(f"{live_server.url}/verify/")
        assert_nothing_scrolls_sideways(page)
        press_until(page, "Choose a picture")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Space")
        chooser.value.set_files(file)
        press_until(page, "Check the file")
        page.keyboard.press("Enter")
        page.get_by_role("heading", level=1, name=heading).wait_for()
        page.wait_for_load_state()  # with its style sheet
        assert page.title().startswith(heading)
        assert_nothing_scrolls_sideways(page)


def test_a_file_can_be_dropped_on_the_field(live_server: LiveServer, page: Page, delivery: Delivery) -> None:
    page.goto(f"{live_server.url}/verify/")
    box = page.get_by_label("Choose a picture").bounding_box()
    assert box is not None
    dropped = {
        "items": [],
        "files": [str(delivery.file.path)],
        "dragOperationsMask": 1,
    }
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] - 20, "y": box["y"] + box["height"] / 2}
        devtools.send("Input.dispatchDragEvent", {"type": kind, "data": dropped, **place})
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("heading", level=1, name="This is a file that we delivered, unchanged.").wait_for()


def test_a_stranger_types_the_number_of_a_certificate(live_server: LiveServer, page: Page, delivery: Delivery) -> None:
    number = grouped(delivery.certificate_id)
    page.goto(f"{live_server.url}/verify/")
    press_until(page, "Its number")
    page.keyboard.type(number.lower())
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=number).wait_for()
    page.wait_for_load_state()
    assert_nothing_scrolls_sideways(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON").click()
    assert json.loads(download.value.path().read_text()) == json.loads(delivery.certificate)
