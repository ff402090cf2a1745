"""Removal cases: who asks for an image to be removed and why, who decides, and what follows from it."""

from datetime import datetime, timedelta
from enum import StrEnum


class RemovalKind(StrEnum):
    """Why an image should go: it shows somebody who did not agree, it is unlawful, or it is somebody else's work."""

    PRIVACY = "privacy"
    TAKEDOWN = "takedown"
    RIGHTS = "rights dispute"


class Opener(StrEnum):
    """Who opened a case."""

    CONTRIBUTOR = "contributor"
    THIRD_PARTY = "third party"
    REVIEWER = "reviewer"


class RemovalOutcome(StrEnum):
    """What a reviewer decided."""

    REMOVED = "removed"
    KEPT = "kept"


class RemovalRefused(ValueError):
    """What is asked of a removal case is not possible as it stands; the message says why and what to do."""


def removal_deadline(opened_at: datetime, days: int) -> datetime:
    """By when a case should be decided."""
    return opened_at + timedelta(days=days)


def why_not_decide(reviewer_id: int, owner_id: int | None, opened_by_id: int | None) -> str:
    """Why a reviewer may not decide on a case, in words; empty where they may."""
    if reviewer_id == owner_id:
        return "It is about your own image: another reviewer decides."
    if reviewer_id == opened_by_id:
        return "You opened this case: another reviewer decides."
    return ""


def takes_earnings_back(kind: RemovalKind, opener: Opener) -> bool:
    """Whether a removed image gives back what it earned: where its contributor should not have offered it.

    Not where they ask for it themselves, and not for the privacy of somebody whom their own picture shows.
    """
    return kind is not RemovalKind.PRIVACY and opener is not Opener.CONTRIBUTOR


def tells_customers(kind: RemovalKind, opener: Opener) -> bool:
    """Whether customers are told whose licences are of generations that resemble a removed image.

    Always, but where a contributor just takes an image of theirs away: that touches nobody's licence.
    """
    return kind is not RemovalKind.TAKEDOWN or opener is not Opener.CONTRIBUTOR
