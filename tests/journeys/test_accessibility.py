"""Every page of the site has an axe to pass: no violation of WCAG 2.2 A and AA, on a phone and in the dark."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from allauth.account.internal.flows.login import record_authentication
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, ViewportSize
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Contributor, Customer, User
from tests.chromium import PATIENCE_MS, PHONE, WIDE, needs_chromium, opened_browser
from tests.one_of_each import make_one_of_each
from tests.permission_rows import addresses, rows

NOBODY = "anonymous"
NO_SUCH_PAGE = "/no-such-page/"
WHOLE_PAGE = b"<!doctype html>"
LOOKS: tuple[tuple[str, ViewportSize, Literal["light", "dark"]], ...] = (
    ("phone, light", PHONE, "light"),
    ("wide, dark", WIDE, "dark"),
)
AT_ONCE = "* { transition: none !important }"
"""Or colours on their way to others would be taken for what is read."""
CHECKS = """() => axe.run({exclude: ["#swagger-ui"]}, {  // which is not ours, and has its own colours and sizes
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    resultTypes: ["violations"],
})"""

pytestmark = needs_chromium


@dataclass(frozen=True)
class Visit:
    """Somebody's session, nobody's being empty, and the paths of pages to look at with it."""

    person: str
    session: str
    paths: list[str]


@pytest.fixture
def visits(
    transactional_db: None, ana: Contributor, ben: Contributor, carla: Customer, fay: User, finn: User
) -> list[Visit]:
    paths = paths_of_people(make_one_of_each(ana, ben, carla, fay, finn))
    return [visit(person, own) for person, own in paths.items()]


def paths_of_people(parameters: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each address falls to one person: to nobody where nobody may open it, else to the first who may."""
    paths: dict[str, list[str]] = {person: [] for person in rows()[0].allowed}
    for row in rows():
        if row.method != "GET" or not any(row.allowed.values()):
            continue
        first = NOBODY if row.allowed[NOBODY] else next(person for person, may in row.allowed.items() if may)
        paths[first] += addresses(row, parameters)
    for person, own in paths.items():
        if person != NOBODY and reverse("home") not in own:
            own.append(reverse("home"))  # whose navigation differs
    paths[NOBODY] += [reverse("api_docs"), NO_SUCH_PAGE]
    return paths


def visit(person: str, paths: list[str]) -> Visit:
    """Logs the person in, and leaves out what is no whole page: downloads, redirects and parts of pages."""
    client = Client()
    session = "" if person == NOBODY else log_in(client, User.objects.get(username=person))
    return Visit(person, session, [path for path in paths if is_page(client, path)])


def log_in(client: Client, user: User) -> str:
    """With a password typed just now, which some pages ask for. Returns the session's key."""
    client.force_login(user)
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, user, "password")
    request.session.save()
    return client.session.session_key or ""


def is_page(client: Client, path: str) -> bool:
    with transaction.atomic():
        response = client.get(path)
        transaction.set_rollback(True)
    if response.streaming:
        response.getvalue()  # which closes the file
        return False
    return response.status_code in {200, 404} and response.content.lstrip().lower().startswith(WHOLE_PAGE)


@pytest.fixture
def context(visits: list[Visit]) -> Iterator[BrowserContext]:
    with opened_browser() as browser:
        context = browser.new_context(bypass_csp=True, locale="en")  # our policy would refuse the checker's script
        context.set_default_timeout(PATIENCE_MS)
        yield context


def violations(page: Page) -> Iterator[str]:
    """On a narrow screen in the light, and on a wide one in the dark."""
    page.evaluate(Axe().axe_script)
    page.add_style_tag(content=AT_ONCE)
    for look, viewport, scheme in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        for violation in page.evaluate(CHECKS)["violations"]:
            for node in violation["nodes"]:
                yield f"{look}: {violation['id']}: {node['html']}\n    {node['failureSummary']}"


def test_no_page_breaks_a_rule_of_accessibility(
    live_server: LiveServer, context: BrowserContext, visits: list[Visit]
) -> None:
    page = context.new_page()
    broken = []
    for visit in visits:
        context.clear_cookies()
        if visit.session:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": visit.session, "url": live_server.url}]
            )
        for path in visit.paths:
            page.goto(f"{live_server.url}{path}")
            broken += [f"{visit.person} {path} {violation}" for violation in violations(page)]
    assert not broken, "\n".join(broken)
