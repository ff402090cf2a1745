"""XMP `DigitalSourceType`: how the file itself says that it was made."""

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import DEFUSEDXML, Subject, evidence
from marketplace.screening.source_types import meaning_of

IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
DIGITAL_SOURCE_TYPE = f"{{{IPTC_EXTENSION}}}DigitalSourceType"


def check(subject: Subject) -> list[Signal]:
    """Reject a file that calls itself generated; hold one that is partly so, or whose ingredient is."""
    signals = []
    for found in subject.xmp:
        meaning = meaning_of(found.value) if found.name.lower() == DIGITAL_SOURCE_TYPE.lower() else None
        if meaning:
            verdict, reason = meaning
            if found.nested:
                verdict, reason = Verdict.HOLD, f"ingredient_{reason}"
            signals.append(
                Signal("xmp_source_type", verdict, f"xmp_{reason}", evidence(found.name, found.value, DEFUSEDXML))
            )
    return signals
