"""A customer buys a licence in a real browser, through Stripe's page as the sandbox shows it, on a phone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from pytest_django.live_server_helper import LiveServer

from marketplace.models import Contributor, Customer
from payouts.sandbox import Sandbox, serve
from tests.builders import (
    PASSWORD,
    make_asset,
    make_generation,
    make_generator_model,
    make_policy,
    make_training_set,
)
from tests.chromium import (
    assert_nothing_scrolls_sideways,
    needs_chromium,
    page_on_a_phone,
)
from tests.payouts.buying import CARD, DECLINED_CARD
from tests.payouts.sandbox.client import KEY

pytestmark = needs_chromium


@pytest.fixture
def sandbox(tmp_path: Path, settings: LazySettings) -> Iterator[Sandbox]:
    with serve(tmp_path / "stripe.sqlite3") as sandbox:
        settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url
        settings.CONTENT_SECURITY_POLICY = settings.CONTENT_SECURITY_POLICY.replace(
            "https://*.stripe.com", f"https://*.stripe.com {sandbox.url}"
        )
        yield sandbox


def test_a_customer_buys_after_a_declined_card_and_a_change_of_mind(
    transactional_db: None, ana: Contributor, carla: Customer, live_server: LiveServer, sandbox: Sandbox
) -> None:
    make_policy()
    make_asset(ana)
    generation = make_generation(make_generator_model(make_training_set()))
    with page_on_a_phone() as page:
        page.goto(f"{live_server.url}/generations/{generation.pk}/")
        page.locator("input[name=login]").fill("carla")
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="License for 9.90").click()
        page.get_by_label("Card number").fill(DECLINED_CARD)
        page.get_by_role("button", name="Pay").click()
        page.get_by_text("Your card was declined.").wait_for()
        page.get_by_role("link", name="Back to the shop without paying").click()
        page.get_by_text("You came back without paying: nothing was charged.").wait_for()
        assert_nothing_scrolls_sideways(page)
        page.get_by_role("button", name=re.compile("^Pay .* at Stripe")).click()
        page.get_by_label("Card number").fill(CARD)
        page.get_by_role("button", name="Pay").click()
        page.get_by_role("link", name="To your licences, where the file is").wait_for()
        assert_nothing_scrolls_sideways(page)
        page.get_by_role("link", name="To your licences, where the file is").click()
        page.get_by_role("heading", level=1, name="Your licences").wait_for()
        page.get_by_role("link", name=re.compile("^Download licence .* as jpg")).wait_for()
