"""`make screenshots`: every page as each login sees it, on a phone and on a wide screen, in the light and in the dark.

Three sites are looked at: the demo's month, one that nobody has used yet, and what the demo's site says when something
went wrong. The pictures go to .tributary/screenshots, with a line for each page that scrolls sideways.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from playwright.sync_api import Browser, Page

from tests.chromium import CHROMIUM, PHONE, WIDE, opened_browser
from tests.crawling import pages

REPOSITORY = Path(__file__).resolve().parent.parent
OUTPUT = REPOSITORY / ".tributary" / "screenshots"
LOGIN = re.compile(r"^  (contributor|customer|finance|reviewer) +(\S+) +(\S+)", re.MULTILINE)
LOOKS = (("phone", PHONE, "light"), ("wide", WIDE, "light"), ("phone-dark", PHONE, "dark"), ("wide-dark", WIDE, "dark"))
PATIENCE_SECONDS = 900
UNUSED = {
    "DATABASE_URL": "postgresql:///unused",
    "BROKER_URL": "redis://",
    "SECRET_KEY": "unused",
    "DEPLOYMENT": "unused",
    "DEBUG": "true",
}
"""For the names of addresses alone."""
VISITOR = ("visitor", "", "")
"""Who has no login."""
MISTAKES = {
    "contributor": ("/contributor/upload/", "/contributor/claims/", "/accounts/password/change/", "/api-tokens/"),
    "customer": ("/generate/", "/projects/", "/prompts/"),
    "finance": (
        "/finance/policies/preview/",
        "/finance/holds/",
        "/finance/adjustments/",
        "/finance/refunds/",
        "/finance/tax-forms/",
        "/accounts/invitations/",
    ),
    "reviewer": ("/removals/",),
    "visitor": ("/accounts/login/", "/report/", "/verify/", "/accounts/password/reset/"),
}
"""Pages whose main form is sent as it is, without what it needs."""


def main() -> None:
    """Look at the three sites. Says what is missing where there is no Chromium."""
    if CHROMIUM is None:
        sys.exit("There is no Chromium on this machine: apt install chromium.")
    for name in ("demo", "empty"):
        with site(name) as (address, logins), opened_browser() as browser:
            for login, password, code in [VISITOR, *logins]:
                look(browser, address, login, password, code, OUTPUT / name)


@contextmanager
def site(name: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """A running site: its address, and the name, password and one-time code of each login."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    folder = REPOSITORY / ".tributary" / name
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "screenshots.out"
    command = [sys.executable, "manage.py", "run", "--port", str(port)]
    with (
        output.open("w") as file,
        subprocess.Popen(
            command if name == "demo" else [*command, "--empty"],
            cwd=REPOSITORY,
            env={name: value for name, value in os.environ.items() if name not in UNUSED}
            | {"TRIBUTARY_DATA": str(folder)},
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as running,
    ):
        try:
            waited_until = time.monotonic() + PATIENCE_SECONDS
            while len(logins := LOGIN.findall(output.read_text())) < len(MISTAKES) - 1:
                if running.poll() is not None or time.monotonic() > waited_until:
                    sys.exit(output.read_text())
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}", logins
        finally:
            running.terminate()


def look(browser: Browser, address: str, login: str, password: str, code: str, folder: Path) -> None:
    """Log in once, where there is a password, find the pages, and photograph each in each look."""
    first = browser.new_context(viewport=WIDE, base_url=address, locale="en")
    page = first.new_page()
    if password:
        log_in(page, login, password, code)

    def html_of(path: str) -> str:
        response = page.goto(path)
        return page.content() if response is not None and response.ok else ""

    found = list(pages(html_of))
    state = first.storage_state()
    first.close()
    for look_name, viewport, scheme in LOOKS:
        context = browser.new_context(
            viewport=viewport,
            color_scheme=scheme,  # type: ignore[arg-type]
            base_url=address,
            locale="en",
            storage_state=state,
        )
        page = context.new_page()
        for name, path in found:
            page.goto(path)
            photograph(page, folder / f"{login}-{name}-{look_name}.png")
        page.goto("/no-such-page/")
        photograph(page, folder / f"{login}-not-found-{look_name}.png")
        for number, path in enumerate(MISTAKES[login]):
            page.goto(path)
            if page.locator("main form").count():
                with page.expect_navigation():
                    page.evaluate("document.querySelector('main form').submit()")
            photograph(page, folder / f"{login}-mistake-{number}-{look_name}.png")
        context.close()


def log_in(page: Page, login: str, password: str, code: str) -> None:
    """By the login page, with the one-time code where one is asked for."""
    page.goto("/accounts/login/")
    page.locator("main [name=login]").fill(login)
    page.locator("main [name=password]").fill(password)
    page.locator("main form button").first.click()
    page.wait_for_load_state()
    if page.locator("main [name=code]").count():
        page.locator("main [name=code]").fill(code)
        page.locator("main form button").first.click()
        page.wait_for_load_state()


def photograph(page: Page, file: Path) -> None:
    """All of the page, however long, in the light or dark that the browser asks for."""
    page.evaluate("document.querySelectorAll('img').forEach(img => { img.loading = 'eager' })")
    page.wait_for_load_state("networkidle")
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=True)
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        print(f"scrolls sideways: {file.relative_to(OUTPUT)}")


if __name__ == "__main__":
    os.environ |= UNUSED | {"DJANGO_SETTINGS_MODULE": "marketplace.settings"}
    django.setup()
    main()
