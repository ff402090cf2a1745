"""The signature that xAI's Grok leaves in EXIF: a UUID as artist and `Signature: …` as description."""

import re

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import PILLOW, Subject, evidence

SIGNATURE = re.compile(r"Signature: [A-Za-z0-9+/]{40,}={0,2}\s*")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\s*", re.IGNORECASE)


def check(subject: Subject) -> list[Signal]:
    """Reject a file that carries both halves of the signature."""
    signed = [
        text for text in subject.texts_named("ImageDescription", "UserComment") if SIGNATURE.fullmatch(text.value)
    ]
    if not signed or not any(UUID.fullmatch(text.value) for text in subject.texts_named("Artist")):
        return []
    found = evidence(signed[0].name, signed[0].value, PILLOW)
    return [Signal("grok_signature", Verdict.REJECT, "grok_signature", found)]
