"""How the tests reach a sandbox: raw API requests, a person at the onboarding page, and an account ready to be paid."""

import json
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from payouts.gateway import Account, Gateway
from payouts.sandbox import Sandbox

KEY = "sk_test_sandbox"
RETURN_URL = "https://tributary.example/paid"
REFRESH_URL = "https://tributary.example/start-again"


def ready_account(gateway: Gateway, reference: str = "7") -> Account:
    """A US dollar account whose holder has completed the onboarding page."""
    account = gateway.create_account(
        reference=reference, name="Ana Kow", country="US", currency="usd", idempotency_key=f"account:{reference}"
    )
    link = gateway.onboarding_link(account.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)
    visit(link, holder_name="Ana Kow", bank_country="US")
    return gateway.account(account.stripe_account_id)


def visit(url: str, **fields: str) -> tuple[int, str, str | None]:
    """Status, page and redirect of opening the page or, with fields, of submitting its form."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=10)
    if fields:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", parts.path, urlencode(fields), headers)
    else:
        connection.request("GET", parts.path)
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    return response.status, page, response.headers["Location"]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Message
    body: dict[str, Any]

    @property
    def code(self) -> str | None:
        code: str | None = self.body["error"].get("code")
        return code


def call(
    sandbox: Sandbox,
    method: str,
    path: str,
    fields: str | dict[str, Any] = "",
    *,
    key: str | None = None,
    bearer: str = KEY,
) -> Reply:
    """One raw API request with these form fields and, if given, this idempotency key."""
    encoded = fields if isinstance(fields, str) else urlencode(fields)
    headers = {"Authorization": f"Bearer {bearer}", "Stripe-Version": "2026-10-28.endive"}
    if key is not None:
        headers["Idempotency-Key"] = key
    connection = HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    if method == "GET":
        connection.request(method, f"{path}?{encoded}", headers=headers)
    else:
        connection.request(method, path, encoded, headers)
    response = connection.getresponse()
    reply = Reply(response.status, response.headers, json.loads(response.read()))
    connection.close()
    return reply


def control(sandbox: Sandbox, lever: str, **arguments: Any) -> dict[str, Any]:
    """Pull one of the sandbox's levers, such as clock."""
    connection = HTTPConnection(urlsplit(sandbox.url).netloc, timeout=10)
    connection.request("POST", f"/sandbox/{lever}", json.dumps(arguments))
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    connection.close()
    assert response.status == 200, answer
    return answer


def transfers(sandbox: Sandbox) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = call(sandbox, "GET", "/v1/transfers", {"limit": 100}).body["data"]
    return listed


def accounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = call(sandbox, "GET", "/v1/accounts").body["data"]
    return listed
