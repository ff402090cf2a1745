"""Contests: the owner of an asset that counts as a copy objects, and a reviewer who has no part in it decides.

A decision changes lists computed from then on. What was computed before stays, and is recomputed as it was.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from attribution.groups import date_of_links, links_now, original_of
from attribution.mail_events import contest_decided
from attribution.models import Contest, ContestDecision, NearDuplicate, Outcome, Proof
from marketplace.models import Asset, User
from marketplace.permissions import is_reviewer
from marketplace.selectors import is_withheld


class CannotContest(ValueError):
    """A link that is not of their asset, or no longer counts, or is contested already; the message says which."""


class CannotDecide(ValueError):
    """A decision by somebody who may not, or of what is decided already; the message says which."""


@transaction.atomic
def contest(link: NearDuplicate, statement: str, contested_by: User, at: datetime) -> Contest:
    """Record the owner's objection to a link. Raises `CannotContest`, or ValueError without a statement."""
    NearDuplicate.objects.select_for_update(no_key=True).get(pk=link.pk)  # whoever presses twice contests once
    if link.asset.contributor.user_id != contested_by.pk:
        raise CannotContest(f"Asset {link.asset_id} is not of {contested_by}: only its owner can contest.")
    if not links_now().filter(pk=link.pk).exists():
        raise CannotContest(f"Asset {link.asset_id} does not count as a copy of asset {link.original_id} any more.")
    if is_withheld(link.asset) or is_withheld(link.original):
        raise CannotContest("One of the pictures is in a removal case: wait until that is decided.")
    if Contest.objects.filter(near_duplicate=link).exists():
        raise CannotContest(f"That asset {link.asset_id} counts as a copy was contested before.")
    if not statement.strip():
        raise ValueError("A contest needs a statement: say why it is no copy.")
    return Contest.objects.create(
        near_duplicate=link, statement=statement.strip(), contested_by=contested_by, contested_at=at
    )


@transaction.atomic
def decide_contest(
    contested: Contest, outcome: Outcome, reason: str, decided_by: User, at: datetime
) -> ContestDecision:
    """Record a reviewer's decision, for good. Raises `CannotDecide`, or ValueError without a reason.

    With `Outcome.FIRST` the original of the group becomes a copy of the contested asset.
    """
    decided_at = date_of_links(at)  # and nobody else decides meanwhile
    if not may_decide(decided_by, contested):
        raise CannotDecide(f"{decided_by} cannot decide this: a reviewer can whose own pictures are not in question.")
    if ContestDecision.objects.filter(contest=contested).exists():
        raise CannotDecide("This contest is decided already.")
    if not reason.strip():
        raise ValueError("A decision needs a reason: say what you saw.")
    decision = ContestDecision.objects.create(
        contest=contested, outcome=outcome, reason=reason.strip(), decided_by=decided_by, decided_at=decided_at
    )
    if outcome == Outcome.FIRST:
        link = contested.near_duplicate
        NearDuplicate.objects.create(
            asset_id=original_of(link.original_id, decided_at),
            original=link.asset,
            proof=Proof.DECISION,
            evidence={"contest_id": contested.pk},
            detected_at=decided_at,
        )
    contest_decided(decision)
    return decision


def may_decide(user: User, contested: Contest) -> bool:
    """Whether they are a reviewer to whom none of the pictures in question belongs."""
    link = contested.near_duplicate
    in_question = {link.asset_id, link.original_id, original_of(link.original_id, contested.contested_at)}
    return is_reviewer(user) and not Asset.objects.filter(pk__in=in_question, contributor__user=user).exists()


def open_contests() -> QuerySet[Contest]:
    """Contests that are not decided yet, the oldest first."""
    return Contest.objects.filter(decision__isnull=True).order_by("pk")
