"""The contributor's page says what stands in the way of being paid, in words, and leads to Stripe."""

from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.test import Client

from marketplace.models import Contributor, User
from payouts.gateway import StripeGateway
from payouts.models import ConnectedAccount
from payouts.onboarding import refresh_account
from payouts.sandbox import Sandbox
from tests.builders import make_connected_account, make_contributor, make_policy, make_tax_form
from tests.payouts.paying import AT, onboard, owe
from tests.payouts.sandbox.client import KEY, control, visit

pytestmark = pytest.mark.django_db


def page_of(client: Client, contributor: Contributor) -> str:
    assert contributor.user is not None
    client.force_login(contributor.user)
    return client.get("/contributor/").content.decode()


@pytest.fixture
def _stripe(settings: LazySettings, sandbox: Sandbox) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, sandbox.url


@pytest.mark.usefixtures("_stripe")
def test_a_contributor_opens_their_account_and_is_led_to_stripe(client: Client, ana: Contributor) -> None:
    assert "Connect a Stripe account" in page_of(client, ana)
    answer = client.post("/contributor/account/")
    assert answer.status_code == 302
    assert visit(answer["Location"], holder_name="Ana", bank_country="DE")[2] == "http://testserver/contributor/"
    again = client.post("/contributor/account/")
    assert "/onboarding/" in again["Location"]
    assert ConnectedAccount.objects.get().contributor == ana


def test_where_stripe_does_not_answer_the_contributor_is_told_to_try_again(
    client: Client, ana: Contributor, settings: LazySettings
) -> None:
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = KEY, "http://127.0.0.1:9"
    page_of(client, ana)
    page = client.post("/contributor/account/", follow=True).content.decode()
    assert "Stripe cannot be reached now. Nothing is lost" in page


@pytest.mark.usefixtures("_stripe")
@pytest.mark.parametrize(("country", "says"), [("", "has no country yet"), ("JP", "send nothing. Write to us.")])
def test_who_can_have_no_account_is_told_why(client: Client, db: None, country: str, says: str) -> None:
    page_of(client, make_contributor("Yui", country=country))
    assert says in client.post("/contributor/account/", follow=True).content.decode()
    assert not ConnectedAccount.objects.exists()


def test_only_contributors_connect_an_account(client: Client, fay: User) -> None:
    client.force_login(fay)
    assert client.post("/contributor/account/").status_code == 404


def test_the_page_says_what_a_payout_run_would_do_now(client: Client, ana: Contributor) -> None:
    make_policy()
    assert "Nothing is owed to you now." in page_of(client, ana)
    owe(ana, 5_000_000)
    assert "5.00 USD is waiting: connect a Stripe account to be paid." in page_of(client, ana)
    make_connected_account(ana)
    page = page_of(client, ana)
    assert "5.00 USD, as things are now" in page
    assert "W-8BEN, accepted, valid until Dec 31, 2029" in page
    assert "Stripe account" not in page.partition("How you are paid")[2].partition("Earned by month")[0]


def test_a_rejected_tax_form_is_shown_with_its_reason(client: Client, ana: Contributor) -> None:
    assert "Send us your tax form: W-8BEN or W-8BEN-E." in page_of(client, ana)
    make_tax_form(ana, rejected_because="the signature is missing")
    assert "Your W-8BEN was rejected (the signature is missing): send us another one" in page_of(client, ana)


def test_what_stripe_will_ask_for_is_shown_with_its_deadline_and_then_that_it_is_overdue(
    client: Client, sandbox: Sandbox, gateway: StripeGateway, ana: Contributor
) -> None:
    connected = onboard(ana, gateway)
    asked = {"account": connected.stripe_account_id, "currently_due": ["individual.id_number"]}
    deadline = int(datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp())
    control(sandbox, "account", **asked, transfers="active", deadline=deadline)
    refresh_account(connected, gateway, AT)
    page = page_of(client, ana)
    assert "Ready. Stripe also asks for a tax or identity number." in page
    assert "Without it, Stripe sends you nothing after Dec 1, 2026, 09:00 UTC." in page
    control(sandbox, "account", **asked, transfers="inactive")
    assert refresh_account(connected, gateway, AT).disabled_reason == "requirements.past_due"
    assert "Stripe still asks for a tax or identity number" in page_of(client, ana)
    control(sandbox, "account", account=connected.stripe_account_id, currently_due=[], transfers="active")
    assert refresh_account(connected, gateway, AT).requirements_due_at is None
