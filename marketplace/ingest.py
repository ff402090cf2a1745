"""One listed file into the marketplace, with one plain sentence where it is refused."""

import stat
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from marketplace.catalogue import Listed
from marketplace.core.verdicts import Verdict
from marketplace.images import MAX_BYTES
from marketplace.models import Contributor, Submission
from marketplace.services import Details, submit_asset


class CannotRead(ValueError):
    """A file whose bytes cannot be had; the message says why."""


class Outcome(StrEnum):
    """What became of one listed file."""

    ACCEPTED = "accepted"
    UNCHANGED = "already there"
    REFUSED = "refused"


@dataclass(frozen=True)
class Ingested:
    """The outcome for one file; `sentence` says why it was refused."""

    outcome: Outcome
    sentence: str = ""


def ingest(item: Listed, at: datetime) -> Ingested:
    """Submit one listed file for its contributor, who is created at the first file."""
    if item.problem:
        return Ingested(Outcome.REFUSED, item.problem)
    try:
        data = read_picture(item.path)
    except CannotRead as error:
        return Ingested(Outcome.REFUSED, str(error))
    contributor, _ = Contributor.objects.get_or_create(
        name=item.contributor, defaults={"country": item.country, "joined_at": at}
    )
    submission, is_new = submit_asset(contributor, data, _details(item), at)
    if submission.verdict != Verdict.ACCEPT:
        return Ingested(Outcome.REFUSED, why_refused(submission))
    return Ingested(Outcome.ACCEPTED if is_new else Outcome.UNCHANGED)


def read_picture(path: Path) -> bytes:
    """The bytes of a regular file that is not too large for a picture. Raises `CannotRead`."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device may never end
            raise CannotRead("not a regular file")
        if found.st_size > MAX_BYTES:
            raise CannotRead(f"larger than {MAX_BYTES // 1_000_000} MB")
        return path.read_bytes()
    except OSError as error:
        raise CannotRead(f"cannot be read: {error.strerror}") from error


def _details(item: Listed) -> Details:
    return Details(
        file_name=item.path.name[:255],
        title=item.title[:300],
        keywords=tuple(word[:100] for word in item.keywords),
        licence=item.licence[:200],
        captured_at=item.captured_at,
        training_consent=item.training_consent,
    )


def why_refused(submission: Submission) -> str:
    """The verdict of a submission and the evidence behind it, in one line."""
    result = submission.screening_results.latest("pk")
    grounds = [
        f"{signal['reason']} ({signal['evidence']['field']}: {' '.join(signal['evidence']['value'].split())})"
        for signal in result.signals
        if signal["verdict"] == result.verdict
    ]
    return f"{result.verdict}: {', '.join(grounds)}"
