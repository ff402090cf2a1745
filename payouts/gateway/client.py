"""Stripe's client with our timeouts, and its errors in our words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import stripe

from payouts.gateway.shapes import (
    GatewayBusy,
    GatewayFailed,
    GatewayMisused,
    GatewayRejected,
    GatewayUnknown,
    InsufficientFunds,
)

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
PAGE_SIZE = 100


class Client:
    """Stripe itself or, where `api_base` is its URL, the sandbox."""

    def __init__(self, api_key: str, api_base: str | None, read_timeout_s: float = READ_TIMEOUT_S) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._timeout_s = (CONNECT_TIMEOUT_S, read_timeout_s)
        self._client: stripe.StripeClient | None = None
        self._client_pid: int | None = None

    def _stripe(self) -> stripe.StripeClient:
        # A forked worker must not share its parent's open connections, so each process builds its own client.
        if self._client is None or self._client_pid != os.getpid():
            self._client = stripe.StripeClient(
                self._api_key,
                base_addresses={"api": self._api_base} if self._api_base else None,
                http_client=stripe.RequestsClient(timeout=self._timeout_s),
                max_network_retries=0,
            )
            self._client_pid = os.getpid()
        return self._client


@contextmanager
def in_our_words() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error


def _translated(error: stripe.StripeError) -> Exception:
    """The exception that says what to do. What is not understood is unknown, never rejected."""
    message = str(error)
    code = getattr(error.error, "code", None) or ""
    if error.http_status in (409, 429) or isinstance(error, stripe.RateLimitError):
        return GatewayBusy(message)
    if code == "balance_insufficient":
        return InsufficientFunds(code, message)
    # Also 403, and yet about one connected account (unknown, or no longer ours) and not about our key.
    if isinstance(error, stripe.InvalidRequestError) or code == "account_invalid":
        return GatewayRejected(code or "invalid_request", message)
    if isinstance(error, stripe.IdempotencyError | stripe.AuthenticationError | stripe.PermissionError):
        return GatewayMisused(message)
    if error.http_status is not None and error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return GatewayFailed(message)
    return GatewayUnknown(message)
