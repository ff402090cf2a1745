"""What became of the members of training sets: between two versions, and since they were frozen."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from marketplace.core.verdicts import Verdict
from marketplace.models import Asset, TrainingSet
from marketplace.selectors import answers_in_effect, cases_withholding

NOT_TAKEN = "not taken into this version"


@dataclass(frozen=True)
class LeftOut:
    """An image that is not in a set, or not in an export of it, and why, in words."""

    asset_id: int
    reason: str


@dataclass(frozen=True)
class Difference:
    """What a version of a training set has that another has not, and what of that it has not."""

    kept: int
    added: tuple[int, ...]
    removed: tuple[LeftOut, ...]


def training_set_difference(first: TrainingSet, second: TrainingSet) -> Difference:
    """What changed from the first frozen version to the second, by asset id. Raises ValueError for one not frozen."""
    for one in (first, second):
        if one.frozen_at is None:
            raise ValueError(f"Training set {one} is not frozen: what it has may still change.")
    assert second.frozen_at
    of_first, of_second = _members(first), _members(second)
    removed = of_first.exclude(pk__in=of_second.values("pk"))
    return Difference(
        kept=of_first.filter(pk__in=of_second.values("pk")).count(),
        added=tuple(of_second.exclude(pk__in=of_first.values("pk")).order_by("pk").values_list("pk", flat=True)),
        removed=tuple(LeftOut(pk, why or NOT_TAKEN) for pk, why in reasons(removed, second.frozen_at)),
    )


def left_out_now(training_set: TrainingSet, at: datetime) -> list[LeftOut]:
    """Members that a set which is frozen at that time would not take, in the order of their ids."""
    return [LeftOut(pk, why) for pk, why in reasons(_members(training_set), at) if why]


def reasons(assets: QuerySet[Asset], at: datetime) -> Iterator[tuple[int, str]]:
    """Each asset's id and why it may not be trained on at that time, in words; empty where it may. By id."""
    answers = answers_in_effect(at)
    seen = assets.annotate(
        granted=answers.values("granted")[:1],
        since=answers.values("effective_at")[:1],
        case=cases_withholding(at).values("pk")[:1],
    )
    for asset in seen.select_related("submission").order_by("pk").iterator():
        yield asset.pk, _reason(asset)


def _reason(asset: Asset) -> str:
    granted, since, case = asset.granted, asset.since, asset.case  # type: ignore[attr-defined]
    if granted is None:
        return "no training consent yet"
    if not granted:
        return f"training consent withdrawn from {since:%Y-%m-%d %H:%M} UTC"
    if asset.submission.verdict != Verdict.ACCEPT:
        return f"its screening is {asset.submission.verdict}"
    return f"withheld by removal case {case}" if case else ""


def _members(training_set: TrainingSet) -> QuerySet[Asset]:
    return Asset.objects.filter(memberships__training_set=training_set)
