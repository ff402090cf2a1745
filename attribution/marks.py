"""Known marks in generations: looked for before the sale with the check for copies, and again when a mark is new."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import TypeAlias

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from PIL import Image

from attribution.core.marks import VERSION, FoundMark, Grey, find_mark, require_edges
from attribution.models import KnownMark, MarkSearch
from attribution.same_picture import open_preview
from marketplace.core.release import Outcome
from marketplace.files import store
from marketplace.images import decode
from marketplace.models import Generation, OutputCheck
from marketplace.output_checks import record_output_check

logger = logging.getLogger(__name__)

MarkDetector: TypeAlias = Callable[[Grey, Grey], FoundMark | None]
"""What finds a mark (the first) in a picture (the second), both grey."""
DETECTOR: MarkDetector = find_mark
SEARCH_AT_ONCE = 16
MARKS_KEPT = 64


def store_mark(picture: bytes) -> str:
    """Store the picture of a mark, re-encoded, and return its storage name.

    Raises `UnreadableImage`, and ValueError for one without edges enough.
    """
    image = decode(picture).image.convert("L")
    require_edges(np.asarray(image))
    out = BytesIO()
    image.save(out, "PNG")
    return store("marks", out.getvalue(), ".png")


def search_marks(generation: Generation, at: datetime, marks: Sequence[KnownMark] | None = None) -> list[MarkSearch]:
    """Look for marks, these or all, in a generation; unsaved, and found where there is a region.

    Raises OSError for a picture that is away or damaged.
    """
    wanted = KnownMark.objects.filter(is_looked_for=True).order_by("pk") if marks is None else marks
    if not wanted:
        return []
    picture = np.asarray(open_preview(str(generation.preview)).convert("L"))
    return [_search(generation, mark, picture, at) for mark in wanted]


def _search(generation: Generation, mark: KnownMark, picture: Grey, at: datetime) -> MarkSearch:
    search = MarkSearch(generation=generation, known_mark=mark, version=VERSION, searched_at=at)
    if found := DETECTOR(_stored(mark.picture.name), picture):
        search.region, search.clearness = found.region, found.clearness
    return search


@lru_cache(MARKS_KEPT)
def _stored(name: str) -> Grey:
    with default_storage.open(name) as file, Image.open(file) as image:
        return np.asarray(image.convert("L"))


def record_searches(searches: Sequence[MarkSearch], output_check: OutputCheck | None) -> None:
    """Store searches; those that found something belong to the finding."""
    for search in searches:
        search.output_check = output_check if search.region else None
    MarkSearch.objects.bulk_create(searches)


def in_words(searches: Sequence[MarkSearch]) -> str:
    """What was found, a sentence a line, for the reviewer; empty where nothing was."""
    return "\n".join(f"It shows the mark “{search.known_mark}”." for search in searches if search.region)


@transaction.atomic
def check_marks(at: datetime) -> int:
    """Look for marks that are newer than a generation's check in up to 16 generations; returns in how many.

    What is found is held for a reviewer, beside what an earlier check found. Rows are claimed by locks. Generations
    whose picture cannot be read now are passed over, to be tried again.
    """
    marks = list(KnownMark.objects.filter(is_looked_for=True).order_by("pk"))
    claimable = _not_searched().select_for_update(skip_locked=True, no_key=True, of=("self",))
    searched, last_id = 0, 0
    while not searched and (claimed := list(claimable.filter(pk__gt=last_id)[:SEARCH_AT_ONCE])):
        searched, last_id = sum(_search_all(one, marks, at) for one in claimed), claimed[-1].pk
    return searched


def _search_all(generation: Generation, marks: Sequence[KnownMark], at: datetime) -> bool:
    """Look for the marks that this generation was not searched for yet; False where its picture cannot be read."""
    known = set(generation.mark_searches.values_list("known_mark", flat=True))
    try:
        searches = search_marks(generation, at, [mark for mark in marks if mark.pk not in known])
    except OSError as error:
        logger.error("Generation %d is not searched for marks, to be tried again: %s", generation.pk, error)
        return False
    found = in_words(searches)
    record_searches(searches, _add_finding(generation, found, at) if found else None)
    return True


def _not_searched() -> QuerySet[Generation]:
    """Checked generations that were not searched for some mark."""
    searched = MarkSearch.objects.filter(generation=OuterRef(OuterRef("pk")), known_mark=OuterRef("pk"))
    missing = KnownMark.objects.filter(~Exists(searched), is_looked_for=True)
    is_checked = Exists(OutputCheck.objects.filter(generation=OuterRef("pk")))
    return Generation.objects.filter(is_checked, Exists(missing)).order_by("pk")


def _add_finding(generation: Generation, found: str, at: datetime) -> OutputCheck:
    """A finding that says what the newest one before it said, too, unless that was nothing."""
    earlier = generation.output_checks.latest("pk")
    before = "" if earlier.outcome == Outcome.CLEAR else f" Found before: {earlier.evidence}"
    return record_output_check(generation, Outcome.BLOCKED, found + before, at)
