"""What is said of a check for people to customers: that it was required, what looked, what came out, and its limit."""

from typing import Any

from marketplace.core.canonical import instant, instant_in_words
from marketplace.models import Generation

PREFETCHED = ("people_checks", "output_checks__decisions")
"""Of a generation, what its facts are read from."""
NOT_FOUND = "people whose face is not seen, as from behind, or is small, covered or turned away"


def people_facts(generation: Generation) -> dict[str, Any] | None:
    """That a generation must show no people and what its newest check found; None where nobody requires it.

    `decision` is what a reviewer last decided of the generation. What was not looked at yet has `checked_at` null.
    """
    if not generation.must_show_no_people:
        return None
    check = max(generation.people_checks.all(), key=lambda one: one.pk, default=None)
    decisions = [decision for each in generation.output_checks.all() for decision in each.decisions.all()]
    newest = max(decisions, key=lambda one: one.pk, default=None)
    return {
        "requirement": "no people",
        "checked_at": instant(check.checked_at) if check else None,
        "checked_with": check.checked_with if check else None,
        "face_count": len(check.faces) if check else None,
        "may_copy_image_of_people": check.asset_id is not None if check else None,
        "decision": newest.decision if newest else None,
        "not_found": NOT_FOUND,
    }


def people_in_words(facts: dict[str, Any]) -> str:
    """The facts of what was looked at, in sentences."""
    faces = f"faces found: {facts['face_count']}" if facts["face_count"] else "no face was found"
    image = ", and it may be copied from a training image of people" if facts["may_copy_image_of_people"] else ""
    looked = f"{instant_in_words(facts['checked_at'])} by {facts['checked_with']}"
    decided = f"; a reviewer: {facts['decision']}" if facts["decision"] else ""
    return f"Required to show none: {faces}{image}, at {looked}{decided}. Not found are {facts['not_found']}."
