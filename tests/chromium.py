"""The browser in which tests and photographs look at pages, and the screens that they are looked at on."""

import shutil

import pytest
from playwright.sync_api import Page, ViewportSize

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking"]
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine: apt install chromium")


def assert_nothing_scrolls_sideways(page: Page) -> None:
    """On a screen as narrow as a phone's."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
