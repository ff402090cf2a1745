"""Sending what is in the outbox of our webhooks.

Addresses come from anybody, so a delivery reaches the open internet only: the address that was looked up and found
public is the very one that is connected to, redirects are not followed, and answers are hardly read.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import transaction

from marketplace.core.webhooks import is_public, next_try_at, signature
from marketplace.models import WebhookDelivery

TIMEOUT_S = 5  # to connect; also the longest silence
ANSWER_S = 10  # in all: a byte every few seconds is no silence, and might go on for days
AT_ONCE = 10
KEPT = timedelta(days=30)
LEASE = timedelta(minutes=10)  # longer than all at once take; a worker that dies leaves its deliveries to the next


class NotSent(Exception):
    """The delivery was not taken; the message says why, for the endpoint's user."""


def require_allowed(url: str) -> SplitResult:
    """The parts of an address that may be told of events. Raises ValueError with the reason why one may not.

    Plain HTTP and private addresses are for trying things out only, where DEBUG is on.
    """
    parts = urlsplit(url)
    allowed = ("https", "http") if settings.DEBUG else ("https",)
    if parts.scheme not in allowed or not parts.hostname or parts.username or parts.password:
        raise ValueError("Give an https:// address without a user name or password in it.")
    _ = parts.port  # raises ValueError for one that is none
    return parts


def send_due(clock: Callable[[], datetime]) -> bool:
    """Send the deliveries that are due, up to 10 of them; whether there may be more."""
    claimed = _claimed(clock())
    for delivery in claimed:
        problem = ""
        try:
            _post(delivery, clock())
        except (NotSent, ValueError, OSError, HTTPException) as error:
            problem = str(error) or type(error).__name__
        _record(delivery, problem, clock())
    return len(claimed) == AT_ONCE


def forget_deliveries(at: datetime) -> None:
    """Delete what was taken or given up, thirty days after it happened."""
    WebhookDelivery.objects.filter(next_try_at=None, created_at__lt=at - KEPT).delete()


@transaction.atomic
def _claimed(at: datetime) -> list[WebhookDelivery]:
    due = WebhookDelivery.objects.filter(next_try_at__lte=at).order_by("next_try_at")
    claimed = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("endpoint")[:AT_ONCE])
    WebhookDelivery.objects.filter(pk__in=[one.pk for one in claimed]).update(next_try_at=at + LEASE)
    return claimed


def _record(delivery: WebhookDelivery, problem: str, at: datetime) -> None:
    delivery.try_count += 1
    delivery.problem = problem[:300]
    delivery.taken_at = None if problem else at
    delivery.next_try_at = next_try_at(delivery.try_count, at) if problem else None
    changed = ("try_count", "problem", "taken_at", "next_try_at")
    WebhookDelivery.objects.filter(pk=delivery.pk).update(**{name: getattr(delivery, name) for name in changed})


def _post(delivery: WebhookDelivery, at: datetime) -> None:
    """One POST. Raises `NotSent` unless it is answered with a 2xx status, and what the network raises."""
    parts, body = require_allowed(delivery.endpoint.url), delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Tributary",
        "Tributary-Event": delivery.event,
        "Tributary-Signature": signature(delivery.endpoint.secret, body, at),
    }
    connection = _connected(parts)
    try:
        with _in_time(connection.sock):
            connection.request("POST", f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", body, headers)
            status = connection.getresponse().status
    finally:
        connection.close()
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise NotSent(f"It answered with status {status}; only 2xx says that a delivery was taken.")


@contextmanager
def _in_time(connected: socket.socket) -> Iterator[None]:
    """End what is said over a connection after ten seconds, however far it is. Raises `NotSent` then."""
    is_over = False

    def end() -> None:
        nonlocal is_over
        is_over = True
        with suppress(OSError):  # it has ended by itself
            connected.shutdown(socket.SHUT_RDWR)

    clock = Timer(ANSWER_S, end)
    clock.daemon = True
    clock.start()
    try:
        yield
    except (OSError, HTTPException, ValueError):
        if not is_over:
            raise
    finally:
        clock.cancel()
    if is_over:
        raise NotSent(f"It took more than {ANSWER_S} seconds to answer.")


def _connected(parts: SplitResult) -> HTTPConnection:
    """A connection to the address that was found public, by whatever name the certificate must then have."""
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    if not settings.DEBUG and not all(is_public(address) for address in addresses):
        raise NotSent("Its name leads to an address that is not on the open internet.")
    plain = socket.create_connection((addresses[0], port), TIMEOUT_S)
    if parts.scheme == "http":
        connection = HTTPConnection(parts.hostname, port)
        connection.sock = plain
        return connection
    secured = HTTPSConnection(parts.hostname, port)
    try:
        secured.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname)
    except OSError:
        plain.close()
        raise
    return secured
