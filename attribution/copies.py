"""Copy checks: each generation beside the images of its training set that are nearest to it, proved by geometry."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version

from django.db import transaction
from django.db.models import Q, QuerySet

from attribution import marks, people, proof
from attribution.core import geometry
from attribution.core.copies import METHOD, VERSION, Tier, gravest
from attribution.embed import current_encoder
from attribution.faces import FacesUnavailable
from attribution.models import CopyCheck, CopyMatch, EmbeddingFailure, Encoder, Method
from attribution.proof import Nearest, prove, read_stored, shortlist
from attribution.search import generation_vectors
from attribution.selectors import training_sets_not_embedded
from attribution.sscd import sscd_sha256
from marketplace.core.release import Outcome
from marketplace.models import Generation
from marketplace.output_checks import record_output_check

logger = logging.getLogger(__name__)

CHECK_AT_ONCE = 8
OUTCOMES = {
    Tier.UNREADABLE: Outcome.BLOCKED,
    Tier.NEAR_COPY: Outcome.BLOCKED,
    Tier.POSSIBLE_COPY: Outcome.REVIEW,
    Tier.NONE: Outcome.CLEAR,
}


def copy_method() -> Method:
    """The method, thresholds and tools that generations are checked with today."""
    parameters = {
        **asdict(proof.THRESHOLDS),
        "shortlist": proof.SHORTLIST,
        "geometry": geometry.VERSION,
        "sscd": sscd_sha256()[:12],
    }
    return Method.objects.get_or_create(name=METHOD, version=VERSION, parameters=parameters)[0]


@transaction.atomic
def check_copies(at: datetime, of: QuerySet[Generation] | None = None) -> int:
    """Check up to 8 generations, of these or of all, that the method has not checked yet; returns how many.

    Known marks, and people where it must show none, are looked for at once. Generations wait until they and their whole
    training set are embedded. They are claimed by row locks that a killed worker loses. One whose picture the encoder
    cannot read is blocked: nobody knows what it copies.
    """
    encoder, method = current_encoder(at), copy_method()
    failed = EmbeddingFailure.objects.filter(encoder=encoder, generation__isnull=False)
    tried = Q(embeddings__encoder=encoder) | Q(pk__in=failed.values("generation"))
    pending = unchecked(of).filter(tried).exclude(training_set__in=training_sets_not_embedded(encoder))
    claimable = pending.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")
    last_id, checked = 0, 0
    while not checked and (claimed := list(claimable.filter(pk__gt=last_id)[:CHECK_AT_ONCE])):
        checked, last_id = _check_all(claimed, method, encoder, at), claimed[-1].pk
    return checked


def unchecked(of: QuerySet[Generation] | None = None) -> QuerySet[Generation]:
    """Generations, of these or of all, that today's method has not checked yet."""
    return (Generation.objects.all() if of is None else of).exclude(copy_checks__method=copy_method())


def _check_all(generations: list[Generation], method: Method, encoder: Encoder, at: datetime) -> int:
    by_training_set: dict[int, list[Generation]] = defaultdict(list)
    for generation in generations:
        by_training_set[generation.training_set_id].append(generation)
    checked = 0
    for training_set_id, together in sorted(by_training_set.items()):
        ids, queries = generation_vectors([one.pk for one in together], encoder)
        shortlists = dict(zip(ids.tolist(), shortlist(queries, training_set_id, encoder), strict=True))
        for generation in together:
            checked += _check(generation, shortlists.get(generation.pk), method, encoder, at)
    return checked


def _check(
    generation: Generation, nearest: Sequence[Nearest] | None, method: Method, encoder: Encoder, at: datetime
) -> bool:
    """Record the check of one generation; False where a picture or a detector is not there or damaged: tried again."""
    try:
        found = prove(read_stored(str(generation.preview)), nearest) if nearest is not None else []
        searches = marks.search_marks(generation, at) if nearest is not None else []
        people_check = people.look_for_people(generation, found, at) if nearest is not None else None
    except (OSError, FacesUnavailable) as error:
        logger.error("Generation %d is not checked, to be tried again: %s", generation.pk, error)
        return False
    tier = Tier.UNREADABLE if nearest is None else gravest([Tier(match.tier) for match in found])
    shown = f"{marks.in_words(searches)}\n{people.in_words(people_check)}".strip()
    outcome = Outcome.BLOCKED if shown else OUTCOMES[tier]
    output_check = record_output_check(generation, outcome, f"{shown}\n{_in_words(tier, found)}".strip(), at)
    marks.record_searches(searches, output_check)
    if people_check is not None:
        people_check.output_check = output_check
        people_check.save()
    check = CopyCheck.objects.create(
        generation=generation,
        output_check=output_check,
        method=method,
        encoder=encoder,
        tier=tier,
        compared_count=len(nearest or ()),
        tools={"OpenCV": version("opencv-python-headless")},
        checked_at=at,
    )
    for match in found:
        match.copy_check = check
    CopyMatch.objects.bulk_create(found)
    return True


def _in_words(tier: Tier, found: Sequence[CopyMatch]) -> str:
    """The finding in plain words, a sentence a line, for the reviewer."""
    if tier is Tier.UNREADABLE:
        return "Its picture could not be read, so nothing is known of what it copies."
    if not found:
        return "None of the nearest images of the training set has a region in common with it that could be proved."
    return "\n".join(sentence for match in found for sentence in _grounds(match))


def _grounds(match: CopyMatch) -> Iterator[str]:
    image = match.asset_id
    if match.inliers:
        of_generation, of_image = match.generation_area_ppm // 10_000, match.asset_area_ppm // 10_000
        yield (
            f"Image {image}: {match.inliers} points agree; "
            f"{of_generation} % of the generation is {of_image} % of the image."
        )
    if match.is_mirrored:
        yield f"Image {image} is mirrored."
    if match.sscd_similarity is not None:
        yield f"Image {image}: SSCD gives {match.sscd_similarity:.2f}."
