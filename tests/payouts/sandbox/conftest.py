from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from payouts.gateway import StripeGateway
from payouts.sandbox import Sandbox, serve
from tests.payouts.sandbox.client import KEY, ready_account


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with serve(tmp_path / "stripe.sqlite3") as sandbox:
        yield sandbox


@pytest.fixture
def gateway(sandbox: Sandbox) -> StripeGateway:
    return StripeGateway(KEY, sandbox.url)


@pytest.fixture
def transfer(gateway: StripeGateway) -> dict[str, Any]:
    """The fields of a transfer of 500 that can be made: its account is ready and the balance is 1000."""
    gateway.top_up(1000, "usd", idempotency_key="top-up")
    return {"amount": 500, "currency": "usd", "destination": ready_account(gateway).stripe_account_id}
