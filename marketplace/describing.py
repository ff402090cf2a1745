"""What a file says, and what was found of it, in words: for the public page and for the command line."""

from typing import Any

from marketplace.credentials import INSPIRATION_LABEL, Credentials, State
from marketplace.licences import Section
from marketplace.models import Delivery
from marketplace.screening.fields import PNG_XMP
from marketplace.verifying import Findings, FoundBy, Match

MOST_FIELDS = 60
MOST_CHARACTERS = 300

NOT_FOUND = (
    "We do not know this file.",
    "It is none that we delivered, carries no manifest of ours, and looks like none of them. A file that was cropped, "
    "turned or painted over, or that shows hardly anything, may not be found: this does not show that it came from "
    "elsewhere.",
)
STATES = {
    State.TRUSTED: "intact, and signed under our root",
    State.VALID: "intact, and signed by somebody whom our root does not vouch for",
    State.INVALID: "not as it was signed",
}


def verdict_of(findings: Findings) -> tuple[str, str]:
    """A headline that names what the file was found by, and what that means."""
    if not findings.matches:
        return NOT_FOUND
    match = findings.matches[0]
    if match.found_by is FoundBy.BYTES:
        return (
            "This is a file that we delivered, unchanged.",
            "Found by its SHA-256: every byte is as we handed it out.",
        )
    if match.found_by is FoundBy.MANIFEST:
        return "This file carries our manifest, but it was changed after we delivered it.", _of_manifest(match)
    return (
        "This looks like a file that we delivered.",
        f"Found by its perceptual hash, of which {match.distance} of 64 bits differ: nothing in the file says where it "
        "is from. That is what saving it again, resizing it or taking a screenshot leaves. Looks are a hint and no "
        "proof.",
    )


def _of_manifest(match: Match) -> str:
    found = "Found by the manifest that is in it; its bytes are not those that we handed out."
    if match.looks_alike:
        return f"{found} Its picture still looks the same: {match.distance} of 64 bits of the perceptual hash differ."
    return (
        f"{found} Its picture does not look like ours, of whose perceptual hash {match.distance} of 64 bits differ: "
        "it was edited a lot, or the manifest was moved here from another file."
    )


def delivered(delivery: Delivery) -> list[tuple[str, str]]:
    """What anybody may know of a delivery; who licensed it is on its certificate alone."""
    generation = delivery.download.generation
    model = generation.generator_model
    return [
        ("Delivered at", f"{delivery.delivered_at:%Y-%m-%d %H:%M} UTC"),
        ("Format", delivery.file_format),
        ("Generation", f"{generation.pk}, made at {generation.generated_at:%Y-%m-%d %H:%M} UTC"),
        ("Generator model", f"{model}, by {model.provider}"),
        ("Terms of its licence", model.licence),
        ("SHA-256", delivery.sha256),
        ("Manifest", delivery.manifest_label),
    ]


def describe(findings: Findings) -> list[Section]:
    """What the file says of itself, in headings, labels and words; long texts are cut off."""
    picture = findings.decoded
    return [
        (
            "File",
            [
                ("Format", f"{picture.format}, {picture.width} x {picture.height} pixels"),
                ("SHA-256", findings.sha256),
                ("Perceptual hash", f"{findings.perceptual_hash % 2**64:016x}"),
            ],
        ),
        ("Content credentials (C2PA)", _credentials(findings)),
        ("XMP, IPTC and EXIF", _fields(findings)),
    ]


def _credentials(findings: Findings) -> list[tuple[str, str]]:
    if findings.unreadable:
        return [("Manifest", findings.unreadable)]
    if findings.credentials is None:
        return [("Manifest", "none")]
    found = findings.credentials
    signature = found.manifest.get("signature_info") or {}
    rows = [
        ("Manifest", found.label),
        ("State", STATES[found.state]),
        *(("Does not hold", failure) for failure in found.failures),
        ("Signed by", ", ".join(str(signature[key]) for key in ("issuer", "common_name") if key in signature)),
        ("Signed at", str(signature.get("time", "no time stamp"))),
        *_actions(found),
        *_inspiration(found.assertion(INSPIRATION_LABEL)),
        *(("Earlier manifest", label) for label in sorted(found.labels - {found.label})),
    ]
    return [(label, _short(value)) for label, value in rows[:MOST_FIELDS]]


def _actions(found: Credentials) -> list[tuple[str, str]]:
    rows = []
    for label in ("c2pa.actions.v2", "c2pa.actions"):
        for action in (found.assertion(label) or {}).get("actions", []):
            agent = action.get("softwareAgent", "")
            by = f"{agent.get('name')} {agent.get('version', '')}".strip() if isinstance(agent, dict) else str(agent)
            words = (action.get("digitalSourceType"), by and f"by {by}", action.get("when"))
            rows.append((str(action.get("action")), ", ".join(str(word) for word in words if word)))
    return rows


def _inspiration(assertion: Any) -> list[tuple[str, str]]:
    """What our own assertion says; a stranger may have written anything there."""
    if not isinstance(assertion, dict):
        return []
    listed = assertion.get("inspirations")
    rows = [("Inspiration", str(assertion.get("meaning")))]
    if isinstance(listed, list):
        shares = ", ".join(f"{one.get('id')}: {one.get('share_ppm')} ppm" for one in listed if isinstance(one, dict))
        rows += [("Shares", shares), ("Unattributed", f"{assertion.get('unattributed_ppm')} ppm")]
    return rows


def _fields(findings: Findings) -> list[tuple[str, str]]:
    xmp = [(f"XMP {found.local_name}", found.value) for found in findings.xmp if found.value]
    texts = [(text.name, text.value) for text in findings.texts if text.container != "XMP" and text.key != PNG_XMP]
    return [(_short(label), _short(value)) for label, value in [*xmp, *texts][:MOST_FIELDS]] or [("Fields", "none")]


def _short(text: str) -> str:
    """A text that anybody wrote, without what a terminal would obey."""
    plain = "".join(one if one.isprintable() else "\ufffd" for one in text[:MOST_CHARACTERS])
    return f"{plain}…" if len(text) > MOST_CHARACTERS else plain
