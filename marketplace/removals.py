"""Removal cases: opened by contributors, third parties and reviewers, decided by a reviewer who has no part in them.

While a case is open, and for good where it ends in a removal, the image is withheld: no training set takes it, no
export hands it out, and others are not shown it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from marketplace.consents import first_time_after_sets
from marketplace.core.removals import (
    Opener,
    RemovalKind,
    RemovalOutcome,
    RemovalRefused,
    removal_deadline,
    why_not_decide,
)
from marketplace.models import Asset, RemovalCase, RemovalDecision, User
from marketplace.permissions import is_reviewer


@dataclass(frozen=True)
class ThirdParty:
    """Who reports an image that is not theirs, by an address that they have proved, and where they saw it."""

    email: str
    seen_at: str


@transaction.atomic
def open_case(
    asset: Asset | None, kind: RemovalKind, statement: str, opened_by: User | ThirdParty, at: datetime
) -> RemovalCase:
    """Open a case; the image is withheld from now on. The same again from the same person is the same open case.

    Raises `RemovalRefused` for an empty statement, and for an image of another contributor unless a reviewer opens it.
    """
    require_statement(statement)
    if asset is not None:
        Asset.objects.select_for_update(no_key=True).get(pk=asset.pk)  # whoever presses twice opens one case
    party = opened_by if isinstance(opened_by, ThirdParty) else None
    user = opened_by if isinstance(opened_by, User) else None
    known = RemovalCase.objects.filter(
        asset=asset, kind=kind, opened_by=user, email__iexact=party.email if party else "", decision__isnull=True
    )
    if asset is not None and (same := known.first()):
        return same
    opened_at = first_time_after_sets(at)
    return RemovalCase.objects.create(
        asset=asset,
        kind=kind,
        opener=_opener(asset, user) if user else Opener.THIRD_PARTY,
        opened_by=user,
        email=party.email if party else "",
        seen_at=party.seen_at if party else "",
        statement=statement.strip(),
        opened_at=opened_at,
        due_at=removal_deadline(opened_at, settings.REMOVAL_DAYS),
    )


def _opener(asset: Asset | None, user: User) -> Opener:
    if asset is None:
        raise RemovalRefused("Nothing was opened: say which image it is about, by its number.")
    if asset.contributor.user_id == user.pk:
        return Opener.CONTRIBUTOR
    if is_reviewer(user):
        return Opener.REVIEWER
    raise RemovalRefused("Nothing was opened: it is not your image. Use the form for reports instead.")


def require_statement(statement: str) -> None:
    """Raise `RemovalRefused` where nothing is said."""
    if not statement.strip():
        raise RemovalRefused("Nothing was opened: say what is wrong with the image.")


@transaction.atomic
def name_image(case: RemovalCase, asset: Asset, named_by: User) -> None:
    """Say which image a third party's report is about, once. Raises `RemovalRefused`."""
    locked = _locked(case)
    if not is_reviewer(named_by):
        raise RemovalRefused("Only reviewers name the image that a report is about.")
    if locked.asset_id is not None:
        raise RemovalRefused(f"It is about image {locked.asset_id} already.")
    first_time_after_sets(locked.opened_at)  # no set is being frozen that would take it
    locked.asset = asset
    locked.save(update_fields=["asset"])


@transaction.atomic
def decide_case(
    case: RemovalCase, outcome: RemovalOutcome, reason: str, decided_by: User, at: datetime
) -> RemovalDecision:
    """Record a reviewer's decision, for good. Raises `RemovalRefused`, also without a reason."""
    locked = _locked(case)
    if why := why_they_cannot_decide(locked, decided_by):
        raise RemovalRefused(why)
    if RemovalDecision.objects.filter(case=locked).exists():
        raise RemovalRefused("This case is decided already.")
    if outcome is RemovalOutcome.REMOVED and locked.asset is None:
        raise RemovalRefused("Say first which image it is about.")
    if not reason.strip():
        raise RemovalRefused("A decision needs a reason: say what you saw.")
    return RemovalDecision.objects.create(
        case=locked, outcome=outcome, reason=reason.strip(), decided_by=decided_by, decided_at=at
    )


def why_they_cannot_decide(case: RemovalCase, user: User) -> str:
    """In words; empty where they may."""
    if not is_reviewer(user):
        return "Only reviewers decide, who buy nothing."
    return why_not_decide(user.pk, case.asset.contributor.user_id if case.asset else None, case.opened_by_id)


def open_cases() -> QuerySet[RemovalCase]:
    """Cases that are not decided yet, those that are due first before others."""
    waiting = RemovalCase.objects.filter(decision__isnull=True).order_by("due_at", "pk")
    return waiting.select_related("asset__submission", "asset__contributor", "opened_by")


def _locked(case: RemovalCase) -> RemovalCase:
    return (
        RemovalCase.objects.select_for_update(no_key=True, of=("self",))
        .select_related("asset__contributor")
        .get(pk=case.pk)
    )
