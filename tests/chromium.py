"""The browser in which tests and photographs look at pages, and the screens that they are looked at on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking"]
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt install chromium")


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser.

    Make all records before: while Playwright's loop runs, Django takes this thread for asynchronous code.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def page_on_a_phone() -> Iterator[Page]:
    """A page of a browser that is opened for it."""
    with opened_browser() as browser:
        page = browser.new_page(viewport=PHONE)
        page.set_default_timeout(PATIENCE_MS)
        yield page


def assert_nothing_scrolls_sideways(page: Page) -> None:
    """On a screen as narrow as a phone's."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
