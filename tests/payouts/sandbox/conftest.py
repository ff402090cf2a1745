from typing import Any

import pytest

from payouts.gateway import StripeGateway
from tests.payouts.sandbox.client import ready_account


@pytest.fixture
def transfer(gateway: StripeGateway) -> dict[str, Any]:
    """The fields of a transfer of 500 that can be made: its account is ready and the balance is 1000."""
    gateway.top_up(1000, "usd", idempotency_key="top-up")
    return {"amount": 500, "currency": "usd", "destination": ready_account(gateway).stripe_account_id}
