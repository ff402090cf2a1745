"""The onboarding page, as a person and a browser meet it."""

import pytest

from payouts.gateway import GatewayRejected, StripeGateway
from payouts.sandbox import Sandbox
from tests.payouts.sandbox.client import REFRESH_URL, RETURN_URL, accounts, ready_account, visit


@pytest.fixture
def link(gateway: StripeGateway) -> str:
    account = gateway.create_account(reference="7", name="A", country="PT", currency="eur", idempotency_key="a")
    return gateway.onboarding_link(account.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)


def test_the_onboarding_page_names_its_fields_and_suggests_the_accounts_country(link: str) -> None:
    status, page, _ = visit(link)
    assert status == 200
    assert '<html lang="en">' in page
    for field in ("holder_name", "bank_country"):
        assert f'<label for="{field}">' in page
        assert f'id="{field}" name="{field}"' in page
    assert '<option value="PT" selected>' in page


@pytest.mark.parametrize(
    "fields", [{"holder_name": "  ", "bank_country": "PT"}, {"holder_name": "Ana", "bank_country": "Portugal"}]
)
def test_an_incomplete_form_says_what_is_missing_and_enables_nothing(
    sandbox: Sandbox, link: str, fields: dict[str, str]
) -> None:
    status, page, _ = visit(link, **fields)
    assert status == 422
    assert 'role="alert">Give the holder' in page
    assert 'aria-describedby="error"' in page
    assert not accounts(sandbox)[0]["payouts_enabled"]


def test_what_a_person_types_is_shown_as_text(link: str) -> None:
    _, page, _ = visit(link, holder_name='"><script>alert(1)</script>', bank_country="")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_completed_form_adds_the_bank_account_and_its_link_works_once(sandbox: Sandbox, link: str) -> None:
    assert visit(link, holder_name="Ana Kow", bank_country="ES")[::2] == (303, RETURN_URL)
    assert visit(link)[::2] == (303, REFRESH_URL)
    assert visit(link, holder_name="Mallory", bank_country="US")[::2] == (303, REFRESH_URL)
    (bank_account,) = accounts(sandbox)[0]["external_accounts"]["data"]
    assert (bank_account["account_holder_name"], bank_account["country"]) == ("Ana Kow", "ES")
    assert bank_account["currency"] == "eur"


def test_an_expired_link_leads_back_to_where_a_new_one_is_made(
    sandbox: Sandbox, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = sandbox.api.state.now() + 3600
    monkeypatch.setattr(sandbox.api.state, "now", lambda: later)
    assert visit(link)[::2] == (303, REFRESH_URL)
    assert visit(link, holder_name="Ana Kow", bank_country="ES")[::2] == (303, REFRESH_URL)
    assert not accounts(sandbox)[0]["payouts_enabled"]


def test_an_unknown_link_opens_nothing(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/onboarding/link_unknown"
    assert visit(url)[0] == 404
    assert visit(url, holder_name="Ana Kow", bank_country="ES")[0] == 404


def test_a_link_leads_back_to_web_addresses_only(gateway: StripeGateway) -> None:
    account_id = ready_account(gateway).stripe_account_id
    with pytest.raises(GatewayRejected, match="return_url"):
        gateway.onboarding_link(account_id, return_url="javascript:alert(1)", refresh_url=REFRESH_URL)
    with pytest.raises(GatewayRejected, match="resource_missing"):
        gateway.onboarding_link("acct_unknown", return_url=RETURN_URL, refresh_url=REFRESH_URL)
