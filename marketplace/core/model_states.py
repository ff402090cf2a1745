"""The states of a generator model, and what a model needs before what it makes can be sold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ModelState(StrEnum):
    """A draft is audited, then put on sale, then retired for good; whoever changes what it makes has a draft again."""

    DRAFT = "draft"
    AUDITED = "audited"
    ON_SALE = "on sale"
    RETIRED = "retired"


MODEL_TRANSITIONS: Mapping[ModelState, frozenset[ModelState]] = {
    ModelState.DRAFT: frozenset({ModelState.AUDITED, ModelState.RETIRED}),
    ModelState.AUDITED: frozenset({ModelState.DRAFT, ModelState.ON_SALE, ModelState.RETIRED}),
    ModelState.ON_SALE: frozenset({ModelState.DRAFT, ModelState.RETIRED}),
    ModelState.RETIRED: frozenset(),
}


class ModelRefused(ValueError):
    """What is asked of a generator model is not allowed as it stands; the message says why and what to do."""


@dataclass(frozen=True)
class Audited:
    """Of which training set the newest replication audit of a model was, and when."""

    training_set_id: int
    audited_at: datetime


@dataclass(frozen=True)
class Candidate:
    """What decides whether a model can be on sale."""

    training_set_id: int | None
    frozen_at: datetime | None
    changed_at: datetime
    audited: Audited | None
    missing: tuple[str, ...]
    """What its card does not say yet, in words."""


def require_transition(now: ModelState, then: ModelState) -> None:
    """Raise `ModelRefused` unless a model in state `now` may become `then`."""
    if then not in MODEL_TRANSITIONS[now]:
        allowed = ", ".join(sorted(MODEL_TRANSITIONS[now])) or "nothing: make a new version"
        raise ModelRefused(f"A model that is {now} cannot become {then}; it may become {allowed}.")


def why_no_current_audit(model: Candidate, at: datetime, days: int) -> str:
    """Why the newest audit does not speak for the model as it is, in words; empty where it does."""
    if model.training_set_id is None or model.frozen_at is None:
        return "It has no frozen training set: freeze one and give it to the model."
    if model.audited is None:
        return "No replication audit was made: run audit_replication."
    if model.audited.training_set_id != model.training_set_id:
        return "Its replication audit is of another training set: audit it again."
    if model.audited.audited_at < max(model.changed_at, model.frozen_at):
        return "It was changed after its replication audit: audit it again."
    if at - model.audited.audited_at > timedelta(days=days):
        return f"Its replication audit is older than {days} days: audit it again."
    return ""


def why_not_on_sale(model: Candidate, at: datetime, days: int) -> str:
    """Why the model cannot be put on sale, in words; empty where it can."""
    if why := why_no_current_audit(model, at, days):
        return why
    if model.missing:
        return f"Its card does not say its {', '.join(model.missing)}: write that first."
    return ""
