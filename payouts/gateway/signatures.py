"""Who sent a webhook."""

import json
from datetime import UTC, datetime
from typing import Any

import stripe


class SignatureInvalid(ValueError):
    """A webhook that Stripe did not sign, or not for us."""


def signed_event(payload: bytes, signature: str, secret: str) -> tuple[dict[str, Any], datetime]:
    """The event in a webhook's body and the time at which it was signed. Raises `SignatureInvalid`.

    The time is not judged: Stripe's client bounds it on one side only, and would take one dated a year ahead.
    """
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret)
        # Only one time may be named, or which of them was signed would be a guess.
        ((_, signed_at),) = (part.split("=", 1) for part in signature.split(",") if part.startswith("t="))
        event: dict[str, Any] = json.loads(payload)
        return event, datetime.fromtimestamp(int(signed_at), tz=UTC)
    except (stripe.SignatureVerificationError, ValueError, OverflowError) as error:
        raise SignatureInvalid(f"The webhook's signature is not Stripe's: {error}") from error
