"""Webhooks: a hint that something changed. Each is verified, stored once, and its object asked for again.

Nothing depends on one arriving: what it would have told is found by sending, refreshing and reconciling too.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DataError, transaction

from payouts.gateway import Gateway, GatewayRejected, signed_event
from payouts.models import ConnectedAccount, Transfer, WebhookEvent
from payouts.onboarding import disable_account, refresh_account
from payouts.reversing import record_reversals

TOLERANCE = timedelta(minutes=5)


class WebhookRefused(ValueError):
    """It is not an event that Stripe sent to us just now."""


def receive(payload: bytes, signature: str, secret: str, at: datetime) -> bool:
    """Store an event, once; returns whether it is new. Raises `SignatureInvalid` and `WebhookRefused`."""
    event, signed_at = signed_event(payload, signature, secret)
    if abs(at - signed_at) > TOLERANCE:
        raise WebhookRefused(f"The webhook was signed at {signed_at:%Y-%m-%d %H:%M:%S} UTC, too far from now.")
    try:
        with transaction.atomic():
            _, is_new = WebhookEvent.objects.get_or_create(
                stripe_event_id=event["id"],
                defaults={
                    "kind": event["type"],
                    "stripe_object_id": _object_id(event),
                    "created_at": datetime.fromtimestamp(event["created"], tz=UTC),
                    "received_at": at,
                },
            )
    except (KeyError, TypeError, AttributeError, DataError) as error:
        raise WebhookRefused(f"The webhook is not an event: {error!r}") from error
    return is_new


def _object_id(event: dict[str, Any]) -> str:
    """What the event is about: a connected account's events name it, whatever their object is."""
    return str(event.get("account") or event["data"]["object"].get("id", ""))


def handle_events(gateway: Gateway, at: datetime) -> int:
    """Handle every stored event that was not, oldest first; returns how many. Raises the gateway's exceptions."""
    waiting = list(WebhookEvent.objects.filter(handled_at=None).order_by("created_at", "pk"))
    for event in waiting:
        _handle(event, gateway, at)
        WebhookEvent.objects.filter(pk=event.pk, handled_at=None).update(handled_at=at)
    return len(waiting)


def _handle(event: WebhookEvent, gateway: Gateway, at: datetime) -> None:
    """Ask Stripe how things are now, which is never older than the event: so the order of events does not matter."""
    match event.kind:
        case "account.updated" | "capability.updated" | "account.application.deauthorized":
            _refresh(event.stripe_object_id, gateway, at)
        case "transfer.reversed":
            transfer = Transfer.objects.filter(stripe_transfer_id=event.stripe_object_id).first()
            if transfer is not None:
                with suppress(GatewayRejected):  # which a reconciliation finds, and would keep later events waiting
                    record_reversals(transfer, gateway.list_reversals(transfer.stripe_transfer_id), at)


def _refresh(stripe_account_id: str, gateway: Gateway, at: datetime) -> None:
    connected = ConnectedAccount.objects.filter(stripe_account_id=stripe_account_id).first()
    if connected is None:
        return
    try:
        refresh_account(connected, gateway, at)
    except GatewayRejected:
        disable_account(connected, at)
