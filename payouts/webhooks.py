"""Webhooks: a hint that something changed. Each is verified, stored once, and its object asked for again.

Nothing depends on one arriving: what it would have told is found by sending, refreshing and reconciling too.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DataError, transaction
from django.db.models import Q

from marketplace.models import Download
from payouts.booking import book_downloads
from payouts.checkout import CheckoutDiffers, look_up, look_up_unsettled
from payouts.core.reconciling import failed_refund
from payouts.disputes import record_dispute, settle_dispute
from payouts.findings import report_finding
from payouts.gateway import Gateway, GatewayBusy, GatewayMisused, GatewayRejected, GatewayUnknown, signed_event
from payouts.incoming import list_charges, make_available, watched_from
from payouts.models import ConnectedAccount, DisputeOutcome, Order, Transfer, WebhookEvent
from payouts.money_back import MoneyBackRefused
from payouts.onboarding import disable_account, refresh_account
from payouts.refunds import record_refund, refund_key
from payouts.reversing import record_reversals

logger = logging.getLogger(__name__)
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
    """Handle every stored event that was not, oldest first; returns how many. Raises the gateway's exceptions.

    One in trouble, such as for want of a policy, keeps no other waiting: it stays for the next time, and what was wrong
    is raised after the last.
    """
    waiting = list(WebhookEvent.objects.filter(handled_at=None).order_by("created_at", "pk"))
    trouble: Exception | None = None
    for event in waiting:
        try:
            _handle(event, gateway, at)
        except (GatewayBusy, GatewayMisused, GatewayUnknown):  # Stripe does not answer: no other fares better
            raise
        except Exception as error:
            logger.exception("%s cannot be handled", event)
            trouble = trouble or error
        else:
            WebhookEvent.objects.filter(pk=event.pk, handled_at=None).update(handled_at=at)
    if trouble is not None:
        raise trouble
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
        case "checkout.session.completed" | "checkout.session.expired":
            _look_up(Order.objects.filter(stripe_session_id=event.stripe_object_id).first(), gateway, at)
        case "balance.available":
            make_available(list_charges(gateway, watched_from(at)), at)
        case "charge.refunded":
            _copy_refunds(event.stripe_object_id, gateway, at)
        case "refund.failed" | "refund.updated" | "charge.refund.updated":
            _report_if_failed(event.stripe_object_id, gateway, at)
        case "charge.dispute.created" | "charge.dispute.funds_withdrawn" | "charge.dispute.closed":
            _copy_dispute(event.stripe_object_id, gateway, at)


def _look_up(order: Order | None, gateway: Gateway, at: datetime) -> Order | None:
    """The order as it is now. One that cannot be settled is looked up again by the clock; later events go on."""
    if order is None:
        return None
    try:
        return look_up(order, gateway, at)
    except (CheckoutDiffers, GatewayRejected):
        logger.exception("%s cannot be settled", order)
        return None


def _sold_by(stripe_charge_id: str, gateway: Gateway, at: datetime) -> Download | None:
    """The download that a charge paid for, booked; None where it is not ours or became no licence."""
    paid = Order.objects.filter(stripe_charge_id=stripe_charge_id)
    if not paid.exists():  # perhaps it paid an order of which we have not heard yet that it is paid
        look_up_unsettled(gateway, at, at)
    order = _look_up(paid.first(), gateway, at)
    if order is None or order.download is None:
        return None
    while book_downloads(at):
        pass
    return order.download


def _copy_refunds(stripe_charge_id: str, gateway: Gateway, at: datetime) -> None:
    """Record what went back of a sale, each refund once under its id, whoever gave it back."""
    download = _sold_by(stripe_charge_id, gateway, at)
    if download is None:
        return
    for refund in reversed(gateway.list_refunds(stripe_charge_id)):
        with _told():
            record_refund(download, refund.amount_minor, refund.stripe_refund_id, at)


def _report_if_failed(stripe_refund_id: str, gateway: Gateway, at: datetime) -> None:
    """Tell finance of a refund that we recorded and that Stripe does not list any more as going back."""
    recorded = Q(stripe_refund_id=stripe_refund_id)
    recorded |= Q(download__revenue_event__entry__idempotency_key=refund_key(stripe_refund_id))
    order = Order.objects.filter(recorded).first()
    if order is None:
        return
    going_back = {refund.stripe_refund_id for refund in gateway.list_refunds(order.stripe_charge_id)}
    if stripe_refund_id not in going_back:
        report_finding(failed_refund(stripe_refund_id, str(order)), at)


def _copy_dispute(stripe_dispute_id: str, gateway: Gateway, at: datetime) -> None:
    """Record a dispute that took money, and how it ended, each once under its id."""
    try:
        dispute = gateway.dispute(stripe_dispute_id)
    except GatewayRejected:
        return
    download = _sold_by(dispute.stripe_charge_id, gateway, at)
    if download is None or not dispute.taken_minor:
        return
    with _told():
        event = record_dispute(download, dispute.taken_minor, dispute.fee_minor, dispute.stripe_dispute_id, at)
        if dispute.status in (DisputeOutcome.WON, DisputeOutcome.LOST):
            settle_dispute(event, dispute.status, at)


@contextmanager
def _told() -> Iterator[None]:
    """Go on where the books refuse money that went back at Stripe: a reconciliation finds what is missing."""
    try:
        yield
    except MoneyBackRefused:
        logger.exception("money went back at Stripe and cannot be recorded")


def _refresh(stripe_account_id: str, gateway: Gateway, at: datetime) -> None:
    connected = ConnectedAccount.objects.filter(stripe_account_id=stripe_account_id).first()
    if connected is None:
        return
    try:
        refresh_account(connected, gateway, at)
    except GatewayRejected:
        disable_account(connected, at)
