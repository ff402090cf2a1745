"""What we tell the addresses that people name: which events, how each is signed, and how often it is tried."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network, ip_address


class Event(StrEnum):
    """What happened."""

    STATEMENT_ISSUED = "statement.issued"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_HELD = "payout.held"
    UPLOAD_DECIDED = "upload.decided"


WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480, 1_440))
"""After each failed try; after one more there is none."""

TRANSLATED = IPv6Network("64:ff9b::/32")  # RFC 6052 and RFC 8215: leads to an IPv4 address, perhaps a private one


def signature(secret: str, body: bytes, signed_at: datetime) -> str:
    """The value of the header `Tributary-Signature`: `t=` Unix seconds, `v1=` HMAC-SHA256 of `t.body`, hexadecimal."""
    seconds = int(signed_at.timestamp())
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def next_try_at(try_count: int, at: datetime) -> datetime | None:
    """When a delivery that failed `try_count` times is tried again; None where it is given up."""
    return at + WAITS[try_count - 1] if try_count <= len(WAITS) else None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, and none that leads back into a network of ours."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        embedded = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if embedded:
            return is_public(str(embedded))
        if ip in TRANSLATED:
            return False
    return ip.is_global and not ip.is_multicast
