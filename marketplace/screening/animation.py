"""A file with more than one frame or page: which of them is offered is for a reviewer to say."""

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import PILLOW, Subject, evidence


def check(subject: Subject) -> list[Signal]:
    """Hold a file with several frames."""
    frames = subject.decoded.frames
    if frames == 1:
        return []
    found = evidence("frames", f"{frames} frames", PILLOW)
    return [Signal("animation", Verdict.HOLD, "several_frames", found)]
