"""Content credentials (C2PA): written as the last thing into what we hand out, and read from any file.

What a generation resembles is an assertion of our own and no C2PA ingredient: that would claim that an image was used.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from io import BytesIO
from typing import Any
from uuid import uuid4

import c2pa
from django.conf import settings

from marketplace.provenance import DigitalSourceType, ImageFormat
from marketplace.screening.content_credentials import MEDIA_TYPES, OFFLINE
from marketplace.signing import CannotSign, Identity, identity

INSPIRATION_LABEL = "org.tributary.inspiration"


class CredentialsUnreadable(ValueError):
    """A file whose content credentials are damaged, elsewhere or of a kind that cannot be read; the message says."""


class State(StrEnum):
    """What holds of the newest manifest of a file."""

    TRUSTED = "Trusted"
    """It is as it was signed, and the signer's certificate leads to our root."""
    VALID = "Valid"
    """It is as it was signed, by somebody whom our root does not vouch for."""
    INVALID = "Invalid"
    """The file, or the manifest, is not as it was signed."""


@dataclass(frozen=True)
class Credentials:
    """The newest manifest of a file as c2pa's JSON, the labels of it and all its ancestors, and what does not hold."""

    state: State
    label: str
    labels: frozenset[str]
    manifest: Mapping[str, Any]
    failures: tuple[str, ...]

    def assertion(self, label: str) -> Any:
        """The data of the first assertion of a kind; None where there is none."""
        return next((one.get("data") for one in self.manifest.get("assertions", []) if one["label"] == label), None)


@dataclass(frozen=True)
class Made:
    """How a generated image came to be, as its manifest says."""

    source_type: DigitalSourceType
    system: str
    system_version: str
    generated_at: datetime


def sign_file(data: bytes, file_format: ImageFormat, made: Made, inspiration: Mapping[str, Any]) -> tuple[bytes, str]:
    """The file with a signed manifest that says how it was made and what it resembles, and the manifest's label.

    `inspiration` becomes the assertion INSPIRATION_LABEL. What comes out was read again and found to be whole. Raises
    `CannotSign`.
    """
    label = f"urn:c2pa:{uuid4()}"
    created = {
        "action": "c2pa.created",
        "when": made.generated_at.isoformat(),
        "digitalSourceType": str(made.source_type),
        "softwareAgent": {"name": made.system, "version": made.system_version},
    }
    manifest = {
        "label": label,
        "claim_generator_info": [{"name": "Tributary", "version": version("tributary")}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": INSPIRATION_LABEL, "data": dict(inspiration)},
        ],
    }
    signed = BytesIO()
    who = identity()
    try:
        with c2pa.Builder(manifest, _context(os.getpid(), who.root)) as builder:
            signer = _signer(os.getpid(), who, settings.TIME_STAMP_URL)
            builder.sign(signer, MEDIA_TYPES[file_format], BytesIO(data), signed)
    except c2pa.C2paError as error:
        raise CannotSign(f"The file could not be signed: {error}") from error
    return signed.getvalue(), label


def read_credentials(data: bytes, file_format: str) -> Credentials | None:
    """The content credentials of a file, None where it has none; opens no connection.

    Raises `CredentialsUnreadable`, and `CannotSign` where there is no root to trust.
    """
    context = _context(os.getpid(), identity().root)
    try:
        reader = c2pa.Reader.try_create(MEDIA_TYPES[file_format], BytesIO(data), context=context)
        if reader is None:
            return None
        with reader:
            store = json.loads(reader.json())
        label = store["active_manifest"]
        return Credentials(
            state=State(store["validation_state"]),
            label=label,
            labels=frozenset(store["manifests"]),
            manifest=store["manifests"][label],
            failures=tuple(dict.fromkeys(_failure(status) for status in store.get("validation_status", []))),
        )
    except (c2pa.C2paError, ValueError, KeyError) as error:
        raise CredentialsUnreadable(f"The content credentials cannot be read: {error}") from error


def _failure(status: Mapping[str, Any]) -> str:
    return f"{status.get('code')}: {status.get('explanation', '')}"


@cache
def _context(pid: int, root: str) -> c2pa.Context:
    """What signs and reads: no thumbnails, no network, and our root. One made before a fork is dead in the child."""
    trusted = {"trust": {"trust_anchors": root}, "builder": {"thumbnail": {"enabled": False}}}
    return c2pa.Context.from_dict(OFFLINE | trusted)


@cache
def _signer(pid: int, who: Identity, time_stamp_url: str) -> c2pa.Signer:
    algorithm = c2pa.C2paSigningAlg[who.algorithm.upper()]
    return c2pa.Signer.from_callback(who.sign, algorithm, who.chain, time_stamp_url or None)
