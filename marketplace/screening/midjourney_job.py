"""Midjourney's `Job ID`, which ends the description of its pictures."""

import re

from marketplace.core.verdicts import Signal, Verdict
from marketplace.screening.fields import PILLOW, Subject, evidence

JOB_ID = re.compile(r"\bJob ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
DESCRIPTIONS = ("Description", "description", "ImageDescription")


def check(subject: Subject) -> list[Signal]:
    """Reject a file whose description (PNG text, XMP or EXIF) names a Midjourney job."""
    for text in subject.texts_named(*DESCRIPTIONS):
        if job := JOB_ID.search(text.value):
            found = evidence(text.name, job.group(), PILLOW)
            return [Signal("midjourney_job", Verdict.REJECT, "midjourney_job_id", found)]
    return []
