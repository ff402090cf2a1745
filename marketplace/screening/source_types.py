"""What a digital source type of the IPTC vocabulary means for a submission.

Vocabulary: https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from marketplace.core.verdicts import Verdict

MEANINGS = {
    "trainedalgorithmicmedia": (Verdict.REJECT, "trained_algorithmic_media"),
    "compositewithtrainedalgorithmicmedia": (Verdict.HOLD, "composite_with_trained_algorithmic_media"),
    "compositesynthetic": (Verdict.HOLD, "composite_synthetic"),
    "algorithmicmedia": (Verdict.HOLD, "algorithmic_media"),
}


def meaning_of(source_type: str) -> tuple[Verdict, str] | None:
    """Return verdict and reason of a source type, written as a URI, a qcode or the bare term; None where harmless."""
    term = source_type.strip().rstrip("/").lower().replace(":", "/").rpartition("/")[2]
    return MEANINGS.get(term)
