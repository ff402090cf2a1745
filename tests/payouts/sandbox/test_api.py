"""The sandbox's API over HTTP: keys, parameters, lists, the state file."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from payouts.sandbox import Sandbox, serve
from tests.payouts.sandbox.client import call, transfers


@pytest.mark.parametrize("bearer", ["", "sk_live_1", "pk_test_1", "sk_test_"])
def test_only_a_test_key_is_let_in_and_its_refusal_is_not_remembered(
    sandbox: Sandbox, transfer: dict[str, Any], bearer: str
) -> None:
    refused = call(sandbox, "POST", "/v1/transfers", transfer, key="k", bearer=bearer)
    assert refused.status == 401
    assert refused.body["error"]["type"] == "invalid_request_error"
    assert transfers(sandbox) == []
    assert call(sandbox, "POST", "/v1/transfers", transfer, key="k").status == 200


def test_every_answer_names_its_request_and_the_version_asked_for(sandbox: Sandbox) -> None:
    answers = [
        call(sandbox, "GET", "/v1/balance"),
        call(sandbox, "GET", "/v1/nothing"),
        call(sandbox, "POST", "/v1/topups"),
    ]
    assert [answer.status for answer in answers] == [200, 404, 400]
    assert {answer.headers["Stripe-Version"] for answer in answers} == {"2026-10-28.endive"}
    request_ids = [answer.headers["Request-Id"] for answer in answers]
    assert len(set(request_ids)) == 3
    assert all(id_.startswith("req_") for id_ in request_ids)


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amount": None}, "parameter_missing", "amount"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"destination": None}, "parameter_missing", "destination"),
        ({"destination": ""}, "parameter_invalid_empty", "destination"),
        ({"amount": "1.50"}, "parameter_invalid_integer", "amount"),
        ({"amount": "five"}, "parameter_invalid_integer", "amount"),
        ({"amount": "0"}, "parameter_invalid_integer", "amount"),
        ({"amount": "-1"}, "parameter_invalid_integer", "amount"),
        ({"amount": "\N{ARABIC-INDIC DIGIT FIVE}"}, "parameter_invalid_integer", "amount"),
        ({"amount": "1" + "0" * 30}, "parameter_invalid_integer", "amount"),
        ({"amount[x]": "5", "amount": None}, None, "amount"),
        ({"currency": "dollars"}, None, "currency"),
        ({"amounts": "5"}, "parameter_unknown", "amounts"),
        ({"metadata": "run"}, None, "metadata"),
        ({"metadata[run": "7"}, None, "metadata[run"),
        ({"metadata[" + "n" * 41 + "]": "7"}, None, "metadata[" + "n" * 41 + "]"),
        ({"metadata[run]": "7" * 501}, None, "metadata[run]"),
        ({f"metadata[{n}]": "7" for n in range(51)}, None, "metadata"),
        ({"destination": "acct_unknown"}, "resource_missing", "destination"),
    ],
)
def test_a_malformed_transfer_is_refused_with_the_parameter_at_fault_and_moves_nothing(
    sandbox: Sandbox, transfer: dict[str, Any], change: dict[str, str | None], code: str | None, param: str
) -> None:
    fields = {name: value for name, value in {**transfer, **change}.items() if value is not None}
    refused = call(sandbox, "POST", "/v1/transfers", fields)
    assert refused.status == 400
    assert (refused.code, refused.body["error"]["param"]) == (code, param)
    assert transfers(sandbox) == []


def test_metadata_comes_back_as_it_was_sent(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    metadata = {"payout": "run&7=[a] +%41", "name": "Zoë 柳", "empty": ""}
    sent = {f"metadata[{name}]": value for name, value in metadata.items()}
    assert call(sandbox, "POST", "/v1/transfers", {**transfer, **sent}).body["metadata"] == metadata
    assert transfers(sandbox)[0]["metadata"] == metadata


def test_every_change_of_the_balance_is_explained(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    sent = call(sandbox, "POST", "/v1/transfers", transfer).body
    listed = call(sandbox, "GET", "/v1/balance_transactions").body["data"]
    assert [(line["type"], line["net"]) for line in listed] == [("transfer", -500), ("topup", 1000)]
    assert (listed[0]["id"], listed[0]["source"]) == (sent["balance_transaction"], sent["id"])
    only = call(sandbox, "GET", "/v1/balance_transactions", {"type": "topup", "currency": "usd"}).body["data"]
    assert only == listed[1:]


def test_lists_are_paged_newest_first_and_filtered_by_time(
    sandbox: Sandbox, transfer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    for moment in (100, 200, 300):
        monkeypatch.setattr(sandbox.api.state, "now", lambda moment=moment: moment)
        ids.append(call(sandbox, "POST", "/v1/transfers", {**transfer, "amount": 1}).body["id"])

    def listed(**fields: Any) -> tuple[list[str], bool]:
        page = call(sandbox, "GET", "/v1/transfers", fields).body
        return [item["id"] for item in page["data"]], page["has_more"]

    assert listed(limit=2) == ([ids[2], ids[1]], True)
    assert listed(limit=2, starting_after=ids[1]) == ([ids[0]], False)
    assert listed(created=200) == ([ids[1]], False)
    assert listed(**{"created[gte]": 200, "created[lt]": 300}) == ([ids[1]], False)
    assert listed(**{"created[gt]": 200}) == ([ids[2]], False)
    assert listed(**{"created[lte]": 200}) == ([ids[1], ids[0]], False)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"limit": 101}, "parameter_invalid_integer"),
        ({"limit": 0}, "parameter_invalid_integer"),
        ({"starting_after": "tr_unknown"}, "resource_missing"),
        ({"created": "yesterday"}, "parameter_invalid_integer"),
        ({"created[after]": 5}, "parameter_unknown"),
        ({"amount": 5}, "parameter_unknown"),
    ],
)
def test_a_list_that_cannot_be_given_is_refused_rather_than_given_unfiltered(
    sandbox: Sandbox, fields: dict[str, Any], code: str
) -> None:
    refused = call(sandbox, "GET", "/v1/transfers", fields)
    assert (refused.status, refused.code) == (400, code)


def test_a_transfer_can_be_read_by_its_id_and_an_unknown_one_not(sandbox: Sandbox, transfer: dict[str, Any]) -> None:
    sent = call(sandbox, "POST", "/v1/transfers", transfer).body
    assert call(sandbox, "GET", f"/v1/transfers/{sent['id']}").body == sent
    unknown = call(sandbox, "GET", "/v1/transfers/tr_unknown")
    assert (unknown.status, unknown.code) == (404, "resource_missing")


def test_two_sandboxes_cannot_share_a_state_file(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        serve(tmp_path / "stripe.sqlite3")
    assert call(sandbox, "GET", "/v1/balance").status == 200


def test_a_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8" + b"x" * 4096)
    with pytest.raises(sqlite3.DatabaseError):
        serve(photo)
    assert photo.read_bytes() == b"\xff\xd8" + b"x" * 4096
