"""The sandbox's answers and our requests, held against Stripe's published description and its client's annotations."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import jsonschema
import pytest
import stripe

from payouts.gateway import Account, GatewayRejected, StripeGateway, TransferReceipt
from payouts.sandbox import serve
from payouts.sandbox.params import Tree, decode
from tests.payouts.sandbox.client import REFRESH_URL, RETURN_URL, ready_account

DESCRIPTION = Path(__file__).resolve().parents[3].parent / "shared" / "stripe" / "openapi-connect.json"

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(),
    reason=f"needs Stripe's OpenAPI description at {DESCRIPTION.parent.name}/{DESCRIPTION.name}",
)

LIVE_KEY = os.environ.get("STRIPE_TEST_KEY", "")
SANDBOX, STRIPE = "sandbox", "stripe"


@dataclass(frozen=True)
class Exchange:
    """One request as Stripe's client sent it, and what came back."""

    method: str
    path: str
    parameters: str
    status: int
    body: dict[str, Any]


class Recorder(stripe.RequestsClient):
    """Stripe's own HTTP client, which keeps what it sends and gets."""

    def __init__(self) -> None:
        super().__init__(timeout=30)
        self.exchanges: list[Exchange] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **others: Any) -> Any:
        answer = super().request(method, url, headers, post_data, **others)
        parts = urlsplit(url)
        parameters = parts.query if method.upper() == "GET" else (post_data or "")
        self.exchanges.append(Exchange(method.upper(), parts.path, parameters, answer[1], json.loads(answer[0])))
        return answer


@pytest.fixture(
    scope="module",
    params=[
        SANDBOX,
        pytest.param(
            STRIPE,
            marks=pytest.mark.skipif(
                not LIVE_KEY, reason="set STRIPE_TEST_KEY to hold real Stripe to the same contract"
            ),
        ),
    ],
)
def exchanges(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Exchange]]:
    """Every request that the gateway and Stripe's client made in one use of each endpoint, with its answer."""
    recorder = Recorder()
    if request.param == STRIPE:
        assert LIVE_KEY.startswith(("sk_test_", "rk_test_")), (
            "STRIPE_TEST_KEY must be a test key: real money would move"
        )
        use_every_endpoint(LIVE_KEY, None, recorder, a_ready_account_at_stripe)
        yield recorder.exchanges
        return
    with serve(tmp_path_factory.mktemp("sandbox") / "stripe.sqlite3") as sandbox:
        use_every_endpoint("sk_test_contract", sandbox.url, recorder, ready_account)
        yield recorder.exchanges


def a_ready_account_at_stripe(gateway: StripeGateway) -> Account:
    """Any account of the test platform that was onboarded: only a person can fill in Stripe's own page."""
    for one in gateway._stripe().v1.accounts.list({"limit": 100}).data:
        if one.to_dict().get("capabilities", {}).get("transfers") == "active":
            return gateway.account(one.id)
    pytest.skip("the test platform of STRIPE_TEST_KEY has no account that can receive transfers: onboard one")


def use_every_endpoint(
    key: str, base: str | None, recorder: Recorder, ready: Callable[[StripeGateway], Account]
) -> None:
    client = stripe.StripeClient(
        key, base_addresses={"api": base} if base else None, http_client=recorder, max_network_retries=0
    )
    gateway = StripeGateway(key, base)
    gateway._client, gateway._client_pid = client, os.getpid()
    run = uuid4().hex
    gateway.create_account(reference=run, name="A", country="PT", currency="eur", idempotency_key=f"account:{run}")
    account = ready(gateway)
    gateway.onboarding_link(account.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)
    gateway.top_up(1000, "usd", idempotency_key=f"top-up:{run}")
    available_minor = gateway.available_minor("usd")
    for _ in range(2):
        sent = pay(gateway, account.stripe_account_id, 700, run)
    for amount_minor in (0, available_minor + 1):
        with pytest.raises(GatewayRejected):
            pay(gateway, account.stripe_account_id, amount_minor, run)
    assert gateway.list_transfers(transfer_group=run, stripe_account_id=account.stripe_account_id) == [sent]
    assert sent in list(gateway.list_transfers_since(sent.created_at))
    reversal = gateway.reverse_transfer(sent.stripe_transfer_id, 100, idempotency_key=f"reversal:{run}")
    with pytest.raises(GatewayRejected):
        gateway.reverse_transfer(sent.stripe_transfer_id, 601, idempotency_key=f"too much:{run}")
    assert gateway.list_reversals(sent.stripe_transfer_id) == [reversal]
    with pytest.raises(GatewayRejected):
        gateway.account("acct_unknown")
    read_the_rest(client, sent.stripe_transfer_id, reversal.stripe_reversal_id)


def pay(gateway: StripeGateway, account_id: str, amount_minor: int, run: str) -> TransferReceipt:
    return gateway.create_transfer(
        amount_minor=amount_minor,
        currency="usd",
        stripe_account_id=account_id,
        transfer_group=run,
        metadata={"payout": "1"},
        idempotency_key=f"payout:{run}:{amount_minor}",
    )


def read_the_rest(client: stripe.StripeClient, transfer_id: str, reversal_id: str) -> None:
    client.v1.accounts.list()
    client.v1.balance_transactions.list({"type": "transfer"})
    client.v1.balance_transactions.list({"type": "transfer_refund"})
    client.v1.transfers.retrieve(transfer_id)
    client.v1.transfers.reversals.retrieve(transfer_id, reversal_id)
    event = client.v1.events.list({"type": "transfer.reversed"}).data[0]
    client.v1.events.retrieve(event.id)


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    described: dict[str, Any] = nullable_as_null(json.loads(DESCRIPTION.read_text()))
    return described


def nullable_as_null(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in JSON Schema's words."""
    if isinstance(schema, list):
        return [nullable_as_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    translated = {name: nullable_as_null(value) for name, value in schema.items()}
    return {"anyOf": [{"type": "null"}, translated]} if schema.get("nullable") is True else translated


def operation(description: dict[str, Any], request: Exchange) -> dict[str, Any]:
    """The description of a request's endpoint."""
    for path, operations in description["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.path) and request.method.lower() in operations:
            found: dict[str, Any] = operations[request.method.lower()]
            return found
    raise AssertionError(f"Stripe describes no {request.method} {request.path}")


def test_every_endpoint_of_paying_out_is_exercised_below(exchanges: list[Exchange]) -> None:
    succeeded = {
        (exchange.method, re.sub(r"/(acct|evt|trr|tr)_\w+", r"/\1", exchange.path))
        for exchange in exchanges
        if exchange.status == 200
    }
    assert succeeded == {
        ("POST", "/v1/account_links"),
        ("POST", "/v1/accounts"),
        ("POST", "/v1/topups"),
        ("POST", "/v1/transfers"),
        ("POST", "/v1/transfers/tr/reversals"),
        ("GET", "/v1/accounts"),
        ("GET", "/v1/accounts/acct"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/balance_transactions"),
        ("GET", "/v1/events"),
        ("GET", "/v1/events/evt"),
        ("GET", "/v1/transfers"),
        ("GET", "/v1/transfers/tr"),
        ("GET", "/v1/transfers/tr/reversals"),
        ("GET", "/v1/transfers/tr/reversals/trr"),
    }
    assert {exchange.status for exchange in exchanges} == {200, 400, 403}


def test_every_answer_has_the_shape_that_stripe_describes(
    exchanges: list[Exchange], description: dict[str, Any]
) -> None:
    for exchange in exchanges:
        responses = operation(description, exchange)["responses"]
        response = responses["200"] if exchange.status == 200 else responses["default"]
        schema = {**response["content"]["application/json"]["schema"], "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(exchange.body)


def test_every_request_has_only_parameters_and_values_that_stripe_describes(
    exchanges: list[Exchange], description: dict[str, Any]
) -> None:
    for exchange in exchanges:
        endpoint = operation(description, exchange)
        if exchange.method == "GET":
            schema = {"properties": {param["name"]: param["schema"] for param in endpoint["parameters"]}}
        else:
            schema = endpoint["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        check_parameters(decode(exchange.parameters), schema)


def check_parameters(tree: Tree, schema: dict[str, Any]) -> None:
    assert set(schema.get("required", ())) <= tree.keys()
    for name, value in tree.items():
        expected = schema["properties"].get(name) if "properties" in schema else schema["additionalProperties"]
        assert expected is not None, f"Stripe describes no parameter {name}"
        if isinstance(value, dict):
            check_parameters(value, expected.get("anyOf", [expected])[0])
        else:
            assert value in expected.get("enum", [value])
            assert expected["type"] != "integer" or value.isdecimal()


def test_every_field_is_one_that_stripes_client_knows(exchanges: list[Exchange]) -> None:
    classes: dict[str, type] = {
        "account": stripe.Account,
        "account_link": stripe.AccountLink,
        "balance": stripe.Balance,
        "balance_transaction": stripe.BalanceTransaction,
        "event": stripe.Event,
        "topup": stripe.Topup,
        "transfer": stripe.Transfer,
        "transfer_reversal": stripe.TransferReversal,
    }
    known_fields = {
        name: {field for part in class_.__mro__ for field in getattr(part, "__annotations__", ())}
        for name, class_ in classes.items()
    }
    seen = set()
    for exchange in exchanges:
        is_list = exchange.body.get("object") == "list"
        for item in exchange.body["data"] if is_list else [exchange.body]:
            if "error" not in item:
                seen.add(item["object"])
                assert item.keys() <= known_fields[item["object"]]
    assert seen == classes.keys()
