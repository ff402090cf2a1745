"""C2PA content credentials: what the signed history of a file says about how it was made.

A confession needs no notary: whether a certificate is trusted or has expired does not weaken a verdict.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from io import BytesIO
from typing import Any

import c2pa

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening import generator_names
from marketplace.screening.fields import Subject, evidence
from marketplace.screening.source_types import meaning_of
from marketplace.screening.xmp_source_type import IPTC_EXTENSION

NAME = "content_credentials"
TOOL = f"c2pa-python {version('c2pa-python')}"
MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIC": "image/heic",
}
# An upload must not make us open a connection: no remote manifest, no OCSP, no did:web of an identity assertion.
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"decode_identity_assertions": False, "allowed_network_hosts": []},
}
REMOTE_ONLY = "Remote:"  # how the library's error begins where the manifest is elsewhere
BROKEN = {
    "claimSignature.mismatch",
    "assertion.hashedURI.mismatch",
    "ingredient.hashedURI.mismatch",
    "ingredient.claimSignature.mismatch",
    "ingredient.manifest.mismatch",
}
EDITED = {"assertion.dataHash.mismatch", "assertion.bmffHash.mismatch", "assertion.boxesHash.mismatch"}


@dataclass(frozen=True)
class Claim:
    """A digital source type or, without one, a creating program that some manifest states.

    `whole` is false where it is about a component only.
    """

    field: str
    source_type: str
    whole: bool


def check(subject: Subject) -> list[Signal]:
    """Reject what is generated, now or up its chain of parents; hold composites, AI components and broken history.

    Content changed after signing is everyday editing: information only. So is a manifest that cannot be read.
    """
    try:
        store = _read(subject)
    except (c2pa.C2paError, ValueError) as error:
        return [_unread(str(error))]
    signals = [signal for claim in _claims(store) if (signal := _judge(claim))]
    return signals + [signal for status in _dicts(store.get("validation_status")) if (signal := _integrity(status))]


def _read(subject: Subject) -> dict[str, Any]:
    """Return the manifest store as c2pa's JSON; empty where the file has none."""
    media_type = MEDIA_TYPES[subject.decoded.format]
    reader = c2pa.Reader.try_create(media_type, BytesIO(subject.data), context=_context(os.getpid()))
    if reader is None:
        return {}
    with reader:
        store: dict[str, Any] = json.loads(reader.json())
    return store


@cache
def _context(pid: int) -> c2pa.Context:
    """Return the reader's settings, made once per process: one made before a fork is dead in the child."""
    return c2pa.Context.from_dict(OFFLINE)


def _unread(error: str) -> Signal:
    if error.startswith(REMOTE_ONLY):
        return Signal(NAME, Verdict.HOLD, "c2pa_remote_manifest", evidence("manifest", error, TOOL))
    return Signal(NAME, Verdict.ACCEPT, "c2pa_not_readable", evidence("manifest", error, TOOL))


def _claims(store: dict[str, Any]) -> Iterator[Claim]:
    """Walk from the active manifest over its ingredients: a parent is the picture itself, all else a component."""
    manifests = store.get("manifests", {})
    waiting = [(store.get("active_manifest"), True)]
    seen = set()
    while waiting:
        label, whole = waiting.pop()
        if label not in manifests or (label, whole) in seen:
            continue
        seen.add((label, whole))
        for field, source_type, placed in _source_types(manifests[label]):
            yield Claim(f"{label} {field}", source_type, whole and not placed)
        for ingredient in _dicts(manifests[label].get("ingredients")):
            is_parent = ingredient.get("relationship") == "parentOf"
            waiting.append((ingredient.get("active_manifest"), whole and is_parent))


def _source_types(manifest: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Yield field, source type and whether it is that of something placed into the picture."""
    for assertion in _dicts(manifest.get("assertions")):
        label, data = str(assertion.get("label")), assertion.get("data")
        if not isinstance(data, dict):
            continue
        for action in _dicts(data.get("actions")) + _dicts(data.get("templates")):
            name = str(action.get("action"))
            yield f"{label} {name}", str(action.get("digitalSourceType", "")), name == "c2pa.placed"
            if name == "c2pa.created" and not action.get("digitalSourceType"):
                yield f"{label} {name} softwareAgent", _agent(action.get("softwareAgent")), False
        for key, value in data.items():
            if _is_source_type_property(key, data.get("@context")):
                yield f"{label} {key}", str(value), False


def _agent(agent: object) -> str:
    """The name of a program, as early and later versions of the specification write it."""
    return str(agent.get("name", "")) if isinstance(agent, dict) else str(agent or "")


def _is_source_type_property(key: str, context: object) -> bool:
    """Metadata assertions are JSON-LD: their context says which namespace a prefix stands for."""
    prefix, _, name = key.partition(":")
    return name == "DigitalSourceType" and isinstance(context, dict) and context.get(prefix) == IPTC_EXTENSION


def _judge(claim: Claim) -> Signal | None:
    meaning = meaning_of(claim.source_type) or generator_names.meaning_of(claim.source_type)
    if meaning is None:
        return None
    verdict, reason = meaning if claim.whole else (Verdict.HOLD, f"component_{meaning[1]}")
    return Signal(NAME, verdict, f"c2pa_{reason}", evidence(claim.field, claim.source_type, TOOL))


def _integrity(status: dict[str, Any]) -> Signal | None:
    code = status.get("code")
    found = evidence(str(status.get("url", "manifest")), f"{code}: {status.get('explanation', '')}", TOOL)
    if code in BROKEN:
        return Signal(NAME, Verdict.HOLD, "c2pa_history_broken", found)
    if code in EDITED:
        return Signal(NAME, Verdict.ACCEPT, "c2pa_edited_after_signing", found)
    return None


def _dicts(values: object) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
