"""Uploads that are our own generations, or look like one.

A look-alike may only wait for a reviewer: the generation may be a copy of this very contributor's photograph. Where
dates speak for that, a copy incident is opened by a finding on the generation.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import connection, transaction

from marketplace.core.release import Outcome
from marketplace.core.verdicts import Signal, Verdict
from marketplace.later_findings import add_finding
from marketplace.models import Generation, GenerationHash, Submission, TrainingSetMember
from marketplace.near_hashes import flips_within, near_hashes, stored_hash
from marketplace.output_checks import record_output_check
from marketplace.screening.report import Picture

NAME = SAME_FILE = "own_generation"
TOOL = "Tributary's log of generations"
NEAR_BITS = 6
MOST = 3  # look-alikes that are shown
HASH_AT_ONCE = 256
NEAREST = f"""
    SELECT generation_id, min(distance)
    FROM ({near_hashes("marketplace_generationhash", "hash", "generation_id")}) AS near WHERE distance <= {NEAR_BITS}
    GROUP BY generation_id ORDER BY min(distance), generation_id LIMIT {MOST}
"""  # noqa: S608 -- of constants only


@dataclass(frozen=True)
class Match:
    """A generation that an upload is, byte by byte, or looks like: `likeness` says how, for the reviewer."""

    generation: Generation
    is_same_file: bool
    likeness: str


def hash_generations(at: datetime) -> int:
    """Store the hashes of up to 256 generations that were made before hashes were stored; returns of how many."""
    pending = list(Generation.objects.filter(perceptual_hash__isnull=True).order_by("pk")[:HASH_AT_ONCE])
    for generation in pending:
        with default_storage.open(str(generation.preview)) as preview:
            GenerationHash.objects.get_or_create(
                generation=generation, defaults={"hash": stored_hash(preview.read()), "hashed_at": at}
            )
    return len(pending)


def find_own(sha256: str, picture: Picture | None) -> list[Match]:
    """The generation whose file this is; else those whose picture, as it is or mirrored, differs in at most 6 bits."""
    same = (
        Generation.objects.filter(sha256=sha256).first()
        or Generation.objects.filter(downloads__deliveries__sha256=sha256).first()  # one query would read all of both
    )
    if same is not None:
        return [Match(same, True, "the same bytes")]
    if picture is None:
        return []
    with connection.cursor() as cursor:
        ways = [picture.perceptual_hash, picture.mirrored_hash]
        cursor.execute(NEAREST, {"ways": ways, **flips_within(NEAR_BITS)})
        distances = dict(cursor.fetchall())
    found = Generation.objects.in_bulk(distances)
    return [
        Match(found[pk], False, f"{bits} of 64 bits of the perceptual hash differ") for pk, bits in distances.items()
    ]


def judge(matches: Iterable[Match], submitted_at: datetime) -> list[Signal]:
    """Reject a generation's file and hold a look-alike, unless it was uploaded before the generation was made."""
    return [_judge(match, submitted_at) for match in matches]


def _judge(match: Match, submitted_at: datetime) -> Signal:
    generation = match.generation
    value = f"{match.likeness}: generation {generation.pk}, made {generation.generated_at:%Y-%m-%d %H:%M} UTC"
    found = {"field": "picture", "value": value, "tool": TOOL, "generation": str(generation.pk)}
    if match.is_same_file:
        return Signal(NAME, Verdict.REJECT, SAME_FILE, {**found, "field": "SHA-256 of the file"})
    if submitted_at < generation.generated_at:
        return Signal(NAME, Verdict.ACCEPT, "generation_made_later", found)
    return Signal(NAME, Verdict.HOLD, "resembles_own_generation", found)


def look_alikes_in(signals: Iterable[dict[str, Any]]) -> list[Match]:
    """The look-alikes that stored signals tell of."""
    told = [signal for signal in signals if signal["name"] == NAME and signal["reason"] != SAME_FILE]
    generations = Generation.objects.in_bulk(int(signal["evidence"]["generation"]) for signal in told)
    return [
        Match(generations[int(signal["evidence"]["generation"])], False, signal["evidence"]["value"]) for signal in told
    ]


def open_copy_incidents(submission: Submission, matches: Iterable[Match], at: datetime) -> None:
    """Put before the reviewers each generation that may copy this contributor's photograph, once.

    One that was uploaded before the generation was made blocks the sale. What the contributor only says, that it was
    taken before, or that images of theirs were trained on, does not.
    """
    for match in matches:
        outcome, why = _suspicion(submission, match.generation)
        earlier = set(match.generation.output_checks.values_list("outcome", flat=True))
        if match.is_same_file or outcome is Outcome.CLEAR or earlier - {Outcome.CLEAR}:
            continue  # nothing speaks for it, or reviewers have or had this generation before them
        if not earlier:
            outcome = (
                Outcome.BLOCKED
            )  # what was not compared with its training set yet must not come to be sold by this
        whose = f"Submission {submission.pk} of contributor {submission.contributor_id}"
        record_output_check(match.generation, outcome, f"{whose} looks like it: {match.likeness}. {why}", at)


def _suspicion(submission: Submission, generation: Generation) -> tuple[Outcome, str]:
    if submission.submitted_at < generation.generated_at:
        return (
            Outcome.BLOCKED,
            f"It was uploaded on {submission.submitted_at:%Y-%m-%d}, before the generation was made.",
        )
    if submission.captured_at and submission.captured_at < generation.generated_at:
        return Outcome.REVIEW, f"By its contributor it was taken on {submission.captured_at:%Y-%m-%d}, before that."
    trained_on = TrainingSetMember.objects.filter(
        training_set=generation.training_set_id, asset__contributor=submission.contributor_id
    )
    if trained_on.exists():
        return Outcome.REVIEW, "Images of its contributor are in the training set."
    return Outcome.CLEAR, ""


@transaction.atomic
def hold_look_alike(submission: Submission, match: Match, at: datetime) -> None:
    """Hold an accepted submission that was found to look like a generation after all, by what was compared since."""
    if add_finding(submission, _judge(match, submission.submitted_at), at):
        open_copy_incidents(submission, [match], at)
