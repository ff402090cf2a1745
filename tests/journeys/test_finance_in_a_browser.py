"""Two finance people close a month and pay for it in a real browser, one of them without a mouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Contributor, Customer, User
from payouts.booking import book_downloads
from payouts.gateway import StripeGateway
from payouts.sandbox import serve
from tests.builders import CLOSED_AT, make_attributed_downloads
from tests.chromium import PATIENCE_MS, PHONE, needs_chromium, opened_browser
from tests.payouts.paying import fund, onboard
from tests.payouts.sandbox.client import KEY

MOST_TABS = 40

pytestmark = needs_chromium


@pytest.fixture
def _month_to_pay(
    transactional_db: None,
    ana: Contributor,
    ben: Contributor,
    carla: Customer,
    tmp_path: Path,
    settings: Settings,
) -> Iterator[None]:
    """A booked month, two contributors who can be paid, and money at the sandbox; tasks run where they are sent."""
    current_app.conf.task_always_eager = True
    with serve(tmp_path / "stripe.sqlite3") as sandbox:
        settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
        gateway = StripeGateway(KEY, sandbox.url)
        make_attributed_downloads([ana, ben], carla)
        book_downloads(CLOSED_AT)
        onboard(ana, gateway)
        onboard(ben, gateway)
        fund(gateway, 10_000)
        yield
    current_app.conf.task_always_eager = False


def session_of(person: User) -> str:
    """The cookie of somebody who has logged in, with their second factor."""
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value


@pytest.fixture
def sessions(_month_to_pay: None, fay: User, finn: User) -> tuple[str, str]:
    """Made before the browser: while Playwright's loop runs, Django takes this thread for asynchronous code."""
    return session_of(fay), session_of(finn)


@pytest.fixture
def browser(sessions: tuple[str, str]) -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


def page_of(browser: Browser, session: str, live_server: LiveServer) -> Page:
    context = browser.new_context(viewport=PHONE, base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def by_keyboard(page: Page, name: str) -> None:
    """Go from one thing to the next until the one of that name has the focus, and press Enter."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == name:
            page.keyboard.press("Enter")
            return
    pytest.fail(f"No key leads to {name!r} on {page.url}")


def test_two_people_close_pay_and_reconcile_a_month(
    live_server: LiveServer, browser: Browser, sessions: tuple[str, str]
) -> None:
    fay, finn = (page_of(browser, session, live_server) for session in sessions)
    fay.goto("/")
    fay.get_by_role("link", name="Close October 2026").click()
    fay.get_by_role("link", name="Preview October 2026").click()
    fay.get_by_text("Closing the month now would issue 2 statements").wait_for()
    fay.get_by_role("button", name="Close October 2026").click()
    fay.get_by_text("You closed it: somebody else must approve it now.").wait_for()

    finn.goto("/")
    by_keyboard(finn, "Approve the closing of October 2026")
    finn.get_by_role("heading", name="October 2026", level=1).wait_for()
    by_keyboard(finn, "Approve October 2026")
    finn.get_by_text("is closed: earnings are posted and statements issued").wait_for()
    finn.get_by_role("img", name="From gross to the pool of October 2026").wait_for()

    fay.goto("/finance/")
    fay.get_by_role("link", name="Draft a payout run").click()
    fay.get_by_role("button", name="Draft a payout run").click()
    fay.get_by_text("You drafted it: somebody else must approve it.").wait_for()

    finn.goto("/finance/")
    by_keyboard(finn, f"Approve payout run {fay.url.rstrip('/').rpartition('/')[2]}")
    finn.get_by_text("The funds cover the run.").wait_for()
    by_keyboard(finn, f"Approve run {fay.url.rstrip('/').rpartition('/')[2]}")
    finn.get_by_text("is approved and can be sent").wait_for()

    fay.reload()
    fay.get_by_role("button", name="Send run").click()
    fay.get_by_text("2 of 2 payouts have ended").wait_for()
    assert fay.locator(".stepper [aria-current=step]").inner_text().startswith("Settled")
    fay.get_by_role("link", name="Ana").first.click()
    fay.get_by_role("link", name="earned", exact=True).click()
    fay.get_by_role("link", name="Why download").first.click()
    fay.get_by_role("heading", level=1, name="Why download").wait_for()

    fay.goto("/finance/reconciliation/")
    fay.get_by_role("button", name="Reconcile now").click()
    fay.get_by_text("Both sides are equal.").first.wait_for()
    assert "differ" not in fay.get_by_role("main").inner_text()
    for page in (fay, finn):
        page.goto("/finance/")
        page.get_by_text("Nothing waits for you").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
