"""The sandbox's answers and our requests, held against Stripe's published description and its client's annotations."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import stripe

from payouts.gateway import GatewayRejected, StripeGateway
from payouts.sandbox import serve
from payouts.sandbox.answers import Answer
from payouts.sandbox.api import Request
from payouts.sandbox.params import Tree, decode
from tests.payouts.sandbox.client import REFRESH_URL, RETURN_URL, ready_account

DESCRIPTION = Path(__file__).resolve().parents[3].parent / "shared" / "stripe" / "openapi-connect.json"

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(),
    reason=f"needs Stripe's OpenAPI description at {DESCRIPTION.parent.name}/{DESCRIPTION.name}",
)

Exchange = tuple[Request, Answer]


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Exchange]]:
    """Every request that the gateway and Stripe's client made in one use of each endpoint, with its answer."""
    recorded: list[Exchange] = []
    with serve(tmp_path_factory.mktemp("sandbox") / "stripe.sqlite3") as sandbox:
        answer = sandbox.api.answer

        def answer_and_record(request: Request) -> Answer:
            recorded.append((request, answer(request)))
            return recorded[-1][1]

        sandbox.api.answer = answer_and_record  # type: ignore[method-assign]
        use_every_endpoint(StripeGateway("sk_test_contract", sandbox.url))
        read_every_list(stripe.StripeClient("sk_test_contract", base_addresses={"api": sandbox.url}))
        yield recorded


def use_every_endpoint(gateway: StripeGateway) -> None:
    gateway.create_account(reference="1", name="A", country="PT", currency="eur", idempotency_key="not onboarded")
    account = ready_account(gateway)
    gateway.onboarding_link(account.stripe_account_id, return_url=RETURN_URL, refresh_url=REFRESH_URL)
    gateway.top_up(1000, "usd", idempotency_key="top-up")
    for amount_minor in (700, 700):
        pay(gateway, account.stripe_account_id, amount_minor)
    for amount_minor in (0, 301):
        with pytest.raises(GatewayRejected):
            pay(gateway, account.stripe_account_id, amount_minor)
    gateway.list_transfers(transfer_group="run", stripe_account_id=account.stripe_account_id)
    gateway.available_minor("usd")
    with pytest.raises(GatewayRejected):
        gateway.account("acct_unknown")


def pay(gateway: StripeGateway, account_id: str, amount_minor: int) -> None:
    gateway.create_transfer(
        amount_minor=amount_minor,
        currency="usd",
        stripe_account_id=account_id,
        transfer_group="run",
        metadata={"payout": "1"},
        idempotency_key=f"payout:{amount_minor}",
    )


def read_every_list(client: stripe.StripeClient) -> None:
    client.v1.accounts.list()
    client.v1.balance_transactions.list({"type": "transfer"})
    (transfer,) = client.v1.transfers.list({"created": {"gt": 1}, "limit": 5}).data
    client.v1.transfers.retrieve(transfer.id)


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


def operation(description: dict[str, Any], request: Request) -> dict[str, Any]:
    """The description of a request's endpoint."""
    for path, operations in description["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), request.path) and request.method.lower() in operations:
            found: dict[str, Any] = operations[request.method.lower()]
            return found
    raise AssertionError(f"Stripe describes no {request.method} {request.path}")


def test_every_endpoint_of_the_sandbox_is_exercised_below(exchanges: list[Exchange]) -> None:
    succeeded = {
        (request.method, request.path.partition("_1")[0]) for request, answer in exchanges if answer.status == 200
    }
    assert succeeded == {
        ("POST", "/v1/account_links"),
        ("POST", "/v1/accounts"),
        ("POST", "/v1/topups"),
        ("POST", "/v1/transfers"),
        ("GET", "/v1/accounts"),
        ("GET", "/v1/accounts/acct"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/balance_transactions"),
        ("GET", "/v1/transfers"),
        ("GET", "/v1/transfers/tr"),
    }
    assert {answer.status for _, answer in exchanges} == {200, 400, 403}


def test_every_answer_has_the_shape_that_stripe_describes(
    exchanges: list[Exchange], description: dict[str, Any]
) -> None:
    for request, answer in exchanges:
        responses = operation(description, request)["responses"]
        response = responses["200"] if answer.status == 200 else responses["default"]
        schema = {**response["content"]["application/json"]["schema"], "components": description["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(answer.body))


def test_every_request_has_only_parameters_and_values_that_stripe_describes(
    exchanges: list[Exchange], description: dict[str, Any]
) -> None:
    for request, _ in exchanges:
        endpoint = operation(description, request)
        if request.method == "GET":
            schema = {"properties": {param["name"]: param["schema"] for param in endpoint["parameters"]}}
        else:
            schema = endpoint["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        check_parameters(decode(request.parameters), schema)


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
        "topup": stripe.Topup,
        "transfer": stripe.Transfer,
    }
    known_fields = {
        name: {field for part in class_.__mro__ for field in getattr(part, "__annotations__", ())}
        for name, class_ in classes.items()
    }
    seen = set()
    for _, answer in exchanges:
        body = json.loads(answer.body)
        for item in body.get("data", [body]):
            if "error" not in item:
                seen.add(item["object"])
                assert item.keys() <= known_fields[item["object"]]
    assert seen == classes.keys()
